import type { OperationViewFragment, ProblemFragment, UpdateViewFragment } from "../sdk/rebake.js";

/** Where Rebake is and who asks. */
export interface Address {
  /** Of the server, e.g. `http://127.0.0.1:4000`. */
  url: string;
  token: string;
}

/** `refused` is final: nothing is tried again until somebody gives another address. */
export type Status = { state: "connecting" | "live" | "reconnecting" } | { state: "refused"; reason: string };

/** What rebuildService answered: an operation to follow, or what to put right. */
export type Asked =
  | { operation: OperationViewFragment; problems: readonly [] }
  | { operation: null; problems: readonly ProblemFragment[] };

/** What the page needs of a client library; each example gives its own. */
export interface Connection {
  /** Shows all standing Updates as soon as they are known, and again at every change, for ever. */
  followUpdates(show: (updates: readonly UpdateViewFragment[]) => void): void;

  /** @throws Error that says why it could not be asked */
  rebuild(service: string): Promise<Asked>;

  /** Shows an operation at each of its steps, from the first one on; settles after the verdict. */
  followOperation(operation: string, show: (operation: OperationViewFragment) => void): Promise<void>;

  /** Ends everything; nothing is shown any more. */
  close(): void;
}

/** Opens a connection and says how it does, as often as that changes. */
export type Connect = (address: Address, onStatus: (status: Status) => void) => Connection;

/** Where the API of a server is, for each of its two protocols. */
export function endpoints(url: string): { http: string; webSocket: string } {
  const http = new URL("/graphql", url).href;
  return { http, webSocket: http.replace(/^http/, "ws") };
}

/** A key that makes asking for a rebuild twice the same as asking once. */
export function newIdempotencyKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
