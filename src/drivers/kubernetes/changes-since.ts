import type { FieldChange } from "../../domain/changes.js";
import type { Target } from "../../operations/driver.js";
import type { Workload } from "./api-types.js";
import type { KubernetesContext } from "./context.js";
import { type AppliedSpec, differences, differencesFrom } from "./drift.js";
import { manifestOf } from "./manifest.js";
import { labels } from "./names.js";
import { hasAutoscaler, stampOf } from "./push.js";

/**
 * What a workload is instead of what was deployed. A rollback by hand brings back also what an earlier operation had
 * written down of itself: then that says nothing, and what was deployed is worked out anew.
 */
export async function changesSince(
  context: KubernetesContext,
  deployed: Target,
  workload: Workload,
): Promise<FieldChange[]> {
  if (stampOf(workload) === deployed.stamp.operationId || !wasDeployed(workload, deployed)) {
    return differences(workload);
  }
  const { kind, name, workload: wanted } = manifestOf(deployed, context.programs, context.features);
  const { replicas, ...rest } = wanted.spec;
  const isCounted = replicas !== undefined && !(await hasAutoscaler(context, kind, name));
  const said: AppliedSpec = isCounted ? { ...rest, replicas } : rest;
  return differencesFrom(said, workload);
}

/** One that was adopted and not deployed since bears nothing of Rebake's. */
function wasDeployed(workload: Workload, { ref }: Target): boolean {
  return stampOf(workload) !== undefined || workload.metadata.labels?.[labels.serviceId] === ref.serviceId;
}
