import { setTimeout as wait } from "node:timers/promises";
import type { Log } from "../../log.js";
import type { TaskReports } from "../engine/task-reports.js";
import type { Engine } from "./engine.js";
import { taskLines } from "./log-lines.js";

/** How much the clocks of nodes may differ, in milliseconds. */
const clockTolerance = 60_000;
/** Before a stream that broke is begun again, in milliseconds. */
const pauseMilliseconds = 500;

/**
 * Reads what the tasks of a service print from that moment on, by their nodes' clocks, until the signal aborts. A stream
 * that breaks is begun again: what was told is not told twice.
 */
export async function followTasks(
  { engine, log }: { engine: Engine; log: Log },
  serviceId: string,
  since: Date,
  reports: TaskReports,
  signal: AbortSignal,
): Promise<void> {
  const from = new Date(since.getTime() - clockTolerance);
  const options = { tail: "all", since: from, follow: true, signal } as const;
  while (!signal.aborted) {
    try {
      for await (const line of taskLines(await engine.serviceLogs(serviceId, options))) {
        reports.take(line);
      }
    } catch (err) {
      if (!signal.aborted) {
        log.debug({ err }, "following the tasks' output again");
      }
    }
    await wait(pauseMilliseconds, null, { signal }).catch(() => {});
  }
}
