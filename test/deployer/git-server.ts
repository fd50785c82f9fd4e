import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";

export interface GitServerOptions {
  /** PEM of key and certificate: it speaks HTTPS. */
  tls?: { key: string; cert: string };
  /** Address that it listens at; unless given, this host alone gets there. */
  host?: string;
  /** Called at each request, while git waits for the answer. */
  onRequest?: () => void;
}

/** Serves a bare repository as plain files to whoever has the password (git's dumb HTTP protocol). */
export class GitServer {
  readonly requests: { url: string; authorization: string | undefined }[] = [];
  private readonly server: Server;

  private constructor(
    folder: string,
    authorization: string,
    private readonly options: GitServerOptions,
  ) {
    const answer: RequestListener = async (request: IncomingMessage, response) => {
      const path = normalize(new URL(request.url!, "http://x").pathname);
      this.requests.push({ url: request.url!, authorization: request.headers.authorization });
      this.options.onRequest?.();
      if (request.headers.authorization !== authorization) {
        response.writeHead(401, { "www-authenticate": `Basic realm="git"` }).end();
        return;
      }
      const file = await readFile(join(folder, path)).catch(() => null);
      file ? response.end(file) : response.writeHead(404).end();
    };
    this.server = options.tls ? createTlsServer(options.tls, answer) : createServer(answer);
  }

  private get host(): string {
    return this.options.host ?? "127.0.0.1";
  }

  static async open(
    folder: string,
    username: string,
    password: string,
    options: GitServerOptions = {},
  ): Promise<GitServer> {
    const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const server = new GitServer(folder, basic, options);
    await new Promise<void>((resolve) => server.server.listen(0, server.host, resolve));
    return server;
  }

  get url(): string {
    return `${this.options.tls ? "https" : "http"}://${this.host}:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
