import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
  type Server,
  type ServerResponse,
} from "node:http";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";

/** What somebody asks of an engine. */
export interface EngineCall {
  method: string;
  /** Without the version and the query, e.g. `/services/abc/update`. */
  path: string;
  /** As it was asked for. */
  url: string;
}

/** What the proxy says instead of the engine. */
export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: unknown;
}

/** Where an engine listens, as options of a request. */
export function addressOf(host: string): RequestOptions {
  const { protocol, pathname, hostname, port } = new URL(host);
  return protocol === "unix:" ? { socketPath: pathname } : { host: hostname, port };
}

/** Stands in front of a Docker engine, or the API server of a cluster, counts what is asked, and lets a test have a hand in it. */
export class EngineProxy {
  readonly calls: EngineCall[] = [];
  /** Awaited before a call is passed on; what it returns is said instead of the engine. */
  before: (call: EngineCall) => Promise<Answer | undefined> | Answer | undefined = () => undefined;
  /** What the caller is told of the engine's answer; awaited before it is passed on. */
  after: (call: EngineCall, body: any) => unknown = (_call, body) => body;
  private readonly server: Server;
  private readonly streams = new Set<ServerResponse>();

  private constructor(private readonly engine: RequestOptions) {
    this.server = createServer((request, response) => void this.pass(request, response));
    // As an engine does: a connection that nothing was asked on for a while stays.
    this.server.keepAliveTimeout = 0;
  }

  /** @param engine e.g. `unix:///var/run/docker.sock`, or options of a request to one with TLS */
  static async open(engine: string | RequestOptions): Promise<EngineProxy> {
    const proxy = new EngineProxy(typeof engine === "string" ? addressOf(engine) : engine);
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get host(): string {
    return `tcp://127.0.0.1:${this.port}`;
  }

  /** How often something of that kind was asked. */
  count(method: string, path: RegExp): number {
    return this.calls.filter((call) => call.method === method && path.test(call.path)).length;
  }

  /** Ends answers that go on, as an engine does now and then. */
  endStreams(): void {
    for (const response of this.streams) {
      response.end();
    }
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url!, "http://x").pathname.replace(/^\/v[\d.]+/, "");
    const call: EngineCall = { method: request.method!, path, url: request.url! };
    this.calls.push(call);
    const instead = await this.before(call);
    if (instead) {
      request.resume();
      response.writeHead(instead.status, { "content-type": "application/json", ...instead.headers });
      response.end(JSON.stringify(instead.body));
      return;
    }
    const { method, url } = request;
    const headers = { ...request.headers, ...(this.engine.headers as object) };
    const send = this.engine.protocol === "https:" ? httpsRequest : httpRequest;
    const asked = send({ ...this.engine, method, path: url, headers, agent: false }, (answer) =>
      /\/(logs|events)$/.test(path) || /[?&](watch|follow)=true/.test(url!)
        ? this.stream(answer, response)
        : void this.answer(call, answer, response).catch(() => response.destroy()),
    );
    asked.on("error", () => response.destroy());
    response.on("close", () => asked.destroy());
    request.pipe(asked);
  }

  private async answer(call: EngineCall, answer: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of answer) {
      chunks.push(chunk as Buffer);
    }
    let text = Buffer.concat(chunks).toString();
    if ((answer.headers["content-type"] ?? "").includes("json")) {
      text = JSON.stringify(await this.after(call, JSON.parse(text)));
    } else {
      await this.after(call, text);
    }
    const { "content-length": _length, "transfer-encoding": _coding, ...headers } = answer.headers;
    response.writeHead(answer.statusCode!, headers);
    response.end(text);
  }

  private stream(answer: IncomingMessage, response: ServerResponse): void {
    this.streams.add(response);
    response.on("close", () => this.streams.delete(response));
    response.writeHead(answer.statusCode!, answer.headers);
    response.flushHeaders();
    answer.on("error", () => response.destroy());
    answer.pipe(response);
  }
}
