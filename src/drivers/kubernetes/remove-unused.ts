import type { Reporter, ServiceRef } from "../../operations/driver.js";
import type { KubeObject, PodTemplate, Workload } from "./api-types.js";
import type { KubernetesContext } from "./context.js";
import { engineName, labels } from "./names.js";
import { listPath, objectPath } from "./paths.js";

/** After so long what nothing uses was left by a server that died, or an older version, in milliseconds. */
const abandonedAfter = 600_000;

const kinds = ["Deployment", "DaemonSet"] as const;

type Held = Pick<Reporter, "assertHeld">;

/**
 * Removes what was put into containers of a service and is used by none of its sets any more; those that the cluster keeps
 * for an undo by hand count. Deployers that no service of the namespace uses go after a while.
 */
export async function removeUnused(context: KubernetesContext, ref: ServiceRef, report: Held): Promise<void> {
  const { mirror, programs } = context;
  const name = engineName(ref);
  const mine = kinds.flatMap((kind) => mirror.workload(kind, name) ?? []);
  const own = `${labels.installation}=${programs.installation},${labels.serviceId}=${ref.serviceId}`;
  await removeWhere(context, own, (one) => !isUsed(context, one, mine), report);
  const isLeft = (one: KubeObject) =>
    isOld(one) && !kinds.some((kind) => isUsed(context, one, mirror.allWorkloads(kind)));
  const shared = `${labels.installation}=${programs.installation},!${labels.serviceId}`;
  await removeWhere(context, shared, isLeft, report, ["ConfigMap"]);
}

/** Ends at the first that uses it: a namespace may have ten thousand services. */
function isUsed({ mirror }: KubernetesContext, { metadata }: KubeObject, by: readonly Workload[]): boolean {
  const uses = (template: PodTemplate | undefined) =>
    template && referredTo(template).includes(metadata.name);
  for (const workload of by) {
    if (uses(workload.spec.template) || mirror.setsOf(workload).some(({ spec }) => uses(spec.template))) {
      return true;
    }
  }
  return false;
}

function isOld({ metadata }: KubeObject): boolean {
  return Date.now() - Date.parse(metadata.creationTimestamp) > abandonedAfter;
}

/** Removes all that was put into containers of a service. */
export async function removeParts(context: KubernetesContext, ref: ServiceRef, report: Held): Promise<void> {
  const own = `${labels.installation}=${context.programs.installation},${labels.serviceId}=${ref.serviceId}`;
  await removeWhere(context, own, () => true, report);
}

async function removeWhere(
  { cluster, namespace }: KubernetesContext,
  labelSelector: string,
  mayGo: (one: KubeObject) => boolean,
  report: Held,
  of: readonly ("ConfigMap" | "Secret")[] = ["ConfigMap", "Secret"],
): Promise<void> {
  for (const kind of of) {
    const plural = `${kind.toLowerCase()}s`;
    const { items } = await cluster.list<KubeObject>(plural, listPath(kind, namespace), { labelSelector });
    for (const one of items.filter(mayGo)) {
      await report.assertHeld();
      await cluster.remove(kind.toLowerCase(), objectPath(kind, namespace, one.metadata.name));
    }
  }
}

/** Names of the ConfigMaps and Secrets that pods of a template use. */
function referredTo({ spec }: PodTemplate): string[] {
  const volumes = (spec.volumes ?? []) as { configMap?: { name: string }; secret?: { secretName: string } }[];
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return [
    ...volumes.flatMap(({ configMap, secret }) => configMap?.name ?? secret?.secretName ?? []),
    ...containers.flatMap(({ env = [], envFrom = [] }) => [
      ...env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
      ...envFrom.map(({ secretRef }) => secretRef?.name ?? ""),
    ]),
    ...(spec.imagePullSecrets ?? []).map(({ name }) => name),
  ];
}
