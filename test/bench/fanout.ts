import { fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.js";
import { hubRival, type Rival, rawRival, stockRival, updateAvailable } from "./support/fanout-rivals.js";

export interface FanoutRow {
  what: string;
  /** From the first event's publication until the last subscriber has the last one, in ms; best round. */
  milliseconds: number;
  eventsPerSecond: number;
  /** Of the raw broadcast's events per second. */
  ofRaw: number;
  bytesPerEvent: number;
}

const subscribers = 10;
const events = 10_000;
const batch = 500;
const rounds = 3;
const rivals: Record<string, () => Rival> = {
  "raw ws broadcast": rawRival,
  "hub, one execution": hubRival,
  "stock graphql-ws": stockRival,
};

/** 10,000 events to 10 subscribers of one operation, in a process of their own. */
export async function run(): Promise<{ rows: FanoutRow[] }> {
  const best = new Map<string, { milliseconds: number; bytes: number }>();
  for (let round = 0; round < rounds; round++) {
    for (const [what, make] of Object.entries(rivals)) {
      const result = await measure(make());
      if (result.milliseconds < (best.get(what)?.milliseconds ?? Number.POSITIVE_INFINITY)) {
        best.set(what, result);
      }
    }
  }
  const raw = best.get("raw ws broadcast")!.milliseconds;
  const rows = [...best].map(([what, { milliseconds, bytes }]) => ({
    what,
    milliseconds: Math.round(milliseconds),
    eventsPerSecond: Math.round((events * subscribers * 1000) / milliseconds),
    ofRaw: Math.round((raw / milliseconds) * 100) / 100,
    bytesPerEvent: Math.round(bytes),
  }));
  return { rows };
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
  const { rows } = await run();
  console.log(`${events} events to ${subscribers} subscribers of one operation, best of ${rounds}`);
  console.table(rows);
}
