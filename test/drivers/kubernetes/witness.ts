import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What an app said of itself. */
export interface Word {
  what: "begins" | "ends";
  operation: string;
  instance: string;
  /** When this host heard it, in milliseconds. */
  at: number;
}

/** Hears of replicas when they begin and end, by one clock. */
export class Witness {
  readonly heard: Word[] = [];
  private constructor(
    private readonly server: Server,
    private readonly host: string,
  ) {}

  /** @param host address of this host that the replicas can reach */
  static async open(host: string): Promise<Witness> {
    const server = createServer(({ url }, response) => {
      const [, what, operation = "", instance = ""] = url!.split("/");
      witness.heard.push({ what: what as Word["what"], operation, instance, at: Date.now() });
      response.end();
    });
    const witness = new Witness(server, host);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(0, host, resolve);
    });
    return witness;
  }

  get url(): string {
    return `http://${this.host}:${(this.server.address() as AddressInfo).port}`;
  }

  /** When replicas of an operation began or ended, the earliest first. */
  times(what: Word["what"], operation: string): number[] {
    return this.heard.filter((one) => one.what === what && one.operation === operation).map(({ at }) => at);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
  }
}
