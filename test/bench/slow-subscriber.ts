import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { percentile } from "../../demo/stats.js";
import { eventually } from "../support/eventually.js";
import { hubRival, operation, updateAvailable } from "./support/fanout-rivals.js";
import { publish, summarise } from "./support/table.js";

const subscribers = 50;
const events = 1_600;
const perSecond = 200;
/** What the slow one does not read, in bytes: far more than the system's buffers and ours together. */
const padding = "x".repeat(16 * 1024);
/** Milliseconds after which one that takes nothing is closed; 30 s where nobody says otherwise. */
const stallTimeout = 3_000;

interface Result {
  p50: number;
  p99: number;
  /** How much the process has grown, MB. */
  grown: number;
  closed: string | null;
}

/** A steady stream to 50 subscribers, with and without another one that stops reading. */
async function run(): Promise<void> {
  // Each in a process of its own: what one leaves behind would hide how much the other grows.
  const without = await inProcess("without");
  const withOne = await inProcess("with");
  const row = (what: string, unit: "ms" | "MB", pick: (result: Result) => number) => ({
    what,
    unit,
    rebake: summarise([pick(withOne)]),
    rival: summarise([pick(without)]),
  });
  await publish("slow subscriber", "without it", [
    row("others have an event after, p50", "ms", ({ p50 }) => p50),
    row("others have an event after, p99", "ms", ({ p99 }) => p99),
    row("the server's process has grown by", "MB", ({ grown }) => grown),
  ]);
  console.log(`the slow one was closed with: ${withOne.closed}`);
}

async function inProcess(which: "with" | "without"): Promise<Result> {
  const child = fork(fileURLToPath(import.meta.url), [which]);
  const [result] = (await once(child, "message")) as [Result];
  await once(child, "exit");
  return result;
}

async function measure(slow: boolean): Promise<Result> {
  const rival = hubRival({ stallTimeout });
  rival.http.listen(0, "127.0.0.1");
  await once(rival.http, "listening");
  const url = `ws://127.0.0.1:${(rival.http.address() as AddressInfo).port}/graphql`;
  const readers = await start(url, subscribers, []);
  const lazy = slow ? await start(url, 1, ["paused"]) : null;
  let closed: string | null = null;
  lazy?.on("message", (message) => {
    const { closed: code, reason } = message as { closed: number; reason: string };
    closed = `${code} ${reason}`;
  });
  await eventually(() => rival.subscribers() === subscribers + (slow ? 1 : 0), { deadline: 10_000 });
  const before = process.memoryUsage().rss;
  let peak = before;
  const sent = new Map<string, number>();
  const began = performance.now();
  for (let n = 1; n <= events; n++) {
    const event = updateAvailable(BigInt(n));
    sent.set(`${n}`, performance.timeOrigin + performance.now());
    rival.publish([{ ...event, payload: { ...event.payload, service: padding } } as typeof event]);
    peak = Math.max(peak, process.memoryUsage.rss());
    const next = began + (n * 1_000) / perSecond;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
  const received = await collect(readers);
  if (lazy) {
    // It hears of its end once it reads again.
    lazy.kill("SIGUSR2");
    await eventually(() => closed !== null, { deadline: 15_000, what: "the slow one is closed" });
    lazy.kill();
    await once(lazy, "exit");
  }
  await rival.close();
  rival.http.close();
  const latencies = received
    .flatMap(([cursor, times]) => times.map((time) => time - sent.get(cursor)!))
    .sort((one, other) => one - other);
  return {
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    grown: (peak - before) / 1024 / 1024,
    closed,
  };
}

async function start(url: string, count: number, more: string[]): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("./support/latency-subscribers.js", import.meta.url));
  const child = fork(script, [url, "bench", `${count}`, operation(0), ...more]);
  await once(child, "message");
  return child;
}

async function collect(child: ChildProcess): Promise<[string, number[]][]> {
  for (;;) {
    child.send("report");
    const [{ received }] = (await once(child, "message")) as [{ received: [string, number[]][] }];
    if (received.at(-1)?.[0] === `${events}` && received.at(-1)![1].length === subscribers) {
      child.kill();
      await once(child, "exit");
      return received;
    }
  }
}

const [, , which] = process.argv;
if (which) {
  process.send!(await measure(which === "with"));
  process.disconnect();
} else {
  await run();
}
