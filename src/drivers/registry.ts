import type { Config } from "../config.js";
import type { Drivers } from "../domain/drivers.js";
import type { Log } from "../log.js";
import type { Storage } from "../storage/open-storage.js";
import { createProcessDriver } from "./process/index.js";

/** Every driver of this version. */
export function createDrivers(config: Config, { home }: Storage, log: Log): Drivers {
  const processes = createProcessDriver({
    home: home.folder,
    host: config.serviceHost,
    servicePorts: { from: config.servicePorts.first, to: config.servicePorts.last },
    cacheMaxBytes: config.cacheMaxBytes,
    cacheMaxAgeSeconds: config.cacheMaxAgeDays * 86_400,
    log: log.child({ part: "process" }),
  });
  return new Map([[processes.kind, processes]]);
}
