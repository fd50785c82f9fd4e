import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface Address {
  host: string;
  /** 0: one that is free. */
  port: number;
}

/** Hands connections on to another address. */
export class Forwarding {
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((near) => this.handOn(near));

  private constructor(private readonly to: Address) {}

  static async open(from: Address, to: Address): Promise<Forwarding> {
    const forwarding = new Forwarding(to);
    forwarding.server.listen(from.port, from.host);
    await once(forwarding.server, "listening");
    return forwarding;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = once(this.server, "close");
    this.server.close();
    for (const socket of this.sockets) {
      socket.destroy();
    }
    await closed;
  }

  /** Whichever side breaks first, the other is ended by it. */
  private handOn(near: Socket): void {
    const far = connect(this.to);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(one);
      one.on("error", () => {});
      one.once("close", () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  }
}
