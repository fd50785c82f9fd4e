import type { FieldChange } from "../../domain/changes.js";
import type { ManagedFields, Workload } from "./api-types.js";
import { fieldManager } from "./cluster.js";
import { keyOfPath, type Leaves, leavesOf, pathsOf } from "./leaves.js";
import { annotations, labels } from "./names.js";

/** As who the cluster's own controllers set fields. */
const clusterManager = "kube-controller-manager";

/** What was applied of a workload, besides what tells whose it is. */
export type AppliedSpec = object & { replicas?: number };

/** What was applied last; null where that was nothing, as of one that was adopted. */
export function appliedSpec(workload: Workload): AppliedSpec | null {
  const text = workload.metadata.annotations?.[annotations.applied];
  try {
    return text === undefined ? null : (JSON.parse(text) as AppliedSpec);
  } catch {
    // Somebody has put something else there: nothing of it can be believed.
    return {};
  }
}

/** Whether somebody else has changed what Rebake put there. */
export function isDrifted(workload: Workload): boolean {
  return differences(workload).length > 0;
}

/** Fields in which a workload is not what was applied, in the API's own terms. */
export function differences(workload: Workload): FieldChange[] {
  const applied = appliedSpec(workload);
  if (applied === null) {
    return [];
  }
  const { replicas: _replicas, ...rest } = applied;
  return differencesFrom(isAutoscalers(workload) ? rest : applied, workload);
}

/** Whether an autoscaler was the last to set the number of replicas: no other controller of the cluster does. */
function isAutoscalers({ metadata }: Workload): boolean {
  return (metadata.managedFields ?? []).some(
    ({ manager, fieldsV1 }) => manager === clusterManager && fieldsV1["f:spec"]?.["f:replicas"] !== undefined,
  );
}

/**
 * What was applied is compared with what is there; what is there besides counts when somebody else has set it: the API
 * itself fills in more with each version.
 */
export function differencesFrom(applied: AppliedSpec, workload: Workload): FieldChange[] {
  const said = leavesOf(applied);
  const found = leavesOf(workload.spec);
  const changes: FieldChange[] = [];
  for (const [key, { path, value }] of said) {
    const there = found.get(key);
    if (there?.value !== value) {
      changes.push(changeOf(path, value, there?.value ?? null));
    }
  }
  for (const path of foreignPaths(workload)) {
    const key = keyOfPath(path);
    const isAnswered = said.has(key) || (path[0] === "replicas" && !("replicas" in applied));
    if (!isAnswered && found.has(key) && !isWithin(path, said)) {
      // What somebody put into a variable that the recipe does not know may be anything.
      changes.push(changeOf(path, null, path.includes("env") ? null : found.get(key)!.value));
    }
  }
  return withoutParents(changes);
}

/** Fields of the spec that others have set. */
function foreignPaths({ metadata }: Workload): string[][] {
  return (metadata.managedFields ?? []).filter(isForeign).flatMap(({ fieldsV1 }) => {
    const spec = fieldsV1["f:spec"];
    return spec ? pathsOf(spec) : [];
  });
}

/** Whether an entry is somebody's who changes what is to run, and neither the cluster itself nor its autoscaler. */
export function isForeign({ manager, subresource }: ManagedFields): boolean {
  return manager !== fieldManager && manager !== clusterManager && !subresource;
}

/** Whether a part of it was applied: then it was compared already. */
function isWithin(path: readonly string[], said: Leaves): boolean {
  const start = `${keyOfPath(path)}\0`;
  return [...said.keys()].some((key) => key.startsWith(start));
}

function changeOf(path: string[], before: string | null, after: string | null): FieldChange {
  const isUnknown = path.includes("env") && before === null;
  const shown = shortened(path);
  const secret = isUnknown || shown.includes("REBAKE_JOB");
  return { path: shown, before: secret ? null : before, after: secret ? null : after, secret };
}

function shortened(path: string[]): string[] {
  const isPod = path[0] === "template" && path[1] === "spec";
  return isPod ? path.slice(2) : path;
}

/** That an entry is there says nothing more beside what is different in it. */
function withoutParents(changes: FieldChange[]): FieldChange[] {
  const keys = changes.map(({ path }) => `${keyOfPath(path)}\0`);
  const isParent = (key: string) => keys.some((other) => other !== key && other.startsWith(key));
  const left = changes.filter((_, index) => !isParent(keys[index]!));
  return left.sort((a, b) => (keyOfPath(a.path) < keyOfPath(b.path) ? -1 : 1));
}

/** What of a workload says what is to run, and by whom: two that are alike in this were not changed in between. */
export function contentOf(workload: Workload): string {
  const { metadata, spec } = workload;
  const applied = appliedSpec(workload);
  const isAutoscaled = applied !== null && !("replicas" in applied);
  const said = isAutoscaled ? { ...spec, replicas: undefined } : spec;
  return JSON.stringify([
    said,
    metadata.annotations?.[annotations.operation],
    metadata.labels?.[labels.serviceId],
  ]);
}
