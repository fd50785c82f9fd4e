import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hostAddress } from "./machine.js";

/** A server that tells each app that asks what to do, by how many have asked before. */
export async function tells(
  scene: { closing(close: () => unknown): void },
  modes: (turn: number) => string,
): Promise<string> {
  let turn = 0;
  const server = createServer((_, response) => response.end(modes(++turn)));
  await new Promise<void>((resolve) => server.listen(0, hostAddress, resolve));
  scene.closing(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://${hostAddress}:${(server.address() as AddressInfo).port}/`;
}
