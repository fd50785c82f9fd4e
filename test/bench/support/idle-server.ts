import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { hubRival, type Rival, rawRival, stockRival } from "./fanout-rivals.js";

/** Child process: `<rival>`; tells its address, and on each message how much memory it has left after a collection. */
const rivals: Record<string, () => Rival> = { raw: rawRival, hub: hubRival, stock: stockRival };
const rival = rivals[process.argv[2]!]!();
rival.http.listen(0, "127.0.0.1");
await once(rival.http, "listening");
process.send!({ port: (rival.http.address() as AddressInfo).port });
process.on("message", async () => {
  for (let round = 0; round < 5; round++) {
    globalThis.gc!();
    await wait(100);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send!({ subscribers: rival.subscribers(), rss, heap: heapUsed + external });
});
