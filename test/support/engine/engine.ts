import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Desired, EngineService, type View } from "./engine-service.js";

/** A call that changed something, or tried to. */
export interface Change {
  /** Of the engine's clock, in ms since it was started. */
  at: number;
  method: "PUT" | "DELETE";
  service: string;
  /** Process id of the server that called. */
  caller: number;
  operationId: string;
  fence: number;
  commit: string | null;
  status: number;
}

/**
 * An orchestrator for tests that outlives the servers which use it: it accepts an update before it is done, rolls
 * replicas itself, start first, changes nothing unless the caller names the version it has seen, and remembers who
 * changed what and how many replicas were ready all along.
 */
export class Engine {
  readonly changes: Change[] = [];
  readonly services = new Map<string, EngineService>();
  /** Settles when a caller (a process id) may have its answer to a look at one service: a slow network to it. */
  delay: (caller: number) => Promise<unknown> | null = () => null;
  private readonly began = performance.now();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      this.handle(request, response).catch((error) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async start(): Promise<Engine> {
    const engine = new Engine();
    engine.server.listen(0, "127.0.0.1");
    await once(engine.server, "listening");
    return engine;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Of the only service whose name ends so. */
  service(suffix: string): EngineService | undefined {
    return [...this.services].find(([name]) => name.endsWith(suffix))?.[1];
  }

  async close(): Promise<void> {
    for (const service of this.services.values()) {
      service.close();
    }
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url!, "http://engine");
    const name = decodeURIComponent(pathname.slice(1));
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (request.method === "GET") {
      if (name !== "") {
        await this.delay(Number(request.headers["x-caller"]));
      }
      const found: View | View[] | undefined =
        name === "" ? [...this.services.values()].map((one) => one.view()) : this.services.get(name)?.view();
      return answer(found ? 200 : 404, found ?? {});
    }
    const desired = JSON.parse(await textOf(request)) as Desired;
    const version = Number(searchParams.get("version"));
    const status = this.change(request.method as Change["method"], name, desired, version);
    this.changes.push({
      at: performance.now() - this.began,
      method: request.method as Change["method"],
      service: name,
      caller: Number(request.headers["x-caller"]),
      operationId: desired.stamp.operationId,
      fence: desired.stamp.fence,
      commit: desired.commit,
      status,
    });
    answer(status, this.services.get(name)?.view() ?? {});
  }

  private change(method: Change["method"], name: string, desired: Desired, version: number): number {
    const found = this.services.get(name);
    if ((found?.version ?? 0) !== version) {
      return 409;
    }
    if (method === "DELETE") {
      found?.end(() => this.services.delete(name));
    } else if (found) {
      found.update(desired);
    } else {
      this.services.set(name, new EngineService(name, desired));
    }
    return 202;
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
  }
  return text;
}
