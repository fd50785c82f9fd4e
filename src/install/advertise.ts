import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { StartError } from "../errors.js";
import type { DriverKind } from "../operations/driver.js";

/** What this process can know of where it is. */
export interface Whereabouts {
  interfaces: ReturnType<typeof networkInterfaces>;
  /** Its addresses are then those of a network that others may not be in, or of this one container alone. */
  inside: "CONTAINER" | "POD" | null;
}

/** Bridges and the like have addresses that mean something else, or nothing, on other hosts. */
const ofThisHostAlone = /^(docker|br-|veth|virbr|cni|flannel|cali|lxc|lxd|podman)/;

/**
 * Where containers of an engine, whichever its nodes are, reach this server.
 * @param url where it listens
 * @throws StartError CONFIG_INVALID when that is nowhere
 */
export function advertisedUrl(
  {
    advertiseUrl,
    host,
    installDriver,
  }: { advertiseUrl: string | null; host: string; installDriver: DriverKind },
  url: string,
  { interfaces, inside }: Whereabouts = whereabouts(),
): string {
  if (advertiseUrl !== null) {
    return advertiseUrl;
  }
  const { port } = new URL(url);
  const address = addressOfHost(interfaces);
  if (/^(127\.|::1$|localhost$)/.test(host)) {
    const there = address ? ` (they would come to http://${address}:${port})` : "";
    throw unreachable(
      installDriver,
      `which listens on ${host} alone, where containers do not come: set HOST=0.0.0.0${there}, or REBAKE_ADVERTISE_URL to what passes requests on to it`,
    );
  }
  if (host !== "0.0.0.0" && host !== "::") {
    return url;
  }
  if (inside === "POD") {
    throw unreachable(
      installDriver,
      `which runs in a pod: set REBAKE_ADVERTISE_URL to its Service, e.g. http://<service>.<namespace>.svc:${port}`,
    );
  }
  if (inside === "CONTAINER") {
    throw unreachable(
      installDriver,
      `which runs in a container: set REBAKE_ADVERTISE_URL to where port ${port} is published, e.g. http://<address of the node>:${port}`,
    );
  }
  if (address === null) {
    throw unreachable(installDriver, "and this host has no address of its own: set REBAKE_ADVERTISE_URL");
  }
  return `http://${address}:${port}`;
}

function whereabouts(): Whereabouts {
  const isInPod = Boolean(process.env.KUBERNETES_SERVICE_HOST);
  const inside = isInPod ? "POD" : existsSync("/.dockerenv") ? "CONTAINER" : null;
  return { interfaces: networkInterfaces(), inside };
}

/** The first address of the host that others may know it by; a bridge's, where there is no other. */
function addressOfHost(interfaces: Whereabouts["interfaces"]): string | null {
  const outer = Object.entries(interfaces).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(({ family, internal }) => family === "IPv4" && !internal)
      .map(({ address }) => ({ address, isBridge: ofThisHostAlone.test(name) })),
  );
  return (outer.find(({ isBridge }) => !isBridge) ?? outer[0])?.address ?? null;
}

function unreachable(driver: DriverKind, why: string): StartError {
  const message = `With REBAKE_INSTALL_DRIVER=${driver} the examples' code is fetched from this server, ${why}. REBAKE_INSTALL=none starts without examples.`;
  return new StartError("CONFIG_INVALID", message);
}
