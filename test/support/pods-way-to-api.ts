import { connect } from "node:net";
import type { CoreV1Api } from "@kubernetes/client-node";
import { type Address, Forwarding } from "./forward.js";

/**
 * Lets pods reach the API server at the address that they are told, also where it listens on the loopback interface of
 * this host alone; null when they reach it anyway.
 * @param server URL by which this host reaches it
 */
export async function openApiToPods(core: CoreV1Api, server: string): Promise<Forwarding | null> {
  const { subsets } = await core.readNamespacedEndpoints({ namespace: "default", name: "kubernetes" });
  const host = subsets![0]!.addresses![0]!.ip;
  const port = subsets![0]!.ports![0]!.port;
  if (await accepts({ host, port })) {
    return null;
  }
  const { hostname, port: own } = new URL(server);
  return Forwarding.open({ host, port }, { host: hostname, port: Number(own) });
}

async function accepts(address: Address): Promise<boolean> {
  const socket = connect({ ...address, timeout: 2_000 });
  try {
    return await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("timeout", () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}
