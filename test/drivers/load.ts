import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

/** Steady requests, over kept connections and over new ones, that counts every one that fails. */
export class Load {
  private readonly keepAlive = new Agent({ keepAlive: true, maxSockets: 4 });
  private running = false;
  private clients: Promise<void>[] = [];
  private readonly result = { count: 0, failures: [] as string[] };

  constructor(
    private readonly url: string,
    private readonly paths = ["/", "/about", "/echo"],
  ) {}

  begin(): void {
    this.running = true;
    this.clients = [this.keepAlive, this.keepAlive, this.keepAlive, false, false].map((agent) =>
      this.client(agent as Agent | false),
    );
  }

  async end(): Promise<{ count: number; failures: string[] }> {
    this.running = false;
    await Promise.all(this.clients);
    this.keepAlive.destroy();
    return this.result;
  }

  private async client(agent: Agent | false): Promise<void> {
    for (let turn = 0; this.running; turn++) {
      const path = this.paths[turn % this.paths.length]!;
      await this.ask(path, agent).catch((error: Error) =>
        this.result.failures.push(`${path}: ${error.message}`),
      );
      this.result.count += 1;
      await wait(2);
    }
  }

  private ask(path: string, agent: Agent | false): Promise<void> {
    return new Promise((resolve, reject) => {
      const method = path === "/echo" ? "POST" : "GET";
      const outgoing = request(this.url + path, { agent, method }, (response) => {
        response.on("error", reject).on("end", () => {
          response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`));
        });
        response.resume();
      });
      outgoing.on("error", reject);
      outgoing.end(method === "POST" ? "body" : undefined);
    });
  }
}
