import type { Drivers } from "../../src/domain/drivers.js";
import { createDrivers } from "../../src/drivers/registry.js";
import { serve } from "../../src/server.js";
import { EngineDriver } from "../support/engine/engine-driver.js";
import { Points } from "./points.js";
import { watchedDriver, watchedJournal, watchTransactions } from "./watched.js";

/** The whole server, which can be made to die at any point of its work: see `Points`. */
const points = new Points(process.env.TEST_FAULTS!);
await serve({
  openJournal: watchedJournal(points),
  createDrivers: (config, storage, log): Drivers => {
    watchTransactions(storage.transactions.dataSource, points);
    const drivers = new Map(createDrivers(config, storage, log));
    const url = process.env.TEST_ENGINE_URL;
    if (url) {
      const engine = new EngineDriver(url, storage.installation.id);
      drivers.set(engine.kind, engine);
    }
    return new Map([...drivers].map(([kind, driver]) => [kind, watchedDriver(driver, points)]));
  },
});
