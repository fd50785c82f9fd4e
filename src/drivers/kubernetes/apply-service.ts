import { OperationFailure } from "../../errors.js";
import type { Reporter, Target } from "../../operations/driver.js";
import type { KubeService, Workload } from "./api-types.js";
import type { KubernetesContext } from "./context.js";
import { labels, serviceName } from "./names.js";
import { objectPath } from "./paths.js";
import { saidService, serviceChanges } from "./service-drift.js";
import { serviceManifest } from "./service-manifest.js";

/**
 * Makes the Service by which a service is reached, or takes it away. One of that name which somebody made for what was
 * adopted stays as it is. What somebody has changed of Rebake's own goes.
 * @param workload as it was when that was applied
 * @returns what was applied; null: there is none of Rebake's
 * @throws OperationFailure ENGINE_REFUSED when it is somebody else's
 */
export async function applyService(
  { cluster, namespace, mirror, programs }: KubernetesContext,
  { ref, spec }: Target,
  workload: Workload | null,
  report: Pick<Reporter, "assertHeld">,
): Promise<KubeService["spec"] | null> {
  const selector = workload?.spec.selector.matchLabels ?? { [labels.serviceId]: ref.serviceId };
  const beside = workload?.spec.template.spec.containers.flatMap(({ ports = [] }) => ports);
  const body = serviceManifest(ref, spec, selector, programs.installation, beside);
  const name = serviceName(ref);
  const path = objectPath("Service", namespace, name);
  const there = mirror.service(name);
  const isOurs = there?.metadata.labels?.[labels.serviceId] === ref.serviceId;
  if (there && !isOurs) {
    if (ref.adopted !== null || !body) {
      return null;
    }
    const message = `The namespace has a Service ${name} already, which is not this service's: remove it there, or call the service otherwise.`;
    throw new OperationFailure("ENGINE_REFUSED", message);
  }
  await report.assertHeld();
  const isHeadless = there?.spec.clusterIP === "None";
  // Whether it has an address of its own cannot be changed.
  if (there && (!body || isHeadless !== (spec.endpointMode === "DNSRR"))) {
    await cluster.remove("service", path);
  } else if (there && body && isChanged(there, workload)) {
    // What others have added stays when it is applied, and two ports of one name are refused.
    await cluster.patch("service", path, [
      { op: "add", path: "/spec/selector", value: body.spec.selector },
      { op: "add", path: "/spec/ports", value: body.spec.ports },
    ]);
  }
  if (body) {
    mirror.takeService(await cluster.apply<KubeService>("service", path, body));
  }
  return body?.spec ?? null;
}

function isChanged(there: KubeService, workload: Workload | null): boolean {
  const said = workload && saidService(workload, there.metadata.name);
  return said !== null && serviceChanges(said, there).length > 0;
}
