import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Tells replicas that know only their names which number they are: 1, 2, 3… in the order in which they first ask. */
export class Numbering {
  private readonly server: Server;
  /** Names that have asked, by list. */
  private readonly lists = new Map<string, string[]>();

  private constructor(private readonly host: string) {
    this.server = createServer(({ url }, response) => {
      const [, list = "", name = ""] = url!.split("/");
      const number = this.numberOf(list, name);
      response.writeHead(number === null ? 404 : 200).end(`${number ?? "no such list"}`);
    });
  }

  /** @param host address of this host that the replicas can reach */
  static async open(host: string): Promise<Numbering> {
    const numbering = new Numbering(host);
    await new Promise<void>((resolve, reject) => {
      numbering.server.once("error", reject).listen(0, host, resolve);
    });
    return numbering;
  }

  /** URL of a list that begins at 1: the number of `a` is at `<url>/a`, and stays the same. */
  newList(): string {
    const list = randomUUID();
    this.lists.set(list, []);
    return `http://${this.host}:${(this.server.address() as AddressInfo).port}/${list}`;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
  }

  private numberOf(list: string, name: string): number | null {
    const names = this.lists.get(list);
    if (names === undefined || name === "") {
      return null;
    }
    if (!names.includes(name)) {
      names.push(name);
    }
    return names.indexOf(name) + 1;
  }
}
