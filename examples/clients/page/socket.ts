import { type Client, createClient } from "graphql-ws";
import { type Address, endpoints, type Status } from "./connection.js";

const pongWithin = 5_000;

/**
 * A graphql-ws client that comes back by itself: whatever is subscribed is subscribed again with the variables
 * as they are by then, which is why whoever subscribes keeps `after` in them up to date.
 */
export function openSocket({ url, token }: Address, onStatus: (status: Status) => void): Client {
  let overdue: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: endpoints(url).webSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    lazy: false,
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: (retries) => pause(Math.min(200 * 2 ** retries, 5_000) * (0.5 + Math.random() / 2)),
    // A refusal ends the client (see `closed`); everything else is worth another try.
    shouldRetry: () => true,
    onNonLazyError: () => {},
    keepAlive: 10_000,
    on: {
      connected: () => onStatus({ state: "live" }),
      closed: (event) => {
        clearTimeout(overdue);
        onStatus(statusOf(event));
      },
      ping: (received) => {
        // A network that went away silently is noticed by the answer that does not come.
        overdue = received ? overdue : setTimeout(() => client.terminate(), pongWithin);
      },
      pong: (received) => {
        if (received) {
          clearTimeout(overdue);
        }
      },
    },
  });
  return client;
}

/** 4403: the token is not, or no longer, good, which trying again would not help. */
function statusOf(event: unknown): Status {
  const { code, reason } = event as CloseEvent;
  if (code !== 4403) {
    return { state: "reconnecting" };
  }
  const refusal = reason === "Forbidden" ? "Rebake does not accept this token" : reason;
  return { state: "refused", reason: `${refusal}.` };
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
