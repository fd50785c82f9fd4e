import { setTimeout as wait } from "node:timers/promises";
import { createDrivers } from "../../../src/drivers/registry.js";
import { serve } from "../../../src/server.js";

/** Child process: the whole server; on each message tells how much memory it has left after a collection. */
process.on("message", async () => {
  for (let round = 0; round < 5; round++) {
    globalThis.gc!();
    await wait(100);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send!({ rss, heap: heapUsed + external });
});
await serve({ createDrivers });
