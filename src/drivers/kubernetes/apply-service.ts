import { OperationFailure } from "../../errors.js";
import type { Reporter, Target } from "../../operations/driver.js";
import type { KubeService, Workload } from "./api-types.js";
import type { KubernetesContext } from "./context.js";
import { labels, serviceName } from "./names.js";
import { objectPath } from "./paths.js";
import { serviceManifest } from "./service-manifest.js";

/**
 * Makes the Service by which a service is reached, or takes it away. One of that name which somebody made for what was
 * adopted stays as it is.
 * @throws OperationFailure ENGINE_REFUSED when it is somebody else's
 */
export async function applyService(
  { cluster, namespace, mirror, programs }: KubernetesContext,
  { ref, spec }: Target,
  workload: Workload | null,
  report: Pick<Reporter, "assertHeld">,
): Promise<void> {
  const selector = workload?.spec.selector.matchLabels ?? { [labels.serviceId]: ref.serviceId };
  const beside = workload?.spec.template.spec.containers.flatMap(({ ports = [] }) => ports);
  const body = serviceManifest(ref, spec, selector, programs.installation, beside);
  const name = serviceName(ref);
  const path = objectPath("Service", namespace, name);
  const there = mirror.service(name);
  const isOurs = there?.metadata.labels?.[labels.serviceId] === ref.serviceId;
  if (there && !isOurs) {
    if (ref.adopted !== null || !body) {
      return;
    }
    const message = `The namespace has a Service ${name} already, which is not this service's: remove it there, or call the service otherwise.`;
    throw new OperationFailure("ENGINE_REFUSED", message);
  }
  await report.assertHeld();
  const isHeadless = there?.spec.clusterIP === "None";
  // Whether it has an address of its own cannot be changed.
  if (there && (!body || isHeadless !== (spec.endpointMode === "DNSRR"))) {
    await cluster.remove("service", path);
  }
  if (body) {
    mirror.takeService(await cluster.apply<KubeService>("service", path, body));
  }
}
