import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";

/** Serves a bare repository as plain files to whoever has the password (git's dumb HTTP protocol). */
export class GitServer {
  readonly requests: { url: string; authorization: string | undefined }[] = [];
  private readonly server: Server;

  private constructor(folder: string, authorization: string) {
    this.server = createServer(async (request: IncomingMessage, response) => {
      const path = normalize(new URL(request.url!, "http://x").pathname);
      this.requests.push({ url: request.url!, authorization: request.headers.authorization });
      if (request.headers.authorization !== authorization) {
        response.writeHead(401, { "www-authenticate": `Basic realm="git"` }).end();
        return;
      }
      const file = await readFile(join(folder, path)).catch(() => null);
      file ? response.end(file) : response.writeHead(404).end();
    });
  }

  static async open(folder: string, username: string, password: string): Promise<GitServer> {
    const basic = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
    const server = new GitServer(folder, basic);
    await new Promise<void>((resolve) => server.server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
