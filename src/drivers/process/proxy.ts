import {
  type Agent,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { OperationFailure } from "../../errors.js";
import { AnswerParser } from "./answer-parser.js";
import type { Connection, ConnectionPool } from "./connection-pool.js";
import { proxyUpgrade } from "./proxy-upgrade.js";

/** What requests can be sent to. */
export interface Upstream {
  readonly host: string;
  /** Port by port name. */
  readonly ports: ReadonlyMap<string, number>;
  /** For requests without a body, that is nearly all of them. */
  readonly pool: ConnectionPool;
  /** For requests with a body. */
  readonly agent: Agent;
  inFlight: number;
}
/** Says for each request where it goes; `avoid` has the ones that just failed it. */
export type Pick = (avoid: ReadonlySet<Upstream>) => Picked | null;
export interface Picked {
  upstream: Upstream;
  port: number;
}

/** Header fields that concern one connection only. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);
/** Methods that may be sent twice (RFC 9110, 9.2.2), when they have no body. */
const repeatable = new Set(["GET", "HEAD", "OPTIONS", "DELETE", "PUT", "TRACE"]);

/** Listens on one published port and passes every request on to whatever `pick` says at that moment. */
export class PortProxy {
  private readonly server: Server;

  private constructor(
    readonly port: number,
    private readonly pick: Pick,
  ) {
    this.server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 0 }, (request, response) =>
      this.pass(request, response, new Set()),
    );
    this.server.on("upgrade", (request, socket, head) => proxyUpgrade(request, socket, head, this.pick));
    this.server.on("clientError", (_error, socket) => socket.destroy());
  }

  /** Rejects with PORT_TAKEN when somebody else listens there. */
  static async listen(port: number, host: string, pick: Pick): Promise<PortProxy> {
    const proxy = new PortProxy(port, pick);
    await new Promise<void>((resolve, reject) => {
      proxy.server.once("error", (error: NodeJS.ErrnoException) => reject(taken(port, host, error)));
      proxy.server.listen({ port, host }, resolve);
    });
    return proxy;
  }

  /** The port it listens on. */
  get address(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Takes no new connections; the ones in use may end their requests. */
  close(): void {
    this.server.close();
    this.server.closeIdleConnections();
  }

  /** Cuts whatever is left. */
  destroy(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private pass(request: IncomingMessage, response: ServerResponse, avoid: Set<Upstream>): void {
    const picked = this.pick(avoid);
    if (!picked) {
      answer(response, 503, "NOT_READY", "No instance of this service is ready; try again shortly.");
      return;
    }
    hasBody(request)
      ? this.passWithBody(request, response, picked)
      : this.passBare(request, response, avoid, picked);
  }

  /** The common case, on a connection of our own: see `AnswerParser` for why. */
  private passBare(
    request: IncomingMessage,
    response: ServerResponse,
    avoid: Set<Upstream>,
    { upstream, port }: Picked,
  ): void {
    const { pool } = upstream;
    const mayRepeat = repeatable.has(request.method!);
    let connection: Connection | null = pool.take(upstream.host, port, !mayRepeat);
    const { socket } = connection;
    let reusable = false;
    let idleMs: number | undefined;
    upstream.inFlight += 1;
    const settle = () => {
      if (connection) {
        upstream.inFlight -= 1;
        connection.listener = null;
        connection = null;
      }
      response.off("close", hungUp);
      response.off("drain", resume);
    };
    const hungUp = () => {
      settle();
      socket.destroy();
    };
    const resume = () => socket.resume();
    const failed = (error: NodeJS.ErrnoException) => {
      const reused = connection?.reused === true;
      settle();
      socket.destroy();
      if (response.headersSent || response.destroyed) {
        response.destroy();
      } else if (error.code === "ECONNREFUSED") {
        this.pass(request, response, avoid.add(upstream));
      } else if (reused && mayRepeat) {
        // A stale connection is no verdict on the instance, a refused one is.
        this.pass(request, response, avoid);
      } else {
        answer(response, 502, "UPSTREAM_FAILED", "The service closed the connection without an answer.");
      }
    };
    const parser = new AnswerParser(request.method === "HEAD", {
      head: (head) => {
        reusable = head.keepAlive;
        idleMs = head.idleMs;
        response.writeHead(head.status, head.message, endToEnd(head.headers, ownOptions(head.headers)));
      },
      body: (chunk) => {
        if (!response.write(chunk)) {
          socket.pause();
        }
      },
      end: (last, clean) => {
        const used = connection!;
        settle();
        reusable && clean ? pool.giveBack(used, idleMs) : socket.destroy();
        if (socket.isPaused()) {
          socket.resume();
        }
        last ? response.end(last) : response.end();
      },
    });
    connection.listener = {
      take: (chunk) => {
        try {
          parser.take(chunk);
        } catch (error) {
          failed(error as NodeJS.ErrnoException);
        }
      },
      gone: (error) => {
        if (error === null && parser.endsWithConnection) {
          settle();
          socket.destroy();
          response.end();
        } else {
          failed(error ?? Object.assign(new Error("ended early"), { code: "ECONNRESET" }));
        }
      },
    };
    response.on("close", hungUp);
    response.on("drain", resume);
    socket.write(headOf(request), "latin1");
  }

  private passWithBody(request: IncomingMessage, response: ServerResponse, picked: Picked): void {
    const { upstream } = picked;
    let settled = false;
    const settle = () => {
      if (!settled) {
        settled = true;
        upstream.inFlight -= 1;
      }
    };
    upstream.inFlight += 1;
    const outgoing = httpRequest({
      ...addressOf(picked),
      agent: upstream.agent,
      method: request.method,
      path: request.url,
      headers: forwarded(request),
      setHost: false,
    });
    outgoing.on("response", (incoming) => this.answerWith(incoming, request, response));
    outgoing.on("close", settle);
    outgoing.on("error", () => {
      settle();
      request.unpipe(outgoing);
      request.resume();
      if (response.headersSent || response.destroyed) {
        response.destroy();
      } else {
        answer(response, 502, "UPSTREAM_FAILED", "The service closed the connection without an answer.");
      }
    });
    response.on("close", () => {
      if (!response.writableFinished) {
        outgoing.destroy();
      }
    });
    request.pipe(outgoing);
  }

  private answerWith(incoming: IncomingMessage, request: IncomingMessage, response: ServerResponse): void {
    const headers = endToEnd(incoming.rawHeaders, connectionOptions(incoming));
    response.writeHead(incoming.statusCode!, incoming.statusMessage, headers);
    incoming.on("error", () => response.destroy());
    incoming.on("aborted", () => response.destroy());
    incoming.pipe(response);
    // An early answer to a large upload: take the rest of it, so that the connection can go on.
    incoming.once("end", () => request.resume());
  }
}

export function addressOf({ upstream, port }: Picked): RequestOptions {
  return { host: upstream.host, port };
}

/** Header fields of an answer without those of its own connection. */
function endToEnd(raw: string[], own: ReadonlySet<string>): string[] {
  const headers: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    if (!hopByHop.has(name) && !own.has(name)) {
      headers.push(raw[i]!, raw[i + 1]!);
    }
  }
  return headers;
}

