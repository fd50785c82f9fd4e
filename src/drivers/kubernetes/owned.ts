import type { ServiceRef } from "../../operations/driver.js";
import type { KubeObject, Workload } from "./api-types.js";
import type { Mirror } from "./mirror.js";
import { engineName, labels, type WorkloadKind } from "./names.js";

export const workloadKinds: readonly WorkloadKind[] = ["Deployment", "DaemonSet"];

export interface Owned {
  kind: WorkloadKind;
  workload: Workload;
}

/**
 * What runs a service, of all that bears its name: what bears its id, or else what was adopted and was not rebuilt yet.
 * Whatever else is called so is somebody else's.
 * @param find where to look for what bears its name; the copy unless given
 */
export function ownedOf(
  mirror: Mirror,
  ref: ServiceRef,
  find = (kind: WorkloadKind) => mirror.workload(kind, engineName(ref)),
): Owned[] {
  const found = workloadKinds.flatMap((kind) => {
    const workload = find(kind);
    return workload ? [{ kind, workload }] : [];
  });
  const own = found.filter(({ workload }) => bearsId(workload, ref));
  if (own.length > 0 || ref.adopted === null) {
    return own;
  }
  const isDaemon = ref.adopted.startsWith("daemonset/");
  const wanted = isDaemon ? found.find(({ kind }) => kind === "DaemonSet") : found[0];
  if (!wanted || wanted.workload.metadata.labels?.[labels.serviceId] !== undefined) {
    return [];
  }
  // Pods of its that others control are of what was its own and is gone by now: this was never its own.
  const controlled = new Set(mirror.podsOf(wanted.workload));
  const isOfAnother = mirror.allPods().some((pod) => bearsId(pod, ref) && !controlled.has(pod));
  return isOfAnother ? [] : [wanted];
}

/** What runs a service, as far as it is known. */
export function workloadOf(mirror: Mirror, ref: ServiceRef): Workload | null {
  return ownedOf(mirror, ref)[0]?.workload ?? null;
}

export function bearsId({ metadata }: KubeObject, { serviceId }: ServiceRef): boolean {
  return metadata.labels?.[labels.serviceId] === serviceId;
}
