import type { Reporter, ServiceRef } from "../../operations/driver.js";
import type { KubeObject, PodTemplate } from "./api-types.js";
import type { KubernetesContext } from "./context.js";
import { engineName, labels } from "./names.js";
import { listPath, objectPath } from "./paths.js";

/** After so long what nothing uses was left by a server that died, or an older version, in milliseconds. */
const abandonedAfter = 600_000;

type Held = Pick<Reporter, "assertHeld">;

/**
 * Removes what was put into containers of a service and is used by none of its sets any more; those that the cluster keeps
 * for an undo by hand count. Deployers that no service of the namespace uses go after a while.
 */
export async function removeUnused(context: KubernetesContext, ref: ServiceRef, report: Held): Promise<void> {
  const { mirror, programs } = context;
  const name = engineName(ref);
  const templates = (["Deployment", "DaemonSet"] as const).flatMap((kind) => {
    const workload = mirror.workload(kind, name);
    return workload
      ? [workload.spec.template, ...mirror.setsOf(workload).flatMap(({ spec }) => spec.template ?? [])]
      : [];
  });
  const own = `${labels.installation}=${programs.installation},${labels.serviceId}=${ref.serviceId}`;
  await removeBut(context, own, new Set(templates.flatMap(referredTo)), () => true, report);
  const all = (["Deployment", "DaemonSet"] as const)
    .flatMap((kind) => mirror.allWorkloads(kind))
    .flatMap((workload) => [
      workload.spec.template,
      ...mirror.setsOf(workload).flatMap(({ spec }) => spec.template ?? []),
    ]);
  const isOld = ({ metadata }: KubeObject) =>
    Date.now() - Date.parse(metadata.creationTimestamp) > abandonedAfter;
  const shared = `${labels.installation}=${programs.installation},!${labels.serviceId}`;
  await removeBut(context, shared, new Set(all.flatMap(referredTo)), isOld, report, ["ConfigMap"]);
}

/** Removes all that was put into containers of a service. */
export async function removeParts(context: KubernetesContext, ref: ServiceRef, report: Held): Promise<void> {
  const own = `${labels.installation}=${context.programs.installation},${labels.serviceId}=${ref.serviceId}`;
  await removeBut(context, own, new Set(), () => true, report);
}

async function removeBut(
  { cluster, namespace }: KubernetesContext,
  labelSelector: string,
  used: ReadonlySet<string>,
  mayGo: (one: KubeObject) => boolean,
  report: Held,
  of: readonly ("ConfigMap" | "Secret")[] = ["ConfigMap", "Secret"],
): Promise<void> {
  for (const kind of of) {
    const plural = `${kind.toLowerCase()}s`;
    const { items } = await cluster.list<KubeObject>(plural, listPath(kind, namespace), { labelSelector });
    for (const one of items.filter(({ metadata }) => !used.has(metadata.name)).filter(mayGo)) {
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
