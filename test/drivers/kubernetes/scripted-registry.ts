import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Script = (request: IncomingMessage, response: ServerResponse) => void;

/** What was asked of it. */
export interface Asked {
  /** Method and address, e.g. `HEAD /v2/shop/manifests/1`. */
  line: string;
  accept: string | undefined;
  authorization: string | undefined;
}

/** A registry, or a token server, that answers as a test says. */
export class ScriptedRegistry {
  readonly asked: Asked[] = [];
  private constructor(
    private readonly server: Server,
    /** e.g. `127.0.0.1:41234` */
    readonly address: string,
  ) {}

  static async open(script: Script): Promise<ScriptedRegistry> {
    const server = createServer((request, response) => {
      const { accept, authorization } = request.headers;
      registry.asked.push({ line: `${request.method} ${request.url}`, accept, authorization });
      script(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const registry = new ScriptedRegistry(server, `127.0.0.1:${(server.address() as AddressInfo).port}`);
    return registry;
  }

  get lines(): string[] {
    return this.asked.map(({ line }) => line);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}

/** Answers with a status, headers and a body, the last but for HEAD. */
export const answer =
  (status: number, headers: Record<string, string> = {}, body: string | object = ""): Script =>
  (request, response) => {
    const isText = typeof body === "string";
    const type = isText ? {} : { "content-type": "application/json; charset=utf-8" };
    response.writeHead(status, { ...type, ...headers });
    response.end(request.method === "HEAD" ? undefined : isText ? body : JSON.stringify(body));
  };

/** As CNCF Distribution, Docker Hub and GHCR put it. */
export const error = (status: number, code: string, headers: Record<string, string> = {}) =>
  answer(status, headers, { errors: [{ code, message: "in its own words", detail: null }] });

export const digest = (digit: string) => `sha256:${digit.repeat(64)}`;

export const indexType = "application/vnd.oci.image.index.v1+json";

export const manifest = (of = digest("1")) =>
  answer(200, { "content-type": indexType, "docker-content-digest": of }, "{}");
