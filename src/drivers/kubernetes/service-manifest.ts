import type { PortSpec } from "../../domain/recipe-spec.js";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import type { ServiceRef } from "../../operations/driver.js";
import type { ContainerPort, KubeService, ServicePort } from "./api-types.js";
import { containerPorts, type ManifestMeta, typeOf } from "./manifest.js";
import { serviceAnnotations, serviceLabels, serviceName } from "./names.js";

/** Where clusters open ports on their nodes, unless they are told otherwise. */
const nodePorts = { first: 30_000, last: 32_767 };

export interface ServiceManifest {
  apiVersion: string;
  kind: string;
  metadata: ManifestMeta & { name: string };
  spec: KubeService["spec"];
}

/**
 * The Service by which the pods of a service are reached, under its name: within the cluster; on a port of each node when
 * one from 30000 to 32767 is published; through the cloud's load balancer when any other is. Null without ports. Pure.
 * @param beside ports of pods that are there already, and serve on until those of this spec do
 */
export function serviceManifest(
  ref: ServiceRef,
  { ports, endpointMode }: RenderedSpec,
  selector: Record<string, string>,
  installation: string,
  beside: readonly ContainerPort[] = [],
): ServiceManifest | null {
  if (ports.length === 0) {
    return null;
  }
  const type = typeFor(ports);
  return {
    ...typeOf("Service"),
    metadata: {
      name: serviceName(ref),
      labels: serviceLabels(installation, ref),
      annotations: serviceAnnotations(ref),
    },
    spec: {
      type,
      ...(endpointMode === "DNSRR" && { clusterIP: "None" }),
      selector,
      ports: ports.map((port) => portOf(port, targetPortOf(port, containerPorts(ports), beside))),
      ...(type !== "ClusterIP" && {
        externalTrafficPolicy: ports.some(({ preserveClientIp }) => preserveClientIp) ? "Local" : "Cluster",
      }),
    },
  };
}

function typeFor(ports: readonly PortSpec[]): "ClusterIP" | "NodePort" | "LoadBalancer" {
  if (ports.some(({ published }) => published !== null && !isNodePort(published))) {
    return "LoadBalancer";
  }
  return ports.some(({ published }) => published !== null) ? "NodePort" : "ClusterIP";
}

/**
 * By number; by name where pods that are there already listen elsewhere under the same name: whatever the number, each
 * is then called at its own.
 */
function targetPortOf(
  { name, target, protocol }: PortSpec,
  own: readonly ContainerPort[],
  beside: readonly ContainerPort[],
): number | string {
  const isCalled = (port: ContainerPort) => port.name === name && (port.protocol ?? "TCP") === protocol;
  const isThere = beside.some(
    (port) => port.containerPort === target && (port.protocol ?? "TCP") === protocol,
  );
  return !isThere && own.some(isCalled) && beside.some(isCalled) ? name : target;
}

function portOf({ name, target, published, protocol }: PortSpec, targetPort: number | string): ServicePort {
  const isOnNode = published !== null && isNodePort(published);
  return {
    name,
    protocol,
    port: published !== null && !isOnNode ? published : target,
    targetPort,
    ...(isOnNode && { nodePort: published }),
  };
}

function isNodePort(port: number): boolean {
  return port >= nodePorts.first && port <= nodePorts.last;
}
