import type { EngineService, EngineTask } from "../../../src/drivers/swarm/engine-types.js";
import { labels } from "../../../src/drivers/swarm/names.js";

let made = 0;

/** A task as the engine tells of it. */
export function taskOf(
  operation: string,
  state: string,
  facts: Partial<Omit<EngineTask, "Status">> & { status?: Partial<EngineTask["Status"]> } = {},
): EngineTask {
  const { status, ...rest } = facts;
  made++;
  return {
    ID: `task${made}`,
    CreatedAt: new Date(Date.UTC(2026, 0, 1) + made).toISOString(),
    ServiceID: "service",
    Slot: 1,
    NodeID: "node",
    Spec: { ContainerSpec: { Image: "x", Labels: { [labels.operation]: operation } } },
    DesiredState: "running",
    Status: { Timestamp: "2026-01-01T00:00:00Z", State: state, ...status },
    ...rest,
  };
}

/** A service as the engine tells of it. */
export function serviceOf(replicas: number, facts: Partial<EngineService> = {}): EngineService {
  return {
    ID: "service",
    Version: { Index: 1 },
    CreatedAt: "2026-01-01T00:00:00Z",
    UpdatedAt: "2026-01-01T00:00:00Z",
    Spec: {
      Name: "web",
      Labels: {},
      TaskTemplate: { ContainerSpec: { Image: "x" } },
      Mode: { Replicated: { Replicas: replicas } },
    },
    ...facts,
  };
}
