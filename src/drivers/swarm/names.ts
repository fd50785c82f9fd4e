import type { ServiceRef } from "../../operations/driver.js";
import { shortHash } from "../engine/hash.js";

/** Labels on everything that this driver makes. */
export const labels = {
  installation: "rebake.installation",
  environment: "rebake.environment",
  environmentId: "rebake.environment-id",
  service: "rebake.service",
  serviceId: "rebake.service-id",
  operation: "rebake.operation",
  fence: "rebake.fence",
  fingerprint: "rebake.fingerprint",
  /** How many were asked for. */
  replicas: "rebake.replicas",
  /** Hash of what was put there, to see when somebody changes it by hand. */
  intended: "rebake.intended",
  /** The recipe's name of a network or volume. */
  name: "rebake.name",
} as const;

/** The engine refuses longer names of services and networks. */
const longestName = 63;

/**
 * What everything of an environment is called by first: two Rebakes, or DEV and STG of one, never meet on a swarm.
 */
export function scopeOf(
  installation: string,
  ref: Pick<ServiceRef, "environment" | "environmentId">,
): string {
  return `${ref.environment.toLowerCase()}-${shortHash(`${installation} ${ref.environmentId}`, 6)}`;
}

/** What a service is called on the engine. */
export function engineName(installation: string, ref: ServiceRef): string {
  if (ref.adopted !== null) {
    return ref.adopted;
  }
  return shortened(`${scopeOf(installation, ref)}_${ref.name}`, ref.serviceId);
}

/** What a network of an environment is called on the engine. */
export function networkName(scope: string, name: string): string {
  return shortened(`${scope}_${name}`, name);
}

/** `id` tells it from others that begin alike. */
function shortened(name: string, id: string): string {
  return name.length <= longestName ? name : `${name.slice(0, longestName - 7)}-${shortHash(id, 6)}`;
}

/** What marks everything of an environment. */
export function environmentLabels(
  installation: string,
  ref: Pick<ServiceRef, "environment" | "environmentId">,
): Record<string, string> {
  return {
    [labels.installation]: installation,
    [labels.environment]: ref.environment,
    [labels.environmentId]: ref.environmentId,
  };
}

/** What marks everything of a service. */
export function serviceLabels(installation: string, ref: ServiceRef): Record<string, string> {
  return {
    ...environmentLabels(installation, ref),
    [labels.service]: ref.name,
    [labels.serviceId]: ref.serviceId,
  };
}

/** The service that labels speak of, by its engine's name; null when they are not of this installation. */
export function refFrom(
  found: Record<string, string> | undefined,
  name: string,
  installation: string,
): ServiceRef | null {
  const [environment, environmentId, service, serviceId] = [
    found?.[labels.environment],
    found?.[labels.environmentId],
    found?.[labels.service],
    found?.[labels.serviceId],
  ];
  if (
    found?.[labels.installation] !== installation ||
    !environment ||
    !environmentId ||
    !service ||
    !serviceId
  ) {
    return null;
  }
  const ref = { environment, environmentId, name: service, serviceId, adopted: null };
  return engineName(installation, ref) === name ? ref : { ...ref, adopted: name };
}
