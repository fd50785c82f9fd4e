import { isAbsolute } from "node:path";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import type { Projection } from "../../operations/driver.js";

/** Fields that mean nothing to plain processes of one host, with their empty values. */
const unsupported = {
  image: null,
  volumes: [],
  networks: [],
  labels: [],
  annotations: [],
  placement: [],
  endpointMode: null,
  serviceAccount: null,
} as const satisfies Partial<RenderedSpec>;

/** What a spec comes down to as processes of one host. */
export function project(spec: RenderedSpec): Projection {
  const ignored = Object.keys(unsupported).filter((name) => isSet(spec[name as keyof typeof unsupported]));
  const ports = spec.ports.flatMap((port) => {
    if (port.protocol !== "TCP") {
      ignored.push(`ports.${port.name}`);
      return [];
    }
    if (port.preserveClientIp) {
      ignored.push(`ports.${port.name}.preserveClientIp`);
    }
    return [{ ...port, preserveClientIp: false }];
  });
  for (const [name, value] of Object.entries(spec.resources ?? {})) {
    if (value !== null) {
      ignored.push(`resources.${name}`);
    }
  }
  const outside = spec.workingDir !== null && isAbsolute(spec.workingDir);
  if (outside) {
    ignored.push("workingDir");
  }
  if (spec.rollout.parallelism !== 1) {
    ignored.push("rollout.parallelism");
  }
  return {
    spec: {
      ...spec,
      ...structuredClone({
        ...unsupported,
        volumes: [],
        networks: [],
        labels: [],
        annotations: [],
        placement: [],
      }),
      ports,
      resources: null,
      workingDir: outside ? null : spec.workingDir,
      rollout: { ...spec.rollout, parallelism: 1 },
    },
    ignored: ignored.sort(),
  };
}

function isSet(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== null;
}
