import { setTimeout as wait } from "node:timers/promises";
import type { ServiceLogLine } from "../../operations/driver.js";
import { EngineAway, EngineRefusal } from "../engine/answers.js";
import { isReport } from "../engine/task-reports.js";
import type { Pod } from "./api-types.js";
import type { Cluster, Query } from "./cluster.js";
import { type ContainerLine, containerLines } from "./log-lines.js";
import { objectPath } from "./paths.js";
import { appOf, numbersOf } from "./pods.js";

/** How many reports of its deployer a pod may have among its last lines. */
const mostReports = 20;
/** How many lines wait for a slow reader before what is read waits, too. */
const mostWaiting = 1_000;
/** Before a container is read on after its stream broke, longer each time, in milliseconds. */
const shortestPause = 500;
const longestPause = 10_000;
/** For how long a pod's last lines are waited for: its node may be away, which the API does not know at once, in milliseconds. */
const tailPatience = 10_000;

/** A service whose lines are read. */
export interface LogSource {
  cluster: Cluster;
  namespace: string;
  /** Its pods now. */
  pods(): Pod[];
  /** Resolves when something of it was heard, or the signal aborts. */
  heard(signal: AbortSignal): Promise<void>;
  /** For how long a pod's last lines are waited for, in milliseconds. */
  patience?: number;
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

/**
 * What can be had: a pod whose node does not answer does not keep back what the others have printed.
 * @param newest learns how far each pod was read
 * @throws EngineAway when that is so of all of them
 */
async function tailFrom(
  source: LogSource,
  tail: number,
  signal: AbortSignal,
  newest: Map<string, string>,
): Promise<StampedLine[]> {
  const pods = source.pods();
  const numbers = numbersOf(pods);
  const silent: EngineAway[] = [];
  const found = await Promise.all(
    pods.map(async (pod) => {
      const { uid } = pod.metadata;
      const begun = new Date().toISOString();
      const lines = await lastLinesInTime(source, pod, tail, signal);
      if (lines instanceof EngineAway) {
        silent.push(lines);
        // When its node is back, it is read on from here, not from its beginning.
        newest.set(uid, begun);
        return [];
      }
      if (lines.length > 0) {
        newest.set(uid, lines.at(-1)!.stamp);
      }
      return lines.map((line) => asLine(line, numbers.get(uid)!));
    }),
  );
  if (silent.length > 0 && silent.length === pods.length) {
    throw silent[0];
  }
  const all = found.flat().filter(({ line }) => !isReport(line));
  return all.sort((a, b) => (a.stamp < b.stamp ? -1 : 1)).slice(all.length - Math.min(tail, all.length));
}

/** The last lines, none of a pod that is gone or not known to its node yet, or that its node does not give them. */
async function lastLinesInTime(
  source: LogSource,
  pod: Pod,
  tail: number,
  signal: AbortSignal,
): Promise<ContainerLine[] | EngineAway> {
  const { patience = tailPatience } = source;
  try {
    return await lastLinesOf(source, pod, tail, AbortSignal.any([signal, AbortSignal.timeout(patience)]));
  } catch (error) {
    if (signal.aborted) {
      throw error;
    }
    if (error instanceof EngineRefusal) {
      return unlessNothingIsKept(error);
    }
    return error instanceof EngineAway ? error : new EngineAway((error as Error).message);
  }
}

/** Of the container that runs, and before them of the one that was started anew as it, as far as they are wanted. */
async function lastLinesOf(
  source: LogSource,
  pod: Pod,
  tail: number,
  signal: AbortSignal,
): Promise<ContainerLine[]> {
  const now = hasBegun(pod) ? await allOf(source, pod, { tailLines: tail + mostReports }, signal) : [];
  const missing = tail - now.filter(({ line }) => !isReport(line)).length;
  if (!statusOf(pod)?.lastState?.terminated || (hasBegun(pod) && missing <= 0)) {
    return now;
  }
  const query = { previous: true, tailLines: missing + mostReports };
  const before = await allOf(source, pod, query, signal).catch(unlessNothingIsKept);
  // A container that has ended meanwhile is the one before.
  const first = now[0]?.stamp;
  return [...before.filter(({ stamp }) => first === undefined || stamp < first), ...now];
}

/** Of the container before nodes keep the output as long as they like. */
function unlessNothingIsKept(error: unknown): [] {
  if (isNothingKept(error)) {
    return [];
  }
  throw error;
}

function isNothingKept(error: unknown): boolean {
  return error instanceof EngineRefusal && [400, 404].includes(error.status);
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

/** Each pod is read from where it was, one container after the other, as soon as that has begun, until it ends. */
async function readAll(
  source: LogSource,
  newest: Map<string, string>,
  queue: Queue,
  signal: AbortSignal,
): Promise<void> {
  const reading = new Map<string, { run: number; done: Promise<void> }>();
  while (!signal.aborted) {
    const heard = new AbortController();
    const news = source.heard(AbortSignal.any([signal, heard.signal]));
    const pods = source.pods();
    const numbers = numbersOf(pods);
    for (const pod of pods) {
      const { uid } = pod.metadata;
      const run = runOf(pod);
      const before = reading.get(uid);
      if (queryFor(pod, run) && before?.run !== run) {
        const next = () => read(source, uid, run, numbers.get(uid)!, newest, queue, signal);
        reading.set(uid, { run, done: before ? before.done.then(next) : next() });
      }
    }
    const there = new Set(pods.map(({ metadata }) => metadata.uid));
    for (const uid of reading.keys()) {
      if (!there.has(uid)) {
        reading.delete(uid);
        newest.delete(uid);
      }
    }
    await news;
    heard.abort();
  }
  await Promise.all([...reading.values()].map(({ done }) => done));
}

/** Reads one container of a pod until it has ended, or nothing of it can be had any more. */
async function read(
  source: LogSource,
  uid: string,
  run: number,
  instance: number,
  newest: Map<string, string>,
  queue: Queue,
  signal: AbortSignal,
): Promise<void> {
  for (let pause = shortestPause; ; pause = Math.min(pause * 2, longestPause)) {
    const pod = podOf(source, uid);
    const query = pod && queryFor(pod, run);
    if (!query || signal.aborted) {
      return;
    }
    const from = newest.get(uid);
    const since = from === undefined ? {} : { sinceTime: `${from.slice(0, 19)}Z` };
    let isBroken = false;
    try {
      for await (const line of linesOf(source, pod, { ...since, ...query }, signal)) {
        // Begun at a whole second: what was told is not told twice.
        if (line.stamp > (newest.get(uid) ?? "")) {
          newest.set(uid, line.stamp);
          pause = shortestPause;
          if (!isReport(line.line)) {
            await queue.put(shown(asLine(line, instance)), signal);
          }
        }
      }
    } catch (error) {
      if (query.previous && isNothingKept(error)) {
        return;
      }
      isBroken = true;
    }
    const goesOn = () => isBroken || isRunning(podOf(source, uid), run);
    if (goesOn()) {
      await wait(pause, null, { signal }).catch(() => {});
    }
    if (!goesOn()) {
      // What comes in its place is read then.
      return;
    }
  }
}

function podOf(source: LogSource, uid: string): Pod | undefined {
  return source.pods().find(({ metadata }) => metadata.uid === uid);
}

async function allOf(
  source: LogSource,
  pod: Pod,
  query: Query,
  signal: AbortSignal,
): Promise<ContainerLine[]> {
  const lines = [];
  for await (const line of linesOf(source, pod, query, signal)) {
    lines.push(line);
  }
  return lines;
}

async function* linesOf(
  { cluster, namespace }: LogSource,
  pod: Pod,
  query: Query,
  signal: AbortSignal,
): AsyncGenerator<ContainerLine> {
  const container = containerOf(pod);
  const path = `${objectPath("Pod", namespace, pod.metadata.name)}/log`;
  const name = query.follow ? "follow pods/log" : "get pods/log";
  yield* containerLines(await cluster.stream(name, path, { container, timestamps: true, ...query }, signal));
}

function containerOf(pod: Pod): string {
  return appOf(pod)!.name;
}

function statusOf(pod: Pod) {
  return pod.status?.containerStatuses?.find(({ name }) => name === containerOf(pod));
}

/** Whether the present container was started: one that waits may have had another before it. */
function hasBegun(pod: Pod): boolean {
  const { state } = statusOf(pod) ?? {};
  return Boolean(state?.running || state?.terminated);
}

/** Of the containers that were started in a pod the last one's number; while the next one waits it is still the last one's. */
function runOf(pod: Pod): number {
  return statusOf(pod)?.restartCount ?? 0;
}

function isRunning(pod: Pod | undefined, run: number): boolean {
  return pod !== undefined && runOf(pod) === run && Boolean(statusOf(pod)?.state?.running);
}

/** How one of a pod's containers is asked for by now; null: it was not started, or nothing of it is kept any more. */
function queryFor(pod: Pod, run: number): { follow?: true; previous?: true } | null {
  const isPresent = runOf(pod) === run;
  if (isPresent && hasBegun(pod)) {
    return { follow: true };
  }
  const isLast = isPresent || (runOf(pod) === run + 1 && hasBegun(pod));
  return isLast && statusOf(pod)?.lastState?.terminated ? { previous: true } : null;
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
