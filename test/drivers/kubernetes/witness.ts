import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { EngineTrial } from "../trial.js";

/** What an app said of itself. */
export interface Word {
  what: "begins" | "ends";
  operation: string;
  instance: string;
  /** How often it was seen to be ill. */
  ill: number;
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

  /**
   * For as long as a trial goes on.
   * @param host address of this host that its replicas can reach
   */
  static async open(trial: Pick<EngineTrial, "closing">, host: string): Promise<Witness> {
    const server = createServer(({ url }, response) => {
      const [, what, operation = "", instance = "", ill] = url!.split("/");
      witness.heard.push({
        what: what as Word["what"],
        operation,
        instance,
        ill: Number(ill),
        at: Date.now(),
      });
      response.end();
    });
    const witness = new Witness(server, host);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(0, host, resolve);
    });
    trial.closing(() => {
      server.close();
      server.closeAllConnections();
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
}
