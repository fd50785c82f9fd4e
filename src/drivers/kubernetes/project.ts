import type { RenderedSpec } from "../../domain/rendered-spec.js";
import type { Projection } from "../../operations/driver.js";
import type { Features } from "./manifest.js";
import { requirementOf } from "./placement.js";
import { isLabelValue, isQualifiedName } from "./qualified-names.js";

/** What a spec comes down to as a workload of a cluster; fields it has no place for are reset and named. */
export function project(spec: RenderedSpec): Projection {
  const ignored: string[] = [];
  const ignore = (path: string, set: boolean) => set && ignored.push(path);
  ignore("networks", spec.networks.length > 0);
  const restarts =
    spec.restart === null || (spec.restart.condition === "ALWAYS" && spec.restart.maxAttempts === null);
  ignore("restart", !restarts);
  ignore("liveness.successThreshold", (spec.liveness?.successThreshold ?? 1) !== 1);
  const headless = spec.endpointMode === "DNSRR" && spec.ports.every(({ published }) => published === null);
  ignore("endpointMode", spec.endpointMode === "DNSRR" && !headless);
  // A DaemonSet is updated a node at a time.
  const parallelism = spec.mode === "GLOBAL" ? 1 : spec.rollout.parallelism;
  ignore("rollout.parallelism", parallelism !== spec.rollout.parallelism);
  const outside = spec.source !== null || spec.workingDir === null || spec.workingDir.startsWith("/");
  ignore("workingDir", !outside);
  const kept = <T extends { name: string }>(field: string, all: T[], isAllowed: (one: T) => boolean): T[] => {
    const [good, bad] = [all.filter(isAllowed), all.filter((one) => !isAllowed(one))];
    ignored.push(...bad.map(({ name }) => `${field}.${name}`));
    return good;
  };
  const placement = spec.placement.filter((line) => requirementOf(line) !== null);
  ignore("placement", placement.length < spec.placement.length);
  return {
    spec: {
      ...spec,
      networks: [],
      restart: restarts ? spec.restart : null,
      liveness: spec.liveness && { ...spec.liveness, successThreshold: 1 },
      endpointMode: headless || spec.endpointMode !== "DNSRR" ? spec.endpointMode : null,
      workingDir: outside ? spec.workingDir : null,
      labels: kept("labels", spec.labels, ({ name, value }) => isLabel(name, value)),
      annotations: kept("annotations", spec.annotations, ({ name }) => isKey(name)),
      placement,
      rollout: { ...spec.rollout, parallelism },
    },
    ignored: ignored.sort(),
  };
}

/** Why `next` cannot run beside the old one, as one sentence; null when it can. */
export function downtime(next: RenderedSpec, { daemonSurge }: Features): string | null {
  if (next.rollout.order === "STOP_FIRST") {
    return "The recipe says rollout.order STOP_FIRST: the old one is stopped before the new one starts.";
  }
  const volume = next.volumes.find(({ readOnly, shared }) => !readOnly && !shared);
  if (volume) {
    return `Volume ${volume.source} is written to: the old one is stopped before the new one may. Mark it readOnly if it is not, or shared if several replicas may write to it at the same time.`;
  }
  return next.mode === "GLOBAL" && !daemonSurge
    ? "A DaemonSet is updated node by node, the old one stopped first: clusters before Kubernetes 1.22 cannot start the new one beside it."
    : null;
}

/** Whether a recipe may have it as the key of a label or annotation: those of Rebake are not for recipes. */
function isKey(key: string): boolean {
  return isQualifiedName(key) && !key.startsWith("rebake/");
}

function isLabel(key: string, value: string): boolean {
  return isKey(key) && isLabelValue(value);
}
