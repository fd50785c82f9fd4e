import { fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.js";
import { hubRival, type Rival, rawRival, stockRival, updateAvailable } from "./support/fanout-rivals.js";
import { publish, summarise } from "./support/table.js";

const subscribers = 10;
const events = 10_000;
const batch = 500;
const rounds = 3;
const rivals: Record<string, () => Rival> = {
  raw: rawRival,
  hub: hubRival,
  stock: stockRival,
};

/** 10,000 events to 10 subscribers of one operation, in a process of their own; ms until the last has the last. */
async function run(): Promise<void> {
  const times = Object.fromEntries(Object.keys(rivals).map((what) => [what, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [what, make] of Object.entries(rivals)) {
      times[what]!.push((await measure(make())).milliseconds);
    }
  }
  const hub = summarise(times.hub!);
  const what = `${events} events to ${subscribers} subscribers of one operation`;
  await publish("fan-out", "rival", [
    { what: `${what}, against a raw ws broadcast`, unit: "ms", rebake: hub, rival: summarise(times.raw!) },
    { what: `${what}, against stock graphql-ws`, unit: "ms", rebake: hub, rival: summarise(times.stock!) },
  ]);
}

export async function measure(rival: Rival): Promise<{ milliseconds: number; bytes: number }> {
  rival.http.listen(0, "127.0.0.1");
  await once(rival.http, "listening");
  const { port } = rival.http.address() as AddressInfo;
  const script = fileURLToPath(new URL("./support/fanout-subscribers.js", import.meta.url));
  const child = fork(script, [`ws://127.0.0.1:${port}/graphql`, `${subscribers}`, `${events}`]);
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
