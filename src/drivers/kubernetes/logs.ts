import { setTimeout as wait } from "node:timers/promises";
import type { ServiceLogLine } from "../../operations/driver.js";
import { isReport } from "../engine/task-reports.js";
import type { Pod } from "./api-types.js";
import type { Cluster, Query } from "./cluster.js";
import { type ContainerLine, containerLines } from "./log-lines.js";
import { objectPath } from "./paths.js";
import { numbersOf } from "./pods.js";

/** How many reports of its deployer a pod may have among its last lines. */
const mostReports = 20;
/** How many lines wait for a slow reader before what is read waits, too. */
const mostWaiting = 1_000;
/** Before a container is read on after its stream broke, longer each time, in milliseconds. */
const shortestPause = 500;
const longestPause = 10_000;

/** A service whose lines are read. */
export interface LogSource {
  cluster: Cluster;
  namespace: string;
  /** Its pods now. */
  pods(): Pod[];
  /** Resolves when something of it was heard, or the signal aborts. */
  heard(signal: AbortSignal): Promise<void>;
}

interface StampedLine extends ServiceLogLine {
  stamp: string;
}

/** The last lines of all pods of a service, oldest first. */
export async function tailOf(
  source: LogSource,
  tail: number,
  signal: AbortSignal,
): Promise<ServiceLogLine[]> {
  return (await tailFrom(source, tail, signal, new Map())).map(shown);
}

/** @param newest learns how far each container was read */
async function tailFrom(
  source: LogSource,
  tail: number,
  signal: AbortSignal,
  newest: Map<string, string>,
): Promise<StampedLine[]> {
  const pods = source.pods();
  const numbers = numbersOf(pods);
  const found = await Promise.all(
    pods.map(async (pod) => {
      const lines: StampedLine[] = [];
      for await (const line of linesOf(source, pod, { tailLines: tail + mostReports }, signal)) {
        newest.set(keyOf(pod), line.stamp);
        lines.push(asLine(line, numbers.get(pod.metadata.uid)!));
      }
      return lines;
    }),
  );
  const all = found.flat().filter(({ line }) => !isReport(line));
  return all.sort((a, b) => (a.stamp < b.stamp ? -1 : 1)).slice(all.length - Math.min(tail, all.length));
}

/** The last lines, then new ones, from before the service is there until the signal aborts. */
export async function* followLogs(
  source: LogSource,
  tail: number,
  signal: AbortSignal,
): AsyncGenerator<ServiceLogLine> {
  const newest = new Map<string, string>();
  for (const line of await tailFrom(source, tail, signal, newest)) {
    yield shown(line);
  }
  const queue = new Queue();
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const reading = readAll(source, newest, queue, both).finally(() => queue.end());
  try {
    yield* queue.lines(both);
  } finally {
    stop.abort();
    queue.end();
    await reading;
  }
}

/** Each container is read from where it was, as soon as it has begun, until it ends. */
async function readAll(
  source: LogSource,
  newest: Map<string, string>,
  queue: Queue,
  signal: AbortSignal,
): Promise<void> {
  const reading = new Map<string, Promise<void>>();
  while (!signal.aborted) {
    const heard = new AbortController();
    const news = source.heard(AbortSignal.any([signal, heard.signal]));
    const pods = source.pods();
    const numbers = numbersOf(pods);
    for (const pod of pods) {
      const key = keyOf(pod);
      if (hasOutput(pod) && !reading.has(key)) {
        reading.set(key, read(source, pod, numbers.get(pod.metadata.uid)!, newest, queue, signal));
      }
    }
    const there = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const key of reading.keys()) {
      if (!there.has(key.split(" ")[0]!)) {
        reading.delete(key);
        newest.delete(key);
      }
    }
    await news;
    heard.abort();
  }
  await Promise.all(reading.values());
}

async function read(
  source: LogSource,
  pod: Pod,
  instance: number,
  newest: Map<string, string>,
  queue: Queue,
  signal: AbortSignal,
): Promise<void> {
  const key = keyOf(pod);
  for (let pause = shortestPause; ; pause = Math.min(pause * 2, longestPause)) {
    const from = newest.get(key);
    const since = from === undefined ? {} : { sinceTime: `${from.slice(0, 19)}Z` };
    let isBroken = false;
    try {
      for await (const line of linesOf(source, pod, { ...since, follow: true }, signal)) {
        // Begun at a whole second: what was told is not told twice.
        if (line.stamp > (newest.get(key) ?? "")) {
          newest.set(key, line.stamp);
          pause = shortestPause;
          if (!isReport(line.line)) {
            await queue.put(shown(asLine(line, instance)), signal);
          }
        }
      }
    } catch {
      isBroken = true;
    }
    await wait(pause, null, { signal }).catch(() => {});
    const now = source.pods().find((one) => keyOf(one) === key);
    if (signal.aborted || !now || !(isBroken || statusOf(now)?.state?.running)) {
      // What comes in its place is read then.
      return;
    }
  }
}

async function* linesOf(
  { cluster, namespace }: LogSource,
  pod: Pod,
  query: Query,
  signal: AbortSignal,
): AsyncGenerator<ContainerLine> {
  const container = containerOf(pod);
  if (!hasOutput(pod)) {
    return;
  }
  const path = `${objectPath("Pod", namespace, pod.metadata.name)}/log`;
  const name = query.follow ? "follow pods/log" : "get pods/log";
  yield* containerLines(await cluster.stream(name, path, { container, timestamps: true, ...query }, signal));
}

/** The app's: what was adopted may have others beside it. */
function containerOf({ spec }: Pod): string {
  return spec.containers[0]!.name;
}

function statusOf(pod: Pod) {
  return pod.status?.containerStatuses?.find(({ name }) => name === containerOf(pod));
}

function hasOutput(pod: Pod): boolean {
  const { state } = statusOf(pod) ?? {};
  return Boolean(state?.running || state?.terminated);
}

/** A container that was started again is another one. */
function keyOf(pod: Pod): string {
  return `${pod.metadata.uid} ${statusOf(pod)?.restartCount ?? 0}`;
}

function asLine({ stamp, line }: ContainerLine, instance: number): StampedLine {
  return { at: new Date(stamp), instance, stream: "stdout", line, stamp };
}

function shown({ stamp: _stamp, ...line }: StampedLine): ServiceLogLine {
  return line;
}

/** Lines of several streams in the order in which they came; who writes waits for who reads. */
class Queue {
  private readonly waiting: ServiceLogLine[] = [];
  private isEnded = false;
  private news = () => {};
  private room: (() => void)[] = [];

  async put(line: ServiceLogLine, signal: AbortSignal): Promise<void> {
    while (this.waiting.length >= mostWaiting && !this.isEnded && !signal.aborted) {
      await new Promise<void>((resolve) => this.room.push(resolve));
    }
    this.waiting.push(line);
    this.news();
  }

  end(): void {
    this.isEnded = true;
    this.news();
    this.makeRoom();
  }

  async *lines(signal: AbortSignal): AsyncGenerator<ServiceLogLine> {
    const onAbort = () => this.end();
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        const line = this.waiting.shift();
        if (line) {
          this.makeRoom();
          yield line;
        } else if (this.isEnded) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.news = resolve;
          });
        }
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  private makeRoom(): void {
    for (const resolve of this.room.splice(0)) {
      resolve();
    }
  }
}
