import { setTimeout as wait } from "node:timers/promises";
import type { ServiceLogLine } from "../../operations/driver.js";
import { EngineRefusal } from "../engine/answers.js";
import type { TaskLine } from "../engine/task-reports.js";
import { isReport } from "../engine/task-reports.js";
import type { Engine } from "./engine.js";
import { taskLines } from "./log-lines.js";
import { numbersOf } from "./tasks.js";

const pauseMilliseconds = 1_000;
/** How much the clocks of nodes may differ, in milliseconds. */
const clockTolerance = 60_000;
/** How many reports of its deployer a task may have among its last lines. */
const mostReports = 20;

/** A service whose lines are read, and how to hear of it. */
export interface LogSource {
  engine: Engine;
  /** On the engine. */
  name: string;
  /** Resolves when something of it was heard, or the signal aborts. */
  heard(signal: AbortSignal): Promise<void>;
}

/** The last lines of all tasks of a service, oldest first. */
export async function tailOf(
  source: LogSource,
  tail: number,
  signal: AbortSignal,
): Promise<ServiceLogLine[]> {
  return (await tailFrom(source, tail, signal, new Map())).lines;
}

/** @param newest learns how far each task was read */
async function tailFrom(
  { engine, name }: LogSource,
  tail: number,
  signal: AbortSignal,
  newest: Map<string, string>,
): Promise<{ id: string | null; lines: ServiceLogLine[] }> {
  const service = await engine.service(name);
  if (!service) {
    return { id: null, lines: [] };
  }
  const lines: TaskLine[] = [];
  const stream = await engine.serviceLogs(service.ID, { tail: tail + mostReports, follow: false, signal });
  for await (const line of taskLines(stream)) {
    newest.set(keyOf(line), line.stamp);
    if (!isReport(line.line)) {
      lines.push(line);
    }
  }
  const numbers = numbersOf(await engine.tasks(service.ID));
  const last = lines
    .sort((a, b) => (a.stamp < b.stamp ? -1 : 1))
    .slice(lines.length - Math.min(tail, lines.length));
  return { id: service.ID, lines: last.map((line) => shown(line, numbers)) };
}

/** The last lines, then new ones, from before the service is there until the signal aborts. */
export async function* followLogs(
  source: LogSource,
  tail: number,
  signal: AbortSignal,
): AsyncGenerator<ServiceLogLine> {
  let newest = new Map<string, string>();
  const first = await tailFrom(source, tail, signal, newest);
  yield* first.lines;
  let id = first.id;
  while (!signal.aborted) {
    try {
      id ??= (await source.engine.service(source.name))?.ID ?? null;
      if (id) {
        yield* follow(source, id, newest, signal);
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (error instanceof EngineRefusal && error.status !== 404) {
        throw error;
      }
    }
    // One of the same name may come.
    id = null;
    newest = new Map([...newest].slice(-1_000));
    await wait(pauseMilliseconds, null, { signal }).catch(() => {});
  }
}

async function* follow(
  source: LogSource,
  id: string,
  newest: Map<string, string>,
  signal: AbortSignal,
): AsyncGenerator<ServiceLogLine> {
  const { engine } = source;
  const gone = new AbortController();
  const both = AbortSignal.any([signal, gone.signal]);
  const watching = untilGone(source, id, both).then(() => gone.abort());
  try {
    let numbers = numbersOf(await engine.tasks(id));
    const stream = await engine.serviceLogs(id, {
      tail: "all",
      ...sinceOf(newest),
      follow: true,
      signal: both,
    });
    for await (const line of taskLines(stream)) {
      // A stream that broke is begun again: what was told is not told twice.
      if (isReport(line.line) || line.stamp <= (newest.get(keyOf(line)) ?? "")) {
        continue;
      }
      newest.set(keyOf(line), line.stamp);
      if (!numbers.has(line.taskId)) {
        numbers = numbersOf(await engine.tasks(id));
      }
      yield shown(line, numbers);
    }
  } catch (error) {
    if (!gone.signal.aborted) {
      throw error;
    }
  } finally {
    gone.abort();
    await watching;
  }
}

/** The engine keeps a stream open for a service that is no more. */
async function untilGone({ engine, heard }: LogSource, id: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await heard(signal);
    if (!signal.aborted && (await engine.service(id).catch(() => "away")) === null) {
      return;
    }
  }
}

/** From a little before the newest that was read: the clocks of nodes differ. */
function sinceOf(newest: ReadonlyMap<string, string>): { since?: Date } {
  const last = [...newest.values()].sort().at(-1);
  return last === undefined ? {} : { since: new Date(Date.parse(last) - clockTolerance) };
}

const keyOf = ({ taskId, stream }: TaskLine) => `${taskId} ${stream}`;

function shown(
  { stamp, taskId, stream, line }: TaskLine,
  numbers: ReadonlyMap<string, number>,
): ServiceLogLine {
  return { at: new Date(stamp), instance: numbers.get(taskId) ?? 0, stream, line };
}
