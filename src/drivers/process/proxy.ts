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
import { proxyUpgrade } from "./proxy-upgrade.js";

/** What requests can be sent to. */
export interface Upstream {
  readonly host: string;
  /** Port by port name. */
  readonly ports: ReadonlyMap<string, number>;
  readonly agent: Agent;
  inFlight: number;
}
/** Says for each request where it goes; `avoid` has the ones that just failed it. */
export type Pick = (avoid: ReadonlySet<Upstream>) => { upstream: Upstream; port: number } | null;

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
    const { upstream } = picked;
    const mayRepeat = repeatable.has(request.method!) && !hasBody(request);
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
      // What cannot be sent twice never goes out on a connection that the app may just be closing.
      agent: mayRepeat ? upstream.agent : false,
      method: request.method,
      path: request.url,
      headers: forwarded(request),
      setHost: false,
    });
    outgoing.on("response", (incoming) => this.answerWith(incoming, request, response));
    outgoing.on("close", settle);
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      settle();
      request.unpipe(outgoing);
      request.resume();
      if (response.headersSent || response.destroyed) {
        response.destroy();
      } else if (error.code === "ECONNREFUSED" ? !hasBody(request) : mayRepeat && outgoing.reusedSocket) {
        // A stale connection is no verdict on the instance, a refused one is.
        this.pass(request, response, error.code === "ECONNREFUSED" ? avoid.add(upstream) : avoid);
      } else {
        answer(response, 502, "UPSTREAM_FAILED", "The service closed the connection without an answer.");
      }
    });
    response.on("close", () => {
      if (!response.writableFinished) {
        outgoing.destroy();
      }
    });
    if (hasBody(request)) {
      request.pipe(outgoing);
    } else {
      outgoing.end();
    }
  }

  private answerWith(incoming: IncomingMessage, request: IncomingMessage, response: ServerResponse): void {
    const { rawHeaders } = incoming;
    const own = connectionOptions(incoming);
    const headers: string[] = [];
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!.toLowerCase();
      if (!hopByHop.has(name) && !own.has(name)) {
        headers.push(rawHeaders[i]!, rawHeaders[i + 1]!);
      }
    }
    response.writeHead(incoming.statusCode!, incoming.statusMessage, headers);
    incoming.on("error", () => response.destroy());
    incoming.on("aborted", () => response.destroy());
    incoming.pipe(response);
    // An early answer to a large upload: take the rest of it, so that the connection can go on.
    incoming.once("end", () => request.resume());
  }
}

export function addressOf({ upstream, port }: { upstream: Upstream; port: number }): RequestOptions {
  return { host: upstream.host, port };
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
function connectionOptions({ headers }: IncomingMessage): Set<string> {
  const value = headers.connection;
  return new Set(value && value !== "keep-alive" ? value.toLowerCase().split(/\s*,\s*/) : []);
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
