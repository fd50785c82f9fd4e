import type { Fetcher } from "@graphiql/toolkit";
import { type Client, createClient } from "graphql-ws";
import { createFetcher } from "./fetcher.js";
import { type Example, exampleQuery, fillIn, type Tab, tabs } from "./tabs.js";

/** The page is at the address of the API itself. */
const address = location.origin + location.pathname;
const fatalCloseCode = 4403;

/** What came of presenting a token; a server that cannot say anything now may well accept it later. */
export type Opened = { session: Session } | { refused: string } | { unreachable: string };

/** The API for one token that was accepted. */
export interface Session {
  fetcher: Fetcher;
  /** Whether the server describes its schema; without it there is neither documentation nor completion. */
  introspection: boolean;
  tabs: Tab[];
  close(): void;
}

/**
 * Presents a token to the server.
 * @param onRefused called when the token is no longer accepted later on, with why
 */
export async function openSession(token: string, onRefused: (why: string) => void): Promise<Opened> {
  const post = poster(token, onRefused);
  try {
    const response = await post(address, request("query Introspection { __schema { queryType { name } } }"));
    const { data } = await answerOf<object>(response);
    const example = await answerOf<Example>(await post(address, request(exampleQuery)));
    const sockets = openSockets(token, onRefused);
    const fetcher = createFetcher({ url: address, fetch: post, wsClient: sockets });
    const filled = fillIn(tabs, example.data ?? { service: null });
    return {
      session: { fetcher, introspection: Boolean(data), tabs: filled, close: () => void sockets.dispose() },
    };
  } catch (error) {
    const { message } = error as Error;
    return error instanceof Refused
      ? { refused: message }
      : { unreachable: `The server cannot be asked: ${message}` };
  }
}

class Refused extends Error {}

const refusal =
  "The server does not accept this token: it is unknown, revoked or expired. Enter another one.";

function poster(token: string, onRefused: (why: string) => void): typeof fetch {
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set("authorization", `Bearer ${token}`);
    const response = await fetch(input, { ...init, headers });
    if (response.status === 401) {
      onRefused(refusal);
    }
    return response;
  };
}

function request(query: string): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query }),
  };
}

/**
 * @throws Refused
 * @throws Error when the server takes no requests now
 */
async function answerOf<T>(response: Response): Promise<{ data?: T | null }> {
  if (response.status === 401) {
    throw new Refused(refusal);
  }
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.errors?.[0]?.message ?? response.statusText);
  }
  return body;
}

function openSockets(token: string, onRefused: (why: string) => void): Client {
  return createClient({
    url: address.replace(/^http/, "ws"),
    connectionParams: { Authorization: `Bearer ${token}` },
    shouldRetry: (event) => (event as CloseEvent).code !== fatalCloseCode,
    on: {
      closed: (event) => {
        const { code, reason } = event as CloseEvent;
        if (code === fatalCloseCode) {
          onRefused(reason);
        }
      },
    },
  });
}
