import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Serves the repositories below a folder to services that see no files of this host (git's smart HTTP protocol). */
export class GitHttpServer {
  private readonly server: Server;
  private readonly working = new Set<ChildProcess>();

  private constructor(
    private readonly folder: string,
    private readonly host: string,
  ) {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  /** @param host address of this host that the services can reach */
  static async open(folder: string, host: string): Promise<GitHttpServer> {
    const server = new GitHttpServer(folder, host);
    await new Promise<void>((resolve, reject) => {
      server.server.once("error", reject).listen(0, host, resolve);
    });
    return server;
  }

  /** A repository `<folder>/a` is at `<url>/a`. */
  get url(): string {
    return `http://${this.host}:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const backend of this.working) {
      backend.kill("SIGKILL");
    }
    await new Promise((resolve) => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const backend = spawn("git", ["http-backend"], {
      env: this.environment(request),
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.working.add(backend);
    backend.once("error", () => response.writeHead(500).end());
    backend.once("close", () => this.working.delete(backend));
    backend.stdin.on("error", () => undefined);
    request.pipe(backend.stdin);
    passOn(backend, response);
  }

  private environment({ url, method, headers }: IncomingMessage): NodeJS.ProcessEnv {
    const { pathname, search } = new URL(url!, "http://x");
    return {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: this.folder,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_PROTOCOL: String(headers["git-protocol"] ?? ""),
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: method,
      CONTENT_TYPE: headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: headers["content-encoding"] ?? "",
    };
  }
}

/** What a CGI program prints: header lines, `Status` among them, an empty line, the body. */
function passOn({ stdout }: ChildProcess, response: ServerResponse): void {
  let head: Buffer | null = Buffer.alloc(0);
  stdout!.on("data", (chunk: Buffer) => {
    if (head === null) {
      response.write(chunk);
      return;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end !== -1) {
      writeHead(head.subarray(0, end).toString(), response);
      response.write(head.subarray(end + 4));
      head = null;
    }
  });
  stdout!.once("end", () => response.end());
}

function writeHead(text: string, response: ServerResponse): void {
  for (const line of text.split("\r\n")) {
    const [name, ...value] = line.split(":");
    if (name!.toLowerCase() === "status") {
      response.statusCode = Number.parseInt(value.join(":"), 10);
    } else {
      response.setHeader(name!, value.join(":").trim());
    }
  }
}
