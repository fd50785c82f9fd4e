import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

/** Steady requests, over kept connections and over new ones, that counts every one that fails. */
export class Load {
  private readonly keepAlive = new Agent({ keepAlive: true, maxSockets: 4 });
  private running = false;
  private clients: Promise<void>[] = [];
  private readonly result = { count: 0, failures: [] as string[] };
  private begun = 0;
  private readonly failedAt: number[] = [];

  constructor(
    private readonly url: string,
    private readonly paths = ["/", "/about", "/echo"],
    /** Whether to send again what was sent on a kept connection just when that was closed, unanswered. */
    private readonly resends = false,
  ) {}

  begin(): void {
    this.begun = Date.now();
    this.running = true;
    this.clients = [this.keepAlive, this.keepAlive, this.keepAlive, false, false].map((agent) =>
      this.client(agent as Agent | false),
    );
  }

  /** @throws Error that sums up what failed and when, in seconds from the beginning */
  async endUnfailed(): Promise<number> {
    const { count, failures } = await this.end();
    if (failures.length > 0) {
      const [first, last] = [this.failedAt[0]!, this.failedAt.at(-1)!].map((ms) => (ms / 1000).toFixed(2));
      const kinds = [...new Set(failures)].map(
        (kind) => `${failures.filter((failure) => failure === kind).length} times ${kind}`,
      );
      throw new Error(
        `${failures.length} of ${count} requests failed, from ${first} s to ${last} s: ${kinds.join(", ")}`,
      );
    }
    return count;
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
      await this.ask(path, agent).catch((error: Error) => {
        this.result.failures.push(`${path}: ${error.message}`);
        this.failedAt.push(Date.now() - this.begun);
      });
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
      outgoing.on("error", (error: NodeJS.ErrnoException) => {
        const isResent = this.resends && outgoing.reusedSocket && error.code === "ECONNRESET";
        isResent ? resolve(this.ask(path, agent)) : reject(error);
      });
      outgoing.end(method === "POST" ? "body" : undefined);
    });
  }
}
