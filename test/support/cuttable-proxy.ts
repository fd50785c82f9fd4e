import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * A network between a client and a server that a test can cut, as a lost connection is: without a goodbye; or freeze, as
 * when packets get lost: without a word.
 */
export class CuttableProxy {
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private isFrozen = false;
  /** Port of the server behind it, or path of its socket; another one once that has moved. */
  target: number | string = 0;
  url = "";
  /** How many have tried to connect while it was cut. */
  refused = 0;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<CuttableProxy> {
    const server = createServer((socket) => proxy.accept(socket));
    const proxy = new CuttableProxy(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return proxy;
  }

  /** Breaks all connections, and every new one until `mend`. */
  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) {
      // Sockets that are files know no reset.
      socket.remoteAddress === undefined ? socket.destroy() : socket.resetAndDestroy();
    }
  }

  /** Hands nothing on any more, in either direction, until `mend`. */
  freeze(): void {
    this.isFrozen = true;
    for (const socket of this.sockets) {
      socket.pause();
    }
  }

  mend(): void {
    this.isCut = false;
    this.isFrozen = false;
    for (const socket of this.sockets) {
      socket.resume();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(client: Socket): void {
    if (this.isCut) {
      this.refused += 1;
      client.resetAndDestroy();
      return;
    }
    const { target } = this;
    const server = typeof target === "string" ? connect(target) : connect(target, "127.0.0.1");
    const pair = [client, server] as const;
    for (const socket of pair) {
      this.sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.sockets.delete(socket);
        for (const each of pair) {
          each.destroy();
        }
      });
    }
    client.pipe(server).pipe(client);
    if (this.isFrozen) {
      client.pause();
      server.pause();
    }
  }
}
