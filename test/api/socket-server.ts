import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { GraphQLError, parse, validate } from "graphql";
import { Subscriptions } from "../../src/api/subscriptions.js";
import { GraphqlWebSocket } from "../../src/api/websocket.js";
import type { Caller, WebSocketLimits } from "../../src/api/websocket-options.js";
import { RequestError } from "../../src/errors.js";
import type { ReadEvents } from "../../src/events/event-log.js";
import type { LoggedEvent } from "../../src/events/event-map.js";
import { Hub } from "../../src/events/hub.js";
import { testSchema } from "./test-schema.js";

export interface Context {
  actor: string | null;
  scope: string;
  signal: AbortSignal | null;
  server: SocketServer;
}

export interface SocketServerOptions {
  read: ReadEvents;
  limits?: Partial<WebSocketLimits>;
  hubLimits?: { bufferedBytes?: number; queuedEvents?: number };
  checkCursor?: (after: bigint) => Promise<void>;
  origins?: string[];
}

/** A server with a tiny schema and two tokens, `alice` and `bob`; counts what it executes. */
export class SocketServer {
  /** Events whose payload was executed; filled by the schema. */
  readonly executed: LoggedEvent[] = [];
  readonly errors: unknown[] = [];
  readonly tokens = new Map<string, Caller<string, string>>([
    ["alice", { actor: "Alice", scope: "all", expiresAt: null }],
    ["bob", { actor: "Bob", scope: "all", expiresAt: null }],
    ["carol", { actor: "Carol", scope: "some", expiresAt: null }],
  ]);
  /** System calls with which something was sent. */
  writes = 0;
  /** Contexts made for batches of events. */
  batches = 0;
  readonly hub: Hub;
  readonly sockets: GraphqlWebSocket<string, string>;
  private readonly http = createServer();

  private constructor(options: SocketServerOptions) {
    const { formatError } = this;
    const onError = (error: unknown) => void this.errors.push(error);
    this.hub = new Hub({ read: options.read, onError, limits: options.hubLimits ?? {} });
    const subscriptions = new Subscriptions<string>({
      schema: testSchema,
      hub: this.hub,
      formatError,
      scopeKey: (scope) => scope,
      eventContext: (scope) => this.eventContext(scope),
      checkCursor: options.checkCursor ?? (async () => {}),
    });
    this.sockets = new GraphqlWebSocket<string, string>({
      schema: testSchema,
      subscriptions,
      authenticate: async (token) => this.tokens.get(token) ?? null,
      prepare: ({ query }) => prepare(query),
      operationContext: ({ actor, scope }, signal): Context => ({ actor, scope, signal, server: this }),
      formatError,
      onError,
      origins: options.origins ?? [],
      limits: options.limits ?? {},
    });
    this.sockets.attach(this.http);
    this.http.on("connection", (socket) => this.countWrites(socket));
  }

  static async start(options: SocketServerOptions): Promise<SocketServer> {
    const server = new SocketServer(options);
    await new Promise<void>((resolve) => server.http.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/graphql`;
  }

  async stop(): Promise<void> {
    await this.sockets.close();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private countWrites(socket: Socket): void {
    const { _write, _writev } = socket;
    socket._write = (...args) => {
      this.writes++;
      _write.apply(socket, args);
    };
    socket._writev = (...args) => {
      this.writes++;
      _writev!.apply(socket, args);
    };
  }

  private eventContext(scope: string): Context {
    this.batches++;
    return { actor: null, scope, signal: null, server: this };
  }

  private readonly formatError = (error: GraphQLError) =>
    error.originalError instanceof RequestError
      ? { message: error.message, extensions: { code: error.originalError.code } }
      : error.originalError
        ? { message: "Internal error", extensions: { code: "INTERNAL" } }
        : { message: error.message };
}

function prepare(query: string) {
  try {
    const document = parse(query, { maxTokens: 100 });
    const errors = validate(testSchema, document);
    return errors.length > 0 ? { errors } : { document };
  } catch (error) {
    return { errors: [error as GraphQLError] };
  }
}
