import type { Observed, PublishedPort } from "../../operations/driver.js";
import { isDrifted } from "./comparable.js";
import type { Engine } from "./engine.js";
import type { EngineNode, EngineService, EngineTask, PortConfig } from "./engine-types.js";
import { labels } from "./names.js";
import { addressOf, isReady, replicasOf, serviceState } from "./tasks.js";

/** A service as its engine sees it now. */
export async function observedOf(
  engine: Engine,
  name: string,
  nodes: ReadonlyMap<string, EngineNode>,
): Promise<Observed> {
  const service = await engine.service(name);
  if (!service) {
    return { state: "STOPPED", tasks: [], ports: [], fingerprint: null, operationId: null, drifted: false };
  }
  const all = await engine.tasks(service.ID);
  const tasks = replicasOf(all, nodes);
  return {
    state: serviceState(service, tasks),
    tasks,
    ports: portsOf(service, all, nodes),
    fingerprint: service.Spec.Labels?.[labels.fingerprint] ?? null,
    operationId: service.Spec.Labels?.[labels.operation] ?? null,
    drifted: isDrifted(service.Spec),
  };
}

/** In the order of the recipe. Ports of the mesh are open on every node; those of nodes themselves only where a task is. */
function portsOf(
  service: EngineService,
  tasks: readonly EngineTask[],
  nodes: ReadonlyMap<string, EngineNode>,
): PublishedPort[] {
  const anyNode = [...nodes.values()].find(({ Status }) => Status.State === "ready");
  const mesh = (service.Endpoint?.Ports ?? []).filter(({ PublishMode }) => PublishMode === "ingress");
  const open = [
    ...mesh.map((port) => ({ port, node: anyNode })),
    ...tasks
      .filter(isReady)
      .flatMap(({ NodeID, Status }) =>
        (Status.PortStatus?.Ports ?? []).map((port) => ({ port, node: nodes.get(NodeID ?? "") })),
      ),
  ];
  return (service.Spec.EndpointSpec?.Ports ?? []).flatMap((asked) => {
    const { Name, TargetPort, Protocol } = asked;
    const found = open.find(
      ({ port, node }) =>
        node && port.PublishedPort && port.TargetPort === TargetPort && port.Protocol === Protocol,
    );
    return found ? [publishedPort(Name ?? `${TargetPort}`, found.port, found.node!)] : [];
  });
}

function publishedPort(name: string, port: PortConfig, node: EngineNode): PublishedPort {
  return {
    name,
    target: port.TargetPort,
    published: port.PublishedPort!,
    protocol: port.Protocol === "tcp" ? "TCP" : "UDP",
    address: `${addressOf(node)}:${port.PublishedPort}`,
  };
}
