import type { FieldChange } from "../../domain/changes.js";
import type { Target } from "../../operations/driver.js";
import type { Workload } from "./api-types.js";
import type { KubernetesContext } from "./context.js";
import { type AppliedSpec, differences, differencesFrom } from "./drift.js";
import { type Manifest, manifestOf } from "./manifest.js";
import { annotations, labels, serviceName } from "./names.js";
import { autoscalerOf, stampOf } from "./push.js";
import { numbersIn, type SaidService, saidService, serviceChanges } from "./service-drift.js";
import { serviceManifest } from "./service-manifest.js";

/**
 * What a workload and its Service are instead of what was deployed. A rollback by hand brings back also what an earlier
 * operation had written down of itself: then that says nothing, and what was deployed is worked out anew.
 */
export async function changesSince(
  context: KubernetesContext,
  deployed: Target,
  workload: Workload,
): Promise<FieldChange[]> {
  const name = serviceName(deployed.ref);
  const service = context.mirror.service(name);
  const changesOf = (said: SaidService | null) => (said ? serviceChanges(said, service) : []);
  if (stampOf(workload) === deployed.stamp.operationId || !wasDeployed(workload, deployed)) {
    return [...differences(workload), ...changesOf(saidService(workload, name))];
  }
  const manifest = manifestOf(deployed, context.programs, context.features);
  const { replicas, ...rest } = manifest.workload.spec;
  const isCounted =
    replicas !== undefined && (await autoscalerOf(context, manifest.kind, manifest.name)) === "NONE";
  const said: AppliedSpec = isCounted ? { ...rest, replicas } : rest;
  const changes = differencesFrom(said, workload);
  return [...changes, ...changesOf(serviceOf(context, deployed, workload, manifest))];
}

/** One that was adopted and not deployed since bears nothing of Rebake's. */
function wasDeployed(workload: Workload, { ref }: Target): boolean {
  return stampOf(workload) !== undefined || workload.metadata.labels?.[labels.serviceId] === ref.serviceId;
}

/** Null: there is to be none, or it is somebody's who made it for what was adopted. */
function serviceOf(
  { mirror, programs }: KubernetesContext,
  { ref, spec }: Target,
  { metadata, spec: { selector } }: Workload,
  manifest: Manifest,
): SaidService | null {
  const [name, { serviceId }] = [serviceName(ref), ref];
  const wasMade = metadata.annotations?.[annotations.appliedService] !== undefined;
  const isOurs = mirror.service(name)?.metadata.labels?.[labels.serviceId] === serviceId;
  const body = serviceManifest(ref, spec, selector.matchLabels ?? {}, programs.installation);
  return body && (ref.adopted === null || wasMade || isOurs)
    ? { name, serviceId, spec: body.spec, numbers: numbersIn(manifest.workload.spec) }
    : null;
}
