import type {
  Condition,
  ContainerState,
  ContainerStatus,
  Pod,
  Workload,
} from "../../../src/drivers/kubernetes/api-types.js";
import { labels } from "../../../src/drivers/kubernetes/names.js";

let made = 0;

export interface PodFacts {
  /** The app's container; null: its node has not come to it. */
  app?: Partial<ContainerStatus> | null;
  /** The one before it; null: there is none. */
  prepare?: Partial<ContainerStatus> | null;
  ready?: boolean;
  /** Whether it was told to go. */
  going?: boolean;
  status?: Partial<Pod["status"]>;
  spec?: Partial<Pod["spec"]>;
  metadata?: Partial<Pod["metadata"]>;
  conditions?: Condition[];
}

export const running: ContainerState = { running: { startedAt: "2026-01-01T00:00:00Z" } };
export const waiting = (reason: string, message?: string): ContainerState => ({
  waiting: { reason, ...(message !== undefined && { message }) },
});
export const ended = (exitCode: number, reason = exitCode === 0 ? "Completed" : "Error"): ContainerState => ({
  terminated: { exitCode, reason },
});

function statusOf(name: string, facts: Partial<ContainerStatus>): ContainerStatus {
  return { name, ready: false, restartCount: 0, ...facts };
}

/** A pod as the API tells of it; unless said otherwise, its app runs. */
export function podOf(operation: string | null, facts: PodFacts = {}): Pod {
  const { app = { state: running }, prepare = null, ready = false, going = false } = facts;
  made++;
  const creationTimestamp = new Date(Date.UTC(2026, 0, 1) + made * 1000).toISOString();
  const since = { lastTransitionTime: "2026-01-01T00:10:00Z" };
  return {
    metadata: {
      ...{ name: `pod-${made}`, uid: `uid-${made}`, resourceVersion: `${made}`, creationTimestamp },
      ...(going && { deletionTimestamp: "2026-01-01T00:20:00Z" }),
      labels: operation === null ? {} : { [labels.operation]: operation },
      ...facts.metadata,
    },
    spec: {
      containers: [{ name: "app" }],
      ...(prepare && { initContainers: [{ name: "prepare" }] }),
      nodeName: "n1",
      ...facts.spec,
    },
    status: {
      phase: "Running",
      podIP: "10.0.0.1",
      conditions: [
        { type: "Ready", status: ready ? "True" : "False", ...since },
        ...(facts.conditions ?? []),
      ],
      ...(prepare && { initContainerStatuses: [statusOf("prepare", prepare)] }),
      ...(app && { containerStatuses: [statusOf("app", { ready, ...app })] }),
      ...facts.status,
    },
  };
}

/** A Deployment as the API tells of it: all of its replicas are there, and were for long enough. */
export function deploymentOf(
  replicas: number,
  status: Partial<Workload["status"]> = {},
  metadata: Partial<Workload["metadata"]> = {},
): Workload {
  return {
    metadata: {
      ...{ name: "orders", uid: "uid-orders", resourceVersion: "1", generation: 2 },
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...metadata,
    },
    spec: { replicas, selector: {}, template: { spec: { containers: [] } } },
    status: {
      observedGeneration: 2,
      ...{ replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas },
      ...status,
    },
  };
}

export function daemonSetOf(wanted: number, status: Partial<Workload["status"]> = {}): Workload {
  const { metadata, spec } = deploymentOf(0);
  const { replicas: _, ...rest } = spec;
  return {
    metadata,
    spec: rest,
    status: {
      observedGeneration: 2,
      ...{ desiredNumberScheduled: wanted, updatedNumberScheduled: wanted },
      ...{ numberAvailable: wanted, numberReady: wanted },
      ...status,
    },
  };
}
