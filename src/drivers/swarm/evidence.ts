import type { Target } from "../../operations/driver.js";
import type { TaskReports } from "../engine/task-reports.js";
import type { Engine } from "./engine.js";
import type { EngineTask } from "./engine-types.js";
import type { Evidence } from "./failures.js";
import { taskLines } from "./log-lines.js";
import { numbersOf } from "./tasks.js";

/** For how long the last lines of a task that ended are asked for, in milliseconds. */
const patience = 3_000;

/** Gathers what there is to say about a task that failed. What cannot be had is left out. */
export async function evidenceOf(
  engine: Engine,
  task: EngineTask | undefined,
  tasks: readonly EngineTask[],
  reports: TaskReports,
  target: Target,
  signal: AbortSignal,
): Promise<Evidence> {
  if (task) {
    await readLastLines(engine, task, reports, signal);
  }
  const id = task?.Status.ContainerStatus?.ContainerID;
  const container = id ? await engine.container(id).catch(() => null) : null;
  const health = container?.State.Health;
  // The last one may have been cut off when its container was ended.
  const probe = health?.Log?.findLast(({ ExitCode, Output }) => ExitCode !== 0 && Output.trim())?.Output;
  return {
    reports,
    number: (task && numbersOf(tasks).get(task.ID)) || 1,
    container: container && {
      oomKilled: container.State.OOMKilled,
      // Every container with a healthcheck is called unhealthy once it has ended: what counts is what was found before.
      unhealthy: (health?.FailingStreak ?? 0) >= (target.spec.readiness?.failureThreshold ?? Infinity),
      lastProbe: probe?.trim() || null,
    },
    spec: target.spec,
    image: target.image ?? "",
  };
}

/** The followed stream may be behind: what is there is asked for once more. */
async function readLastLines(
  engine: Engine,
  { ID }: EngineTask,
  reports: TaskReports,
  signal: AbortSignal,
): Promise<void> {
  const both = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  try {
    for await (const line of taskLines(await engine.taskLogs(ID, 1000, both))) {
      reports.add(line);
    }
  } catch {
    // Its node may be gone, or its output kept elsewhere: there is nothing to show then.
  }
}
