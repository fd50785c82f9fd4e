import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface SmallServer {
  server: Server;
  url: string;
  port: number;
  /** Cuts everything. */
  close(): Promise<void>;
}

/** An HTTP server on a port of its own, or on the given one. */
export async function smallServer(listener: RequestListener, port = 0): Promise<SmallServer> {
  const server = createServer(listener);
  await once(server.listen(port, "127.0.0.1"), "listening");
  const address = server.address() as AddressInfo;
  const close = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { server, url: `http://127.0.0.1:${address.port}`, port: address.port, close };
}

/** Answers like the shop. */
export function shopAnswer(generation: string): RequestListener {
  return (_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ operation: generation, instance: "1", commit: null, greeting: "hi" }));
  };
}
