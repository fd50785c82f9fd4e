import { OperationFailure } from "../../errors.js";
import type { Reporter, ServiceRef, Target } from "../../operations/driver.js";
import type { ContainerPort, KubeService, Workload } from "./api-types.js";
import { ApiRefusal, type Cluster } from "./cluster.js";
import type { KubernetesContext } from "./context.js";
import { labels, serviceName } from "./names.js";
import { bearsId } from "./owned.js";
import { objectPath } from "./paths.js";
import { narrowed, serviceChanges } from "./service-drift.js";
import { type ServiceManifest, serviceManifest } from "./service-manifest.js";

/**
 * Makes the Service by which a service is reached. One of that name which somebody made for what was adopted stays as it
 * is. What somebody has changed of Rebake's own goes. Where none is needed any more, the one that is there leads to the
 * pods that need it until `removeServiceOf`.
 * @returns what was applied, as the cluster has it; null: there is none of Rebake's
 * @throws OperationFailure ENGINE_REFUSED when it is somebody else's
 */
export async function applyService(
  context: KubernetesContext,
  target: Target,
  workload: Workload | null,
  report: Pick<Reporter, "assertHeld">,
): Promise<KubeService["spec"] | null> {
  const { cluster, namespace, mirror, programs } = context;
  const { ref, spec } = target;
  const selector = workload?.spec.selector.matchLabels ?? { [labels.serviceId]: ref.serviceId };
  const beside = workload?.spec.template.spec.containers.flatMap(({ ports = [] }) => ports);
  const body = serviceManifest(ref, spec, selector, programs.installation, beside);
  const name = serviceName(ref);
  const path = objectPath("Service", namespace, name);
  const there = mirror.service(name);
  assertServiceFree(there, target);
  if (there && !bearsId(there, ref)) {
    return null;
  }
  await report.assertHeld();
  if (!body) {
    await (there && callByName(context, name, beside ?? []));
    return null;
  }
  const isHeadless = there?.spec.clusterIP === "None";
  // Whether it has an address of its own cannot be changed.
  if (there && isHeadless !== (spec.endpointMode === "DNSRR")) {
    await cluster.remove("service", path);
  }
  const made = await put(cluster, path, body, there !== null);
  mirror.takeService(made);
  // As the cluster has taken it: what its own webhooks make of it is nobody's change.
  return narrowed(made.spec, body.spec);
}

/**
 * Has a Service call ports by the names that they have in these pods: it then leads to none in which nothing is called so,
 * where by number it would lead to all that it selects.
 */
async function callByName(
  { cluster, namespace, mirror }: KubernetesContext,
  name: string,
  ports: readonly ContainerPort[],
): Promise<void> {
  const path = objectPath("Service", namespace, name);
  const found = await cluster.get<KubeService>("service", path);
  const calls = (found?.spec.ports ?? []).flatMap(({ targetPort, protocol = "TCP" }, index) => {
    const called = ports.find(
      (one) => one.containerPort === targetPort && (one.protocol ?? "TCP") === protocol,
    );
    return called?.name
      ? [{ op: "replace", path: `/spec/ports/${index}/targetPort`, value: called.name }]
      : [];
  });
  if (calls.length > 0) {
    mirror.takeService(await cluster.patch<KubeService>("service", path, calls));
  }
}

/** Removes the Service by which a service was reached, if that is Rebake's. */
export async function removeServiceOf(
  { cluster, namespace, mirror }: KubernetesContext,
  ref: ServiceRef,
): Promise<void> {
  const name = serviceName(ref);
  const there = mirror.service(name);
  if (there && bearsId(there, ref)) {
    await cluster.remove("service", objectPath("Service", namespace, name));
  }
}

/**
 * What others have added stays when it is applied, and a port to which somebody has given another number is then there
 * twice by one name, which is refused: that is taken away.
 */
async function put(
  cluster: Cluster,
  path: string,
  body: ServiceManifest,
  isThere: boolean,
): Promise<KubeService> {
  const apply = () => cluster.apply<KubeService>("service", path, body);
  const made = await apply().catch((error) => {
    if (isThere && error instanceof ApiRefusal && error.status === 422) {
      return null;
    }
    throw error;
  });
  if (made && isSame(body, made)) {
    return made;
  }
  const { type, selector, ports } = body.spec;
  const said = Object.entries({ type, selector, ports });
  const patch = said.map(([field, value]) => ({ op: "add", path: `/spec/${field}`, value }));
  await cluster.patch("service", path, patch);
  return apply();
}

function isSame({ metadata: { name, labels: marks }, spec }: ServiceManifest, made: KubeService): boolean {
  const said = { name, serviceId: marks[labels.serviceId]!, spec, numbers: new Map() };
  return serviceChanges(said, made).length === 0;
}

/** @throws OperationFailure ENGINE_REFUSED when a service needs the Service of its name, and that is somebody else's */
export function assertServiceFree(there: KubeService | null, { ref, spec }: Target): void {
  if (there && !bearsId(there, ref) && ref.adopted === null && spec.ports.length > 0) {
    const { name } = there.metadata;
    const message = `The namespace has a Service ${name} already, which is not this service's: remove it there, or call the service otherwise.`;
    throw new OperationFailure("ENGINE_REFUSED", message);
  }
}
