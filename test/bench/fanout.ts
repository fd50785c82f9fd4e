import { fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.js";
import { hubRival, type Rival, rawRival, stockRival, updateAvailable } from "./support/fanout-rivals.js";
import { atMost, type Measurement, publish, type Summary, summarise } from "./support/table.js";

/** Frames that are delivered in one round, whatever the number of subscribers. */
const deliveries = 60_000;
const rounds = 3;
const rivals: Record<string, () => Rival> = { raw: rawRival, hub: hubRival, stock: stockRival };

export interface Load {
  subscribers: number;
  /** Distinct operations that they ask for. */
  variants: number;
  events: number;
  /** Events that are published at once; the next ones come in the next turn of the event loop. */
  batch: number;
}

/** One event after the other to many subscribers in a process of their own; ms until the last has the last. */
async function run(): Promise<void> {
  const rows: Measurement[] = [];
  for (const subscribers of [10, 100, 1_000]) {
    for (const variants of subscribers >= 100 ? [1, 20] : [1]) {
      rows.push(...(await compare({ subscribers, variants, events: deliveries / subscribers, batch: 1 })));
    }
  }
  rows.push(...(await compare({ subscribers: 10, variants: 1, events: deliveries / 10, batch: 500 })));
  await publish("fan-out", "rival", rows);
}

async function compare(load: Load): Promise<Measurement[]> {
  const times = Object.fromEntries(Object.keys(rivals).map((what) => [what, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [what, make] of Object.entries(rivals)) {
      times[what]!.push((await measure(make(), load)).milliseconds);
    }
  }
  const { events, subscribers, variants, batch } = load;
  const operations = variants === 1 ? "one operation" : `${variants} operations`;
  const pace = batch === 1 ? "one at a time" : `${batch} at a time`;
  const what = `${events} events, ${pace}, to ${subscribers} subscribers of ${operations}`;
  const [hub, raw, stock] = [times.hub!, times.raw!, times.stock!].map(summarise) as [
    Summary,
    Summary,
    Summary,
  ];
  // As fast as 0.9 of what the sockets alone do, or 0.5 where each event is executed 20 times; 4 times the usual.
  const againstRaw = atMost(variants === 1 ? 1 / 0.9 : 1 / 0.5, hub, raw);
  return [
    { what: `${what}, against raw ws`, unit: "ms", rebake: hub, rival: raw, ...againstRaw },
    {
      what: `${what}, against stock graphql-ws`,
      ...{ unit: "ms", rebake: hub, rival: stock, ...atMost(1 / 4, hub, stock) },
    },
  ];
}

export async function measure(rival: Rival, load: Load): Promise<{ milliseconds: number; bytes: number }> {
  const { subscribers, variants, events, batch } = load;
  rival.http.listen(0, "127.0.0.1");
  await once(rival.http, "listening");
  const { port } = rival.http.address() as AddressInfo;
  const script = fileURLToPath(new URL("./support/fanout-subscribers.js", import.meta.url));
  const child = fork(script, [
    `ws://127.0.0.1:${port}/graphql`,
    ...[subscribers, events, variants].map(String),
  ]);
  await once(child, "message");
  await eventually(() => rival.subscribers() === subscribers, { deadline: 10_000 });
  const all = Array.from({ length: events }, (_, i) => updateAvailable(BigInt(i + 1)));
  const start = performance.now();
  const done = once(child, "message");
  for (let i = 0; i < events; i += batch) {
    rival.publish(all.slice(i, i + batch));
    await nextTurn();
  }
  const [{ bytes }] = await done;
  const milliseconds = performance.now() - start;
  child.kill();
  await once(child, "exit");
  await rival.close();
  rival.http.close();
  return { milliseconds, bytes };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run();
}
