import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** Passes on what is said to a Docker engine and counts it. */
export class CountingProxy {
  /** Requests by what they are, e.g. `GET /services/{id}`. */
  readonly requests = new Map<string, number>();

  private constructor(
    readonly host: string,
    private readonly end: () => Promise<void>,
  ) {}

  /** @param socketPath the engine's socket */
  static async open(socketPath: string): Promise<CountingProxy> {
    const server = createServer((incoming, response) => {
      const name = `${incoming.method} ${pathOf(incoming.url!)}`;
      proxy.requests.set(name, (proxy.requests.get(name) ?? 0) + 1);
      const { method, url: path, headers } = incoming;
      const outgoing = request({ socketPath, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
        answer.on("error", () => response.destroy());
      });
      outgoing.on("error", () => response.destroy());
      response.on("close", () => outgoing.destroy());
      incoming.pipe(outgoing);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new CountingProxy(`tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return proxy;
  }

  get total(): number {
    return [...this.requests.values()].reduce((sum, count) => sum + count, 0);
  }

  /** What was counted until now; begins anew. */
  take(): { total: number; requests: Record<string, number> } {
    const taken = { total: this.total, requests: Object.fromEntries(this.requests) };
    this.requests.clear();
    return taken;
  }

  close(): Promise<void> {
    return this.end();
  }
}

/** Without version, ids and query. */
function pathOf(url: string): string {
  return new URL(url, "http://x").pathname
    .replace(/^\/v[\d.]+/, "")
    .replace(/\/[a-z0-9]{25}(?=\/|$)|\/[0-9a-f]{64}(?=\/|$)/g, "/{id}")
    .replace(/^\/services\/(?!create)[^/]+/, "/services/{id}");
}
