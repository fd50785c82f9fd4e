import { setTimeout as wait } from "node:timers/promises";
import type { ServiceLogLine } from "../../operations/driver.js";
import { type Engine, EngineRefusal } from "./engine.js";
import { type TaskLine, taskLines } from "./log-lines.js";
import { isReport } from "./task-reports.js";
import { numbersOf } from "./tasks.js";

const pauseMilliseconds = 1_000;

/** The last lines of all tasks of a service, oldest first. */
export async function tailOf(
  engine: Engine,
  name: string,
  tail: number,
  signal: AbortSignal,
): Promise<ServiceLogLine[]> {
  const service = await engine.service(name);
  if (!service || tail === 0) {
    return [];
  }
  const stream = await engine.serviceLogs(service.ID, { tail, follow: false, signal });
  const lines: TaskLine[] = [];
  for await (const line of taskLines(stream)) {
    if (!isReport(line.line)) {
      lines.push(line);
    }
  }
  const numbers = numbersOf(await engine.tasks(service.ID));
  return lines
    .sort((a, b) => (a.stamp < b.stamp ? -1 : 1))
    .slice(-tail)
    .map((line) => shown(line, numbers));
}

/** The last lines, then new ones, from before the service is there until the signal aborts. */
export async function* followLogs(
  engine: Engine,
  name: string,
  tail: number,
  signal: AbortSignal,
): AsyncGenerator<ServiceLogLine> {
  let newest = new Map<string, string>();
  let first = true;
  while (!signal.aborted) {
    try {
      const service = await engine.service(name);
      if (service) {
        for await (const line of follow(engine, service.ID, first ? tail : "all", newest, signal)) {
          yield line;
        }
      }
      first = false;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (error instanceof EngineRefusal && error.status !== 404) {
        throw error;
      }
    }
    newest = new Map([...newest].slice(-1_000));
    await wait(pauseMilliseconds, null, { signal }).catch(() => {});
  }
}

async function* follow(
  engine: Engine,
  id: string,
  tail: number | "all",
  newest: Map<string, string>,
  signal: AbortSignal,
): AsyncGenerator<ServiceLogLine> {
  let numbers = numbersOf(await engine.tasks(id));
  for await (const line of taskLines(await engine.serviceLogs(id, { tail, follow: true, signal }))) {
    const key = `${line.taskId} ${line.stream}`;
    // A stream that broke is begun again: what was told is not told twice.
    if (isReport(line.line) || line.stamp <= (newest.get(key) ?? "")) {
      continue;
    }
    newest.set(key, line.stamp);
    if (!numbers.has(line.taskId)) {
      numbers = numbersOf(await engine.tasks(id));
    }
    yield shown(line, numbers);
  }
}

function shown(
  { stamp, taskId, stream, line }: TaskLine,
  numbers: ReadonlyMap<string, number>,
): ServiceLogLine {
  return { at: new Date(stamp), instance: numbers.get(taskId) ?? 0, stream, line };
}