function ownOptions(raw: string[]): ReadonlySet<string> {
  let value: string | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    if (raw[i]!.length === 10 && raw[i]!.toLowerCase() === "connection") {
      value = value === undefined ? raw[i + 1]! : `${value}, ${raw[i + 1]}`;
    }
  }
  return optionsOf(value);
}

/** The head of a request without a body: the fields that `forwarded` says, each as it came. */
function headOf(request: IncomingMessage): string {
  const raw = request.rawHeaders;
  const own = ownOptions(raw);
  let head = `${request.method} ${request.url} HTTP/1.1\r\n`;
  let host: string | null = null;
  let before: string | null = null;
  let said = "";
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!.toLowerCase();
    const value = raw[i + 1]!;
    if (hopByHop.has(name) || own.has(name) || (name === "host" && host !== null)) {
      continue;
    }
    if (name === "x-forwarded-for") {
      before = before === null ? value : `${before}, ${value}`;
      continue;
    }
    if (name === "host") {
      host = value;
    } else if (name.startsWith("x-forwarded-")) {
      said += name;
    }
    head += `${raw[i]}: ${value}\r\n`;
  }
  const from = request.socket.remoteAddress ?? "";
  head += `x-forwarded-for: ${before ? `${before}, ${from}` : from}\r\n`;
  head += said.includes("x-forwarded-proto") ? "" : "x-forwarded-proto: http\r\n";
  head += host === null || said.includes("x-forwarded-host") ? "" : `x-forwarded-host: ${host}\r\n`;
  const port = request.socket.localPort ?? "";
  return `${head}${said.includes("x-forwarded-port") ? "" : `x-forwarded-port: ${port}\r\n`}\r\n`;
}

/** The request's header fields without those of its own connection, and with where it came from. */
export function forwarded(request: IncomingMessage): OutgoingHttpHeaders {
  const own = connectionOptions(request);
  const headers: OutgoingHttpHeaders = {};
  for (const name in request.headers) {
    if (!hopByHop.has(name) && !own.has(name)) {
      headers[name] = request.headers[name];
    }
  }
  if (request.headers["transfer-encoding"] !== undefined) {
    headers["transfer-encoding"] = "chunked";
  }
  const from = request.socket.remoteAddress ?? "";
  const before = request.headers["x-forwarded-for"];
  headers["x-forwarded-for"] = before ? `${before}, ${from}` : from;
  headers["x-forwarded-proto"] ??= "http";
  if (request.headers.host !== undefined) {
    headers["x-forwarded-host"] ??= request.headers.host;
  }
  headers["x-forwarded-port"] ??= String(request.socket.localPort ?? "");
  return headers;
}

/** Fields that the sender's Connection header declares to be for the next hop only. */
function connectionOptions({ headers }: IncomingMessage): ReadonlySet<string> {
  return optionsOf(headers.connection);
}

const none: ReadonlySet<string> = new Set();
function optionsOf(value: string | undefined): ReadonlySet<string> {
  return value && value.toLowerCase() !== "keep-alive"
    ? new Set(
        value
          .toLowerCase()
          .trim()
          .split(/\s*,\s*/),
      )
    : none;
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers["content-length"];
  return headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

/** The body of an answer of the proxy itself. */
export function errorBody(code: string, message: string): string {
  return `${JSON.stringify({ code, message })}\n`;
}

function answer(response: ServerResponse, status: number, code: string, message: string): void {
  const body = errorBody(code, message);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function taken(port: number, host: string, error: NodeJS.ErrnoException): OperationFailure {
  const why = error.code === "EADDRINUSE" ? "another process listens there" : error.message;
  return new OperationFailure("PORT_TAKEN", `Port ${port} of ${host} cannot be published: ${why}.`);
}
