import { replicasOf } from "../../domain/facts.js";
import type { StepName, Target } from "../../operations/driver.js";
import type { StepView } from "../engine/progress.js";
import { counted, terminating } from "../engine/step-views.js";
import type { TaskReports } from "../engine/task-reports.js";
import type { EngineService, EngineTask } from "./engine-types.js";
import { hasEnded, hasFailed, isHeldUp, isReady, operationOf } from "./tasks.js";

/** What is seen of a rollout at one moment. */
export interface Assessment {
  /** Tasks of this operation, one for each replica where there are several: the newest. */
  mine: EngineTask[];
  /** Of other operations, that have not ended. */
  old: EngineTask[];
  /** Replicas that are asked for. */
  of: number;
  ready: number;
  /** One of this operation's tasks that ended; the operation fails with it. */
  failed: EngineTask | null;
  /** One that the engine finds no node for; it may yet. */
  unplaced: EngineTask | null;
  /** Whether all replicas are ready, and the engine says that it is done. */
  complete: boolean;
  /** Whether that has held for as long as the new ones are to be watched: the engine does so itself after an update. */
  done: boolean;
  /** Whether it comes no further because old ones are still ending. */
  heldUp: boolean;
  views: Map<StepName, StepView>;
}

/**
 * What the engine's answers say of a rollout. Pure. `oldTotal` is how many were there when it began, `held` whether
 * the new ones have been watched for as long as they should.
 */
export function assess(
  target: Target,
  service: EngineService,
  tasks: readonly EngineTask[],
  reports: TaskReports,
  { oldTotal, held }: { oldTotal: number; held: boolean },
): Assessment {
  const operation = target.stamp.operationId;
  const mine = tasks.filter((task) => operationOf(task) === operation);
  const old = tasks.filter((task) => operationOf(task) !== operation && !hasEnded(task));
  const of = askedFor(target, tasks);
  const living = mine.filter((task) => !hasEnded(task));
  const ready = living.filter(isReady).length;
  const updating = service.UpdateStatus?.State === "updating";
  const complete = ready >= of && !updating && old.every(({ DesiredState }) => DesiredState !== "running");
  const done = complete && (held || service.UpdateStatus?.State === "completed");
  return {
    mine,
    old,
    of,
    ready,
    failed: mine.find(hasFailed) ?? null,
    unplaced:
      mine.find(({ Status }) => Status.State === "pending" && /no suitable node/.test(Status.Err ?? "")) ??
      null,
    complete,
    done,
    heldUp: isHeldUp(living, old),
    views: viewsOf(target, newest(mine), reports, {
      of,
      ready,
      complete: done,
      old: old.length,
      oldTotal,
    }),
  };
}

/** GLOBAL ones are asked for on each node that has, or is to have, one. */
function askedFor(target: Target, tasks: readonly EngineTask[]): number {
  return target.spec.mode === "GLOBAL"
    ? new Set(tasks.filter(({ DesiredState }) => DesiredState === "running").map(({ NodeID }) => NodeID)).size
    : replicasOf(target);
}

function viewsOf(
  { spec }: Target,
  mine: readonly EngineTask[],
  reports: TaskReports,
  {
    of,
    ready,
    complete,
    old,
    oldTotal,
  }: { of: number; ready: number; complete: boolean; old: number; oldTotal: number },
): Map<StepName, StepView> {
  const past = (step: "FETCH_SOURCE" | "INSTALL") =>
    mine.filter((task) => isReady(task) || reports.isPast(task.ID, step));
  const detail = (step: "FETCH_SOURCE" | "INSTALL") => {
    const details = new Set(mine.flatMap(({ ID }) => reports.reportOf(ID, step)?.detail ?? []));
    return details.size === 1 ? [...details][0] : undefined;
  };
  const views = new Map<StepName, StepView>();
  const started = spec.source
    ? mine.filter((task) => isReady(task) || reports.reportOf(task.ID, "START")).length
    : mine.filter((task) => hasBegun(task)).length;
  if (spec.source) {
    const fetched = past("FETCH_SOURCE");
    const installed = past("INSTALL").length;
    views.set("FETCH_SOURCE", counted(fetched.length, of, true, detail("FETCH_SOURCE")));
    views.set("INSTALL", counted(installed, of, fetched.length > 0, detail("INSTALL")));
    views.set("START", counted(started, of, installed > 0 || of === 0));
  } else {
    views.set("FETCH_SOURCE", { state: "SKIPPED", done: 0, of });
    views.set("INSTALL", { state: "SKIPPED", done: 0, of });
    views.set("START", counted(started, of, true));
  }
  const unproven = spec.readiness ? undefined : "the recipe has no readiness probe";
  views.set("READY", counted(ready, of, started > 0 || of === 0, unproven));
  views.set("CUT_OVER", {
    state: complete ? "DONE" : ready > 0 ? "RUNNING" : "PENDING",
    done: ready,
    of,
    ...(complete && { detail: "switched" }),
  });
  if (complete) {
    views.set("TERMINATE_OLD", terminating(old, oldTotal));
  }
  return views;
}

/** The newest task of each replica; GLOBAL ones are counted by their nodes. */
function newest(tasks: readonly EngineTask[]): EngineTask[] {
  const byPlace = new Map<string, EngineTask>();
  for (const task of [...tasks].sort((a, b) => (a.CreatedAt < b.CreatedAt ? -1 : 1))) {
    byPlace.set(task.Slot ? `${task.Slot}` : (task.NodeID ?? ""), task);
  }
  return [...byPlace.values()];
}

/** Whether the program of a task was begun, which may have ended since. */
function hasBegun({ Status }: EngineTask): boolean {
  return (
    ["starting", "running", "complete"].includes(Status.State) ||
    (Status.ContainerStatus?.PID ?? 0) > 0 ||
    /^task: non-zero exit/.test(Status.Err ?? "")
  );
}

/** The step that a task of an operation is in. */
export function stepOf(task: EngineTask, { spec }: Target, reports: TaskReports): StepName {
  const reported = reports.failureOf(task.ID)?.step;
  if (reported) {
    return reported;
  }
  if (spec.source && !reports.isPast(task.ID, "FETCH_SOURCE")) {
    return hasBegun(task) ? "FETCH_SOURCE" : "START";
  }
  if (spec.source && !reports.isPast(task.ID, "INSTALL")) {
    return "INSTALL";
  }
  return spec.source
    ? reports.reportOf(task.ID, "START")
      ? "READY"
      : "START"
    : hasBegun(task)
      ? "READY"
      : "START";
}

/** The same once nothing of the old is waited for any more. */
export function doneWith(views: Assessment["views"], total: number): Assessment["views"] {
  return total === 0 ? views : views.set("TERMINATE_OLD", { state: "DONE", done: total, of: total });
}
