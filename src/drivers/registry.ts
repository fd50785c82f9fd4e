import type { Config } from "../config.js";
import type { KubernetesConnection, SwarmConnection } from "../domain/connection.js";
import type { Drivers } from "../domain/drivers.js";
import type { Log } from "../log.js";
import type { Driver } from "../operations/driver.js";
import { StoredConnections } from "../storage/connections.js";
import type { Storage } from "../storage/open-storage.js";
import { createKubernetesDriver } from "./kubernetes/index.js";
import { createProcessDriver } from "./process/index.js";
import { createSwarmDriver } from "./swarm/index.js";

/** Every driver of this version. */
export function createDrivers(config: Config, storage: Storage, log: Log): Drivers {
  const { home, installation, transactions, secretBox } = storage;
  const processes = createProcessDriver({
    home: home.folder,
    host: config.serviceHost,
    servicePorts: { from: config.servicePorts.first, to: config.servicePorts.last },
    cacheMaxBytes: config.cacheMaxBytes,
    cacheMaxAgeSeconds: config.cacheMaxAgeDays * 86_400,
    log: log.child({ part: "process" }),
  });
  const swarms = createSwarmDriver({
    installation: installation.id,
    connections: new StoredConnections<SwarmConnection>("SWARM", transactions.dataSource, secretBox),
    log: log.child({ part: "swarm" }),
  });
  const clusters = createKubernetesDriver({
    installation: installation.id,
    connections: new StoredConnections<KubernetesConnection>(
      "KUBERNETES",
      transactions.dataSource,
      secretBox,
    ),
    log: log.child({ part: "kubernetes" }),
  });
  const all: Driver[] = [processes, swarms, clusters];
  return new Map(all.map((driver) => [driver.kind, driver]));
}
