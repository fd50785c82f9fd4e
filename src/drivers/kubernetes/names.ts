import type { ServiceRef } from "../../operations/driver.js";
import { shortHash } from "../engine/hash.js";

/** Labels on everything that this driver makes; values are ids, which are short enough and of the right letters. */
export const labels = {
  installation: "rebake/installation",
  environmentId: "rebake/environment-id",
  serviceId: "rebake/service-id",
  /** On pods and what they need: which operation they are of. */
  operation: "rebake/operation",
} as const;

/** What is no label, because nothing is selected by it or it may be anything. */
export const annotations = {
  environment: "rebake/environment",
  service: "rebake/service",
  operation: "rebake/operation",
  fence: "rebake/fence",
  fingerprint: "rebake/fingerprint",
  /** What was applied, as JSON: what is there instead was changed by somebody else. */
  applied: "rebake/applied",
  /** What was applied of its Service, as JSON; absent where it has none of Rebake's. */
  appliedService: "rebake/applied-service",
  /** What there was before the last rebuild, as JSON: for whoever has to undo it. */
  before: "rebake/before",
} as const;

/** Services of a namespace may not be called longer, nor begin with a digit (RFC 1035). */
const longestName = 63;

export type WorkloadKind = "Deployment" | "DaemonSet";

/** What a service is called in its namespace, alike as a workload and as a Service. */
export function engineName({ adopted, name, serviceId }: ServiceRef): string {
  if (adopted !== null) {
    return adopted.replace(/^daemonset\//, "");
  }
  // What is put before it must not make it another service's name.
  return /^\d/.test(name)
    ? `${`s-${name}`.slice(0, longestName - 7)}-${shortHash(serviceId, 6)}`
    : name.slice(0, longestName);
}

/** What the Service is called by which a service is reached: workloads that were adopted may be called as none may be. */
export function serviceName(ref: ServiceRef): string {
  const name = engineName(ref);
  return /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name) ? name : engineName({ ...ref, adopted: null });
}

/** What a part of a service is called, e.g. its files: `suffix` says its content. */
export function partName(name: string, part: string, suffix: string): string {
  return `${name.slice(0, 200).replace(/[.-]+$/, "")}-${part}-${suffix}`;
}

/** What an operation made something for, in a name: ids have letters that names may not have. */
export function operationSuffix(operationId: string): string {
  return shortHash(operationId, 12);
}

/** What marks everything of a service. */
export function serviceLabels(installation: string, ref: ServiceRef): Record<string, string> {
  return {
    [labels.installation]: installation,
    [labels.environmentId]: ref.environmentId,
    [labels.serviceId]: ref.serviceId,
  };
}

/** What goes beside the labels, for people and to know the service again by. */
export function serviceAnnotations(ref: ServiceRef): Record<string, string> {
  return { [annotations.environment]: ref.environment, [annotations.service]: ref.name };
}

/** The service that labels and annotations speak of; null when they are not of this installation. */
export function refFrom(
  { labels: found, annotations: said }: Marked,
  name: string,
  installation: string,
): ServiceRef | null {
  const [environmentId, serviceId] = [found?.[labels.environmentId], found?.[labels.serviceId]];
  const [environment, service] = [said?.[annotations.environment], said?.[annotations.service]];
  if (
    found?.[labels.installation] !== installation ||
    !environmentId ||
    !serviceId ||
    !environment ||
    !service
  ) {
    return null;
  }
  const ref = { environmentId, serviceId, environment, name: service, adopted: null };
  return engineName(ref) === name ? ref : { ...ref, adopted: name };
}

interface Marked {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}
