import type { Config } from "./config.js";
import type { Drivers } from "./domain/drivers.js";
import { createProcessDriver } from "./drivers/process/index.js";
import type { Log } from "./log.js";
import { serve } from "./server.js";
import type { Storage } from "./storage/open-storage.js";

function createDrivers(config: Config, { home }: Storage, log: Log): Drivers {
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

await serve({ createDrivers });
