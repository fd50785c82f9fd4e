import { OperationFailure } from "../../errors.js";
import type { KubeEvent, Pod, Workload } from "./api-types.js";
import { fieldManager } from "./cluster.js";
import { trimmed } from "./failures.js";
import { hasEnded, isGoing, operationOf } from "./pods.js";

/** How a DaemonSet differs from a Deployment: it has as many pods as nodes fit, and says of none why it is not made. */

export function isDaemonSet({ spec }: Workload): boolean {
  return spec.replicas === undefined;
}

/** On how many nodes it is to run; null: the cluster has not looked at it since it was changed last. */
export function nodesWanted({ metadata, status }: Workload): number | null {
  const isObserved = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  return isObserved ? (status?.desiredNumberScheduled ?? 0) : null;
}

/** Whether it may run on no node at all, which the cluster takes for done. */
export function hasNoNode(workload: Workload): boolean {
  return isDaemonSet(workload) && nodesWanted(workload) === 0;
}

export function noNode(): OperationFailure {
  return new OperationFailure(
    "NO_SUITABLE_NODE",
    "No node of the cluster may run the service: look at the recipe's placement, and at the labels and taints of the nodes.",
  );
}

/**
 * Whether a node is without a pod that it should have by now. One that goes is still in the way of the next, unless the
 * cluster starts the new one beside it: then it is always one more than there are nodes, until all are new.
 */
export function lacksPods(workload: Workload, pods: readonly Pod[], operation: string): boolean {
  const wanted = isDaemonSet(workload) ? nodesWanted(workload) : null;
  if (wanted === null) {
    return false;
  }
  const made = pods.filter((pod) => operationOf(pod) === operation && !isGoing(pod) && !hasEnded(pod));
  return made.length < wanted && pods.length < wanted + (startsBeside(workload) ? 1 : 0);
}

function startsBeside({ spec }: Workload): boolean {
  const { rollingUpdate } = (spec.updateStrategy ?? {}) as { rollingUpdate?: { maxSurge?: number } };
  return (rollingUpdate?.maxSurge ?? 0) > 0;
}

/**
 * What admission or a quota says when it lets no pods be made, by the events of the workload; null: nothing since Rebake
 * changed it. The same is said again in the event that is there.
 */
export function refusalIn(events: readonly KubeEvent[], workload: Workload): string | null {
  const since = changedAt(workload);
  const last = events
    .filter((event) => event.reason === "FailedCreate" && lastSaid(event) >= since)
    .sort((a, b) => lastSaid(a) - lastSaid(b))
    .at(-1);
  return last ? trimmed((last.message ?? "").replace(/^Error creating: /, "")) : null;
}

/** By the cluster's clock, in milliseconds. */
function changedAt({ metadata }: Workload): number {
  const own = (metadata.managedFields ?? []).filter(({ manager }) => manager === fieldManager);
  const times = own.map(({ time }) => Date.parse(time ?? "")).filter(Number.isFinite);
  return Math.max(Date.parse(metadata.creationTimestamp), ...times);
}

function lastSaid({ lastTimestamp, eventTime, metadata }: KubeEvent): number {
  return Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp);
}
