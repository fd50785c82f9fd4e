import type { ServiceState, Task, TaskState } from "../../operations/driver.js";
import type { EngineNode, EngineService, EngineTask } from "./engine-types.js";
import { labels } from "./names.js";

const ended = ["complete", "shutdown", "failed", "rejected", "remove", "orphaned"];

/** Whether nothing of a task runs any more. */
export function hasEnded({ Status }: EngineTask): boolean {
  return ended.includes(Status.State);
}

/** Whether a task ended though it should have gone on. */
export function hasFailed({ Status, DesiredState }: EngineTask): boolean {
  return (
    ["failed", "rejected"].includes(Status.State) ||
    // It ended by itself and well: a service is to run on.
    (Status.State === "complete" && DesiredState !== "remove")
  );
}

/** Whether a task serves: it runs, is healthy where that is asked, and is meant to go on. */
export function isReady({ Status, DesiredState }: EngineTask): boolean {
  return Status.State === "running" && DesiredState === "running";
}

/**
 * Whether tasks are not started because others, in whose place they come, are still ending: the engine has them ready
 * meanwhile, for a minute at most.
 * Source: github.com/moby/swarmkit, manager/orchestrator/restart (DelayStart)
 */
export function isHeldUp(coming: readonly EngineTask[], leaving: readonly EngineTask[]): boolean {
  const isKept = ({ DesiredState }: EngineTask) => DesiredState === "ready";
  return (
    coming.some(isKept) &&
    coming.every((task) => isKept(task) || isReady(task)) &&
    leaving.some((task) => task.DesiredState === "shutdown" && !hasEnded(task))
  );
}

/** Whether a task is meant to run, or still does. */
export function isThere(task: EngineTask): boolean {
  return !hasEnded(task) || (task.DesiredState === "running" && !hasFailed(task));
}

/**
 * Whether tasks of an operation have taken the place of others: these were told to go, and not for having failed. Those
 * that were gone before the first of it was made went for an earlier one; `known` are those that were not.
 */
export function hasReplaced(
  operation: string,
  tasks: readonly EngineTask[],
  known: ReadonlySet<string>,
): boolean {
  const made = tasks.filter((task) => operationOf(task) === operation).map(({ CreatedAt }) => CreatedAt);
  const began = Math.min(...made.map((at) => Date.parse(at)));
  return tasks.some(
    (task) =>
      operationOf(task) !== operation &&
      task.DesiredState === "shutdown" &&
      (!hasFailed(task) || /no longer meets constraints/.test(task.Status.Err ?? "")) &&
      (known.has(task.ID) || !hasEnded(task) || Date.parse(task.Status.Timestamp) >= began),
  );
}

/** Which operation made a task; undefined when it was not one of ours. */
export function operationOf({ Spec }: EngineTask): string | undefined {
  return Spec.ContainerSpec?.Labels?.[labels.operation];
}

/**
 * One task for each replica: the newest of a slot, and older ones of it that have not ended. GLOBAL ones have no slot:
 * they are counted by their nodes.
 */
export function replicasOf(tasks: readonly EngineTask[], nodes: ReadonlyMap<string, EngineNode>): Task[] {
  const numbers = numbersOf(tasks);
  const newestFirst = [...tasks].sort((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1));
  const shown = newestFirst.filter((task, index) => {
    const isNewest = newestFirst.findIndex((other) => placeOf(other) === placeOf(task)) === index;
    return !hasEnded(task) || (isNewest && ["running", "ready", "accepted"].includes(task.DesiredState));
  });
  return shown
    .map((task) => asTask(task, numbers, newestFirst, nodes))
    .sort((a, b) => a.instance - b.instance);
}

/** Slot, or node for GLOBAL. */
function placeOf({ Slot, NodeID }: EngineTask): string {
  return Slot ? `${Slot}` : (NodeID ?? "");
}

/** The number of the replica that each task is, by the task's id. */
export function numbersOf(tasks: readonly EngineTask[]): Map<string, number> {
  const nodes = [...new Set(tasks.filter(({ Slot }) => !Slot).map(({ NodeID }) => NodeID ?? ""))].sort();
  return new Map(tasks.map((task) => [task.ID, task.Slot || nodes.indexOf(task.NodeID ?? "") + 1]));
}

function asTask(
  task: EngineTask,
  numbers: ReadonlyMap<string, number>,
  all: readonly EngineTask[],
  nodes: ReadonlyMap<string, EngineNode>,
): Task {
  const operation = operationOf(task);
  const before = all.filter(
    (other) => other !== task && placeOf(other) === placeOf(task) && operationOf(other) === operation,
  );
  const failures = before.filter(hasFailed);
  const node = nodes.get(task.NodeID ?? "");
  const port = task.Status.PortStatus?.Ports?.find(({ Protocol }) => Protocol === "tcp")?.PublishedPort;
  const message = task.Status.Err || (hasEnded(task) ? task.Status.Message : null) || null;
  return {
    id: task.ID,
    instance: numbers.get(task.ID) ?? 0,
    state: stateOf(task, failures),
    since: new Date(task.Status.Timestamp),
    node: node?.Description.Hostname ?? task.NodeID ?? "",
    message: message ?? failures[0]?.Status.Err ?? null,
    restarts: failures.length,
    address: port === undefined || !node ? null : `${addressOf(node)}:${port}`,
    operationId: operation ?? "",
  };
}

/** A swarm of one node is often told to know itself by an address that only it can use, which is fine here. */
export function addressOf({ Status }: EngineNode): string {
  return Status.Addr.includes(":") ? `[${Status.Addr}]` : Status.Addr;
}

/** A task that takes the place of one which failed waits at `ready` for the service's restart delay. */
function stateOf(task: EngineTask, failures: readonly EngineTask[]): TaskState {
  const { State } = task.Status;
  if (hasEnded(task)) {
    return task.DesiredState === "running" ? "BACKING_OFF" : "STOPPED";
  }
  if (["shutdown", "remove"].includes(task.DesiredState)) {
    return "STOPPING";
  }
  if (State === "running") {
    return "RUNNING";
  }
  return failures.length > 0 && task.DesiredState === "ready" ? "BACKING_OFF" : "STARTING";
}

/** How a service does, by its replicas. */
export function serviceState(service: EngineService | null, tasks: readonly Task[]): ServiceState {
  const asked = service?.Spec.Mode.Replicated?.Replicas;
  if (!service || asked === 0) {
    return "STOPPED";
  }
  const running = tasks.filter(({ state }) => state === "RUNNING").length;
  if (running > 0) {
    const wanted = asked ?? new Set(tasks.map(({ instance }) => instance)).size;
    return running >= wanted ? "RUNNING" : "DEGRADED";
  }
  if (tasks.some(({ state }) => state === "STARTING")) {
    return tasks.some(({ restarts }) => restarts > 0) ? "DEGRADED" : "STARTING";
  }
  return tasks.some(({ state }) => state === "BACKING_OFF") ? "DEGRADED" : "STOPPED";
}
