import type { Pod, Workload } from "./api-types.js";
import { isDaemonSet } from "./daemon-sets.js";
import { isGoing, isLost, isReady } from "./pods.js";

/**
 * Whether pods are not made because others, in whose place they come, are still ending: a Deployment that stops the old
 * ones first waits until none of them is told of any more, and so does a DaemonSet on each of its nodes. That is long
 * after their containers have ended where a node tidies up once a minute only; one that is away is not waited for.
 * @param coming that are there already
 * @param of how many there are to be
 */
export function isHeldUp(
  workload: Workload,
  coming: readonly Pod[],
  leaving: readonly Pod[],
  of: number,
): boolean {
  const isWaiting = coming.length < of && coming.every(isReady);
  return isWaiting && lingering(workload, leaving).some((pod) => !isLost(pod));
}

/** Those of others that were told to go, and have to be deleted before one comes in their place. */
export function lingering(workload: Workload, others: readonly Pod[]): Pod[] {
  const { type } = (workload.spec.strategy ?? {}) as { type?: string };
  const isInPlace = isDaemonSet(workload) || type === "Recreate";
  const hasNotEnded = ({ status }: Pod) => !["Succeeded", "Failed"].includes(status?.phase ?? "");
  return isInPlace ? others.filter((pod) => isGoing(pod) && hasNotEnded(pod)) : [];
}
