import type { FieldChange } from "../../domain/changes.js";
import type { ServiceRef } from "../../operations/driver.js";
import type { KubeService, Workload } from "./api-types.js";
import type { KubernetesContext } from "./context.js";
import { serviceName } from "./names.js";
import { objectPath } from "./paths.js";
import { saidService, serviceChanges } from "./service-drift.js";

/**
 * What somebody has changed of the Service that was applied with a workload. The cluster itself is asked where what is
 * watched says so, as that may be behind.
 * @throws ApiRefusal, EngineAway
 */
export async function changedService(
  { cluster, namespace, mirror }: Pick<KubernetesContext, "cluster" | "namespace" | "mirror">,
  ref: ServiceRef,
  workload: Workload,
): Promise<FieldChange[]> {
  const name = serviceName(ref);
  const said = saidService(workload, name);
  if (!said || serviceChanges(said, mirror.service(name)).length === 0) {
    return [];
  }
  const found = await cluster.get<KubeService>("service", objectPath("Service", namespace, name));
  if (found) {
    mirror.takeService(found);
  }
  return serviceChanges(said, found);
}
