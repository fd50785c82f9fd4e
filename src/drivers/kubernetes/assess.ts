import type { StepName, Target } from "../../operations/driver.js";
import type { StepView } from "../engine/progress.js";
import { counted, terminating } from "../engine/step-views.js";
import type { TaskReports } from "../engine/task-reports.js";
import type { Pod, Workload } from "./api-types.js";
import { isHeldUp } from "./held-up.js";
import { hasBegun, hasEnded, isGoing, isPrepared, isReady, operationOf } from "./pods.js";

/** How far the cluster says that it is. */
export type RolloutStatus =
  | { state: "WAITING" }
  | { state: "DONE" }
  /** Its own deadline has passed, or a pod could not be made. */
  | { state: "STUCK"; reason: string; message: string };

/**
 * Whether a rollout is done: the checks of `kubectl rollout status`, in their order. For one Deployment or DaemonSet as
 * it was changed last, which is for the caller to know.
 * Source: k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go
 */
export function rolloutStatus({ metadata, spec, status }: Workload): RolloutStatus {
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) {
    return { state: "WAITING" };
  }
  if (spec.replicas === undefined) {
    const wanted = status?.desiredNumberScheduled ?? 0;
    const isUpdated = (status?.updatedNumberScheduled ?? 0) >= wanted;
    return { state: isUpdated && (status?.numberAvailable ?? 0) >= wanted ? "DONE" : "WAITING" };
  }
  const stuck = status?.conditions?.find(
    ({ type, reason }) => type === "Progressing" && reason === "ProgressDeadlineExceeded",
  );
  if (stuck) {
    return { state: "STUCK", reason: stuck.reason ?? "", message: stuck.message ?? "" };
  }
  const [updated, all] = [status?.updatedReplicas ?? 0, status?.replicas ?? 0];
  const isDone = updated >= spec.replicas && all <= updated && (status?.availableReplicas ?? 0) >= updated;
  return { state: isDone ? "DONE" : "WAITING" };
}

/** What is seen of a rollout at one moment. */
export interface Assessment {
  /** Pods of this operation. */
  mine: Pod[];
  /** Pods of other operations. */
  old: Pod[];
  /** Replicas that are asked for. */
  of: number;
  ready: number;
  /** Whether all replicas are there and were ready for as long as they are to be watched, and no other is meant to stay. */
  complete: boolean;
  /** Whether it comes no further because old ones are still ending. */
  heldUp: boolean;
  views: Map<StepName, StepView>;
}

/** What the cluster says of a rollout. Pure. `oldTotal` is how many other pods were seen since it began. */
export function assess(
  target: Target,
  workload: Workload,
  pods: readonly Pod[],
  reports: TaskReports,
  oldTotal: number,
): Assessment {
  const isMine = (pod: Pod) => operationOf(pod) === target.stamp.operationId;
  const mine = pods.filter((pod) => isMine(pod) && !isGoing(pod) && !hasEnded(pod));
  const old = pods.filter((pod) => !isMine(pod) && !hasEnded(pod));
  // A DaemonSet that fits no node has nothing to show: that is not to be taken for done.
  const of = workload.spec.replicas ?? Math.max(workload.status?.desiredNumberScheduled ?? 1, 1);
  const ready = mine.filter(isReady).length;
  const complete = rolloutStatus(workload).state === "DONE" && old.every(isGoing) && ready >= of;
  return {
    ...{ mine, old, of, ready, complete },
    heldUp: isHeldUp(
      workload,
      mine,
      pods.filter((pod) => !isMine(pod)),
      of,
    ),
    views: viewsOf(target, mine, reports, { of, ready, complete, old: old.length, oldTotal }),
  };
}

interface Counts {
  of: number;
  ready: number;
  complete: boolean;
  old: number;
  oldTotal: number;
}

function viewsOf(
  { spec }: Target,
  mine: readonly Pod[],
  reports: TaskReports,
  { of, ready, complete, old, oldTotal }: Counts,
): Map<StepName, StepView> {
  const views = new Map<StepName, StepView>();
  const started = mine.filter(hasBegun).length;
  if (spec.source) {
    const past = (step: "FETCH_SOURCE" | "INSTALL") =>
      mine.filter((pod) => isPrepared(pod) || reports.isPast(pod.metadata.uid, step)).length;
    const [fetched, installed] = [past("FETCH_SOURCE"), past("INSTALL")];
    views.set("FETCH_SOURCE", counted(fetched, of, true, detailOf(mine, reports, "FETCH_SOURCE")));
    views.set("INSTALL", counted(installed, of, fetched > 0, detailOf(mine, reports, "INSTALL")));
    views.set("START", counted(started, of, installed > 0 || of === 0));
  } else {
    views.set("FETCH_SOURCE", { state: "SKIPPED", done: 0, of });
    views.set("INSTALL", { state: "SKIPPED", done: 0, of });
    views.set("START", counted(started, of, true));
  }
  const unproven = spec.readiness ? undefined : "the recipe has no readiness probe";
  views.set("READY", counted(ready, of, started > 0 || of === 0, unproven));
  if (ready > 0 || of === 0) {
    const done = Math.min(ready, of);
    views.set(
      "CUT_OVER",
      complete ? { state: "DONE", done, of, detail: "switched" } : { state: "RUNNING", done, of },
    );
  }
  if (complete) {
    views.set("TERMINATE_OLD", terminating(old, oldTotal));
  }
  return views;
}

function detailOf(
  mine: readonly Pod[],
  reports: TaskReports,
  step: "FETCH_SOURCE" | "INSTALL",
): string | undefined {
  const details = new Set(mine.flatMap(({ metadata }) => reports.reportOf(metadata.uid, step)?.detail ?? []));
  return details.size === 1 ? [...details][0] : undefined;
}

/** The step that a pod of an operation is in. */
export function stepOf(pod: Pod, { spec }: Target, reports: TaskReports): StepName {
  const reported = reports.failureOf(pod.metadata.uid)?.step;
  if (reported) {
    return reported;
  }
  if (spec.source && !isPrepared(pod)) {
    const begun = (pod.status?.initContainerStatuses ?? []).some(
      ({ state }) => state?.running || state?.terminated,
    );
    return !begun ? "START" : reports.isPast(pod.metadata.uid, "FETCH_SOURCE") ? "INSTALL" : "FETCH_SOURCE";
  }
  return hasBegun(pod) ? "READY" : "START";
}
