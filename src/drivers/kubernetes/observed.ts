import type { Observed, PublishedPort } from "../../operations/driver.js";
import type { KubeNode, KubeService, Pod, Workload } from "./api-types.js";
import { isDrifted } from "./drift.js";
import { annotations } from "./names.js";
import { serviceState, tasksOf } from "./pods.js";
import { saidService, serviceChanges } from "./service-drift.js";

/** A service as its cluster has it now. Pure. */
export function observedOf(
  workload: Workload | null,
  pods: readonly Pod[],
  service: KubeService | null,
  node: KubeNode | null,
): Observed {
  const tasks = tasksOf(pods);
  return {
    state: serviceState(workload, tasks),
    tasks,
    ports: workload && service ? portsOf(service, workload, node) : [],
    fingerprint: workload?.metadata.annotations?.[annotations.fingerprint] ?? null,
    operationId: workload?.metadata.annotations?.[annotations.operation] ?? null,
    drifted: workload !== null && (isDrifted(workload) || isServiceDrifted(workload, service)),
  };
}

function isServiceDrifted(workload: Workload, service: KubeService | null): boolean {
  const said = saidService(workload, workload.metadata.name);
  return said !== null && serviceChanges(said, service).length > 0;
}

/** Where a Service can be reached: from outside where it is open there, else within the cluster. */
function portsOf({ spec, status }: KubeService, workload: Workload, node: KubeNode | null): PublishedPort[] {
  const containerPorts = workload.spec.template.spec.containers.flatMap(({ ports = [] }) => ports);
  const numbered = (port: number | string) =>
    containerPorts.find(({ name }) => name === port)?.containerPort ?? Number(port);
  const [balancer] = status?.loadBalancer?.ingress ?? [];
  const outside = balancer?.ip ?? balancer?.hostname;
  const inside = spec.clusterIP === "None" ? undefined : spec.clusterIP;
  const nodeAddress = node && addressOf(node);
  return (spec.ports ?? []).flatMap(({ name, port, targetPort, protocol, nodePort }): PublishedPort[] => {
    const onNode = nodePort !== undefined && nodeAddress !== null && !outside;
    const host = outside ?? (onNode ? nodeAddress : inside);
    const published = onNode ? nodePort : port;
    return host === undefined
      ? []
      : [
          {
            name: name ?? `${port}`,
            target: numbered(targetPort ?? port) || port,
            published,
            protocol: protocol === "UDP" ? "UDP" : "TCP",
            address: `${host.includes(":") ? `[${host}]` : host}:${published}`,
          },
        ];
  });
}

function addressOf({ status }: KubeNode): string | null {
  const by = (type: string) => status?.addresses?.find((one) => one.type === type)?.address;
  return by("ExternalIP") ?? by("InternalIP") ?? null;
}
