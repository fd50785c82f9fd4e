import type { RenderedSpec } from "../../domain/rendered-spec.js";
import type { Projection } from "../../operations/driver.js";

/** What a spec comes down to as a service of a swarm; fields it has no place for are reset and named. */
export function project(spec: RenderedSpec): Projection {
  const ignored: string[] = [];
  const ignore = (path: string, set: boolean) => set && ignored.push(path);
  ignore("liveness", spec.liveness !== null);
  ignore("annotations", spec.annotations.length > 0);
  ignore("serviceAccount", spec.serviceAccount !== null);
  ignore("readiness.successThreshold", (spec.readiness?.successThreshold ?? 1) !== 1);
  const ports = spec.ports.map((port) => {
    // The mesh has no address of its own to listen on for a name that resolves to the tasks.
    const unpublished = spec.endpointMode === "DNSRR" && !port.preserveClientIp;
    ignore(`ports.${port.name}.published`, unpublished && port.published !== null);
    return unpublished ? { ...port, published: null } : port;
  });
  const outside = spec.source !== null || spec.workingDir === null || spec.workingDir.startsWith("/");
  ignore("workingDir", !outside);
  return {
    spec: {
      ...spec,
      liveness: null,
      annotations: [],
      serviceAccount: null,
      readiness: spec.readiness && { ...spec.readiness, successThreshold: 1 },
      ports,
      workingDir: outside ? spec.workingDir : null,
    },
    ignored: ignored.sort(),
  };
}

/** Why `next` cannot run beside the old one, as one sentence; null when it can. */
export function downtime(current: RenderedSpec | null, next: RenderedSpec): string | null {
  if (next.rollout.order === "STOP_FIRST") {
    return "The recipe says rollout.order STOP_FIRST: the old one is stopped before the new one starts.";
  }
  const fixed = next.ports.find((port) => port.preserveClientIp && port.published !== null);
  if (fixed) {
    return `Port ${fixed.published} is published on the node itself (preserveClientIp), where only one replica can have it: the old one is stopped first.`;
  }
  const volume = next.volumes.find(({ readOnly, shared }) => !readOnly && !shared);
  if (volume) {
    return `Volume ${volume.source} is written to: the old one is stopped before the new one may. Mark it readOnly if it is not, or shared if several replicas may write to it at the same time.`;
  }
  const narrower = current && next.placement.find((constraint) => !current.placement.includes(constraint));
  return narrower
    ? `Placement ${narrower} is new: on nodes where it does not hold the engine ends the old ones at once.`
    : null;
}
