import type { DocumentNode, GraphQLError, GraphQLSchema } from "graphql";
import type { FormatError, Subscriptions } from "./subscriptions.js";

/** Whom a token stands for. */
export interface Caller<Actor, Scope> {
  actor: Actor;
  scope: Scope;
  /** When its sockets are closed; null means never. */
  expiresAt: Date | null;
}

export interface WebSocketLimits {
  /** Sockets of all callers together. */
  sockets: number;
  socketsPerToken: number;
  /** Queries and mutations on their way count as well. */
  operationsPerSocket: number;
  /** Bytes of one message from a client. */
  messageBytes: number;
  /** Bytes in a socket's buffer from which on nothing more is read from it. */
  bufferedBytes: number;
  /** Milliseconds until `connection_init` must have come. */
  initTimeout: number;
  /** Milliseconds between pings; a socket that has not answered the last one is dead. */
  pingInterval: number;
  /** Milliseconds without any progress after which a slow socket is closed with its cursor. */
  stallTimeout: number;
  /** Milliseconds between looks whether a token was revoked. */
  tokenInterval: number;
  /** Milliseconds a closing socket gets to take what is buffered and say goodbye. */
  closeTimeout: number;
}

export const defaultWebSocketLimits: WebSocketLimits = {
  sockets: 10_000,
  socketsPerToken: 1_000,
  operationsPerSocket: 100,
  messageBytes: 64 * 1024,
  bufferedBytes: 1024 * 1024,
  initTimeout: 10_000,
  pingInterval: 12_000,
  stallTimeout: 30_000,
  tokenInterval: 3_000,
  closeTimeout: 5_000,
};

export interface RequestSource {
  query: string;
  operationName: string | null;
  variables: Record<string, unknown>;
}
export type Prepared = { document: DocumentNode } | { errors: readonly GraphQLError[] };

export interface WebSocketOptions<Actor, Scope> {
  schema: GraphQLSchema;
  subscriptions: Subscriptions<Scope>;
  /** Null when the token is unknown, revoked or expired. */
  authenticate: (token: string) => Promise<Caller<Actor, Scope> | null>;
  /** Parses, validates and applies the limits that hold over HTTP, too; should remember by text. */
  prepare: (source: RequestSource) => Prepared | Promise<Prepared>;
  /** A new context for an operation; `signal` is aborted when it has ended or its caller has gone. */
  operationContext: (caller: Caller<Actor, Scope>, signal: AbortSignal) => unknown;
  formatError: FormatError;
  onError: (error: unknown) => void;
  /** Origins besides the server's own that pages may connect from, e.g. `https://example.org`; `*` is any. */
  origins: readonly string[];
  /** Where sockets are accepted; `/graphql` unless told. */
  path?: string;
  limits?: Partial<WebSocketLimits>;
}
