import type { ForeignService } from "../../operations/driver.js";
import type { Workload } from "./api-types.js";
import type { Mirror } from "./mirror.js";
import { labels } from "./names.js";

/** Deployments and DaemonSets of a namespace that this Rebake did not deploy. A DaemonSet that is called as a Deployment is has its kind before its name. */
export function foreignServices(mirror: Mirror, installation: string): ForeignService[] {
  const isForeign = ({ metadata }: Workload) => metadata.labels?.[labels.installation] !== installation;
  const deployments = mirror.allWorkloads("Deployment").filter(isForeign);
  const names = new Set(mirror.allWorkloads("Deployment").map(({ metadata }) => metadata.name));
  const daemons = mirror.allWorkloads("DaemonSet").filter(isForeign);
  const nameOf = ({ metadata: { name } }: Workload) => (names.has(name) ? `daemonset/${name}` : name);
  return [
    ...deployments.map((one) => asForeign(one, one.metadata.name, "REPLICATED")),
    ...daemons.map((one) => asForeign(one, nameOf(one), "GLOBAL")),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function asForeign(
  { metadata, spec, status }: Workload,
  name: string,
  mode: ForeignService["mode"],
): ForeignService {
  return {
    name,
    image: spec.template.spec.containers[0]?.image?.replace(/@sha256:.*$/, "") ?? null,
    mode,
    replicas: spec.replicas ?? status?.desiredNumberScheduled ?? 1,
    running: status?.readyReplicas ?? status?.numberReady ?? 0,
    createdAt: new Date(metadata.creationTimestamp),
    installation: metadata.labels?.[labels.installation] ?? null,
  };
}
