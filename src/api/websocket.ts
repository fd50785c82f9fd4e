import type { Server as HttpServer, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Server as ProtocolServer } from "graphql-ws";
import { handleProtocols } from "graphql-ws";
import { type WebSocket, WebSocketServer } from "ws";
import { Connection } from "./connection.js";
import { makeProtocol } from "./protocol.js";
import { CorkedSocket } from "./socket.js";
import {
  type Caller,
  defaultWebSocketLimits,
  type WebSocketLimits,
  type WebSocketOptions,
} from "./websocket-options.js";

/** GraphQL over WebSocket (graphql-transport-ws) on the port and path of an HTTP server. */
export class GraphqlWebSocket<Actor, Scope> {
  private readonly limits: WebSocketLimits;
  private readonly server: WebSocketServer;
  private readonly protocol: ProtocolServer<Connection<Actor, Scope>>;
  private readonly connections = new Set<Connection<Actor, Scope>>();
  private readonly byToken = new Map<string, Set<Connection<Actor, Scope>>>();
  private readonly timers: NodeJS.Timeout[] = [];
  private stopping = false;

  constructor(private readonly options: WebSocketOptions<Actor, Scope>) {
    this.limits = { ...defaultWebSocketLimits, ...options.limits };
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: this.limits.messageBytes,
      perMessageDeflate: false,
      handleProtocols,
      // A type is missing for it: how long `ws` waits for the peer's goodbye before it cuts the connection.
      ...{ closeTimeout: this.limits.closeTimeout },
    });
    this.protocol = makeProtocol({ ...options, limits: this.limits, admit: this.admit });
  }

  /** How many sockets are open. */
  get size(): number {
    return this.connections.size;
  }

  /** Bytes that peers have not taken yet, of all sockets. */
  bufferedBytes(): number {
    let sum = 0;
    for (const { socket } of this.connections) {
      sum += socket.bufferedBytes();
    }
    return sum;
  }

  /** Takes the upgrade requests of an HTTP server; any other path is answered with 404. */
  attach(http: HttpServer): void {
    http.on("upgrade", this.upgrade);
    const { pingInterval, stallTimeout, tokenInterval } = this.limits;
    const tick = Math.max(10, Math.min(1_000, pingInterval / 4, stallTimeout / 4));
    this.timers.push(
      setInterval(() => this.checkSockets(), tick),
      setInterval(() => void this.checkTokens(), tokenInterval),
    );
  }

  /** Looks which tokens still hold and closes the sockets of the others with 4403. */
  async checkTokens(): Promise<void> {
    for (const [token, connections] of [...this.byToken]) {
      try {
        const caller = await this.options.authenticate(token);
        for (const connection of [...connections]) {
          this.renew(connection, caller);
        }
      } catch (error) {
        this.options.onError(error);
      }
    }
  }

  /** Closes all sockets with 1001 once they have taken what is buffered, within `closeTimeout`. */
  async close(): Promise<void> {
    this.stopping = true;
    this.timers.splice(0).forEach(clearInterval);
    const closed = [...this.connections].map((connection) => {
      connection.close(1001, "The server is stopping");
      return new Promise<void>((resolve) => connection.socket.ws.once("close", () => resolve()));
    });
    const cut = setTimeout(() => this.cut(), this.limits.closeTimeout);
    await Promise.all(closed);
    clearTimeout(cut);
  }

  private cut(): void {
    for (const { socket } of this.connections) {
      socket.ws.terminate();
    }
  }

  private readonly upgrade = (request: IncomingMessage, raw: Duplex, head: Buffer): void => {
    const refusal = this.refusal(request);
    if (refusal) {
      raw.on("error", this.options.onError);
      raw.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.server.handleUpgrade(request, raw, head, (ws) => this.opened(ws, raw as Socket));
  };

  private refusal(request: IncomingMessage): string | null {
    const path = (request.url ?? "").split("?", 1)[0];
    if (path !== (this.options.path ?? "/graphql")) {
      return "404 Not Found";
    }
    if (this.stopping || this.connections.size >= this.limits.sockets) {
      return "503 Service Unavailable";
    }
    return this.originAllowed(request) ? null : "403 Forbidden";
  }

  private originAllowed({ headers }: IncomingMessage): boolean {
    const { origin, host } = headers;
    if (origin === undefined || this.options.origins.includes("*") || this.options.origins.includes(origin)) {
      return true;
    }
    return URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
  }

  private opened(ws: WebSocket, raw: Socket): void {
    const { bufferedBytes } = this.limits;
    const socket = new CorkedSocket(ws, raw, { highWater: bufferedBytes, lowWater: bufferedBytes / 8 });
    const connection = new Connection<Actor, Scope>(socket, this.protocol, this.options.onError);
    this.connections.add(connection);
    ws.once("close", () => this.forget(connection));
  }

  private forget(connection: Connection<Actor, Scope>): void {
    this.connections.delete(connection);
    const token = connection.token?.text;
    const others = token === undefined ? undefined : this.byToken.get(token);
    others?.delete(connection);
    if (token !== undefined && others?.size === 0) {
      this.byToken.delete(token);
    }
  }

  private readonly admit = (
    connection: Connection<Actor, Scope>,
    token: string,
    caller: Caller<Actor, Scope>,
  ): string | null => {
    const others = this.byToken.get(token) ?? new Set();
    if (others.size >= this.limits.socketsPerToken) {
      return `A token may have ${this.limits.socketsPerToken} sockets`;
    }
    if (this.connections.has(connection)) {
      connection.token = { text: token, caller };
      this.byToken.set(token, others.add(connection));
    }
    return null;
  };

  private renew(connection: Connection<Actor, Scope>, caller: Caller<Actor, Scope> | null): void {
    const { token } = connection;
    const { subscriptions } = this.options;
    if (caller === null) {
      connection.close(4403, "The token has expired or was revoked");
    } else if (token && subscriptions.scopeKey(caller.scope) !== subscriptions.scopeKey(token.caller.scope)) {
      // What it has subscribed to was allowed under the old scope: it has to ask anew.
      connection.close(4403, "What the token may see has changed");
    } else {
      connection.token = token && { ...token, caller };
    }
  }

  private checkSockets(): void {
    const now = Date.now();
    for (const connection of this.connections) {
      connection.check(now, this.limits);
    }
  }
}
