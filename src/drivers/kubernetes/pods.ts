import type { ServiceState, Task, TaskState } from "../../operations/driver.js";
import type { ContainerSpec, ContainerStatus, Pod, Workload } from "./api-types.js";
import { appContainer } from "./manifest.js";
import { labels } from "./names.js";

/** Which operation a pod is of; undefined when it was none of ours. */
export function operationOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[labels.operation];
}

/**
 * Whether nothing of a pod runs any more, nor will. One that was told to go is there for a while after its containers have
 * ended: its node takes away their volumes first. A container that had crashed before may just be started again.
 */
export function hasEnded(pod: Pod): boolean {
  const { phase, initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  if (phase === "Succeeded" || phase === "Failed") {
    return true;
  }
  const told = toldToGoAt(pod);
  const isOver = ({ state }: ContainerStatus, isPreparing: boolean): boolean => {
    const { terminated } = state ?? {};
    const wasDone = isPreparing && terminated?.exitCode === 0;
    const endedThen = terminated !== undefined && Date.parse(terminated.finishedAt ?? "") > told!;
    return !state?.running && (!terminated || wasDone || endedThen);
  };
  return (
    told !== null &&
    initContainerStatuses.every((status) => isOver(status, true)) &&
    containerStatuses.every((status) => isOver(status, false))
  );
}

/** How long a pod may take to end when its grace period is over, in milliseconds. */
export const terminationPatience = 40_000;
/** After which a node that says nothing of a pod's end is taken for away, in milliseconds: busy ones take up to a minute. */
export const lostPatience = 120_000;

/**
 * Whether nobody will tell of a pod's end any more: its node should have ended it long ago, and says nothing. The API keeps
 * such a pod as it was last heard of, until somebody takes its node away.
 */
export function isLost({ metadata }: Pod): boolean {
  const { deletionTimestamp } = metadata;
  return deletionTimestamp !== undefined && Date.now() - Date.parse(deletionTimestamp) > lostPatience;
}

/** Whether a pod's end need not be waited for any more. */
export function isGone(pod: Pod): boolean {
  return hasEnded(pod) || isLost(pod);
}

/** In milliseconds of the cluster's clock; null: it was not. What the API says is when its grace period ends. */
function toldToGoAt({ metadata }: Pod): number | null {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  return deletionTimestamp === undefined
    ? null
    : Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000;
}

/** Whether it was told to go. */
export function isGoing({ metadata }: Pod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

/** Whether a pod serves, and is meant to go on. */
export function isReady(pod: Pod): boolean {
  return !isGoing(pod) && condition(pod, "Ready")?.status === "True";
}

export function condition({ status }: Pod, type: string) {
  return status?.conditions?.find((one) => one.type === type);
}

/** All containers in the order in which they run. */
export function statusesOf({ status }: Pod): ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

/** Whether a container of the app has been started, which may have ended since. */
export function hasBegun({ status }: Pod): boolean {
  return (status?.containerStatuses ?? []).some(({ state, lastState }) => {
    const ended = state?.terminated ?? lastState?.terminated;
    return state?.running || (ended && !couldNotRun(ended.reason));
  });
}

/** Why the kubelet says that a container has ended which in fact never ran. */
export function couldNotRun(reason: string | undefined): boolean {
  return ["ContainerCannotRun", "StartError"].includes(reason ?? "");
}

/** The container of the app: something may have been put before it, e.g. a proxy; what was adopted has the name that it had. */
export function appOf({ spec }: Pod): ContainerSpec | undefined {
  return spec.containers.find(({ name }) => name === appContainer) ?? spec.containers[0];
}

/** Whether all that comes before the app has ended well; of what runs beside it from then on, whether that was started. */
export function isPrepared({ status, spec }: Pod): boolean {
  const all = status?.initContainerStatuses ?? [];
  const beside = new Set(
    spec.initContainers?.filter(({ restartPolicy }) => restartPolicy === "Always").map(({ name }) => name),
  );
  return (
    all.length >= (spec.initContainers?.length ?? 0) &&
    all.every(({ name, state, started }) =>
      beside.has(name) ? (started ?? state?.running !== undefined) : state?.terminated?.exitCode === 0,
    )
  );
}

export function restartsOf({ status }: Pod): number {
  return (status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/**
 * The number of the replica that each pod is, by its uid: pods have none of their own, so those of an operation are
 * counted from the oldest that is not going on.
 */
export function numbersOf(pods: readonly Pod[]): Map<string, number> {
  const counts = new Map<string, number>();
  const staysFirst = [...pods.filter((pod) => !isLeaving(pod)), ...pods.filter(isLeaving)];
  return new Map(
    staysFirst.map((pod) => {
      const operation = operationOf(pod) ?? "";
      const number = (counts.get(operation) ?? 0) + 1;
      counts.set(operation, number);
      return [pod.metadata.uid, number];
    }),
  );
}

const isLeaving = (pod: Pod) => isGoing(pod) || hasEnded(pod);

/** Replicas as they are now; pods that have ended and were replaced are not among them. */
export function tasksOf(pods: readonly Pod[]): Task[] {
  const numbers = numbersOf(pods);
  return pods
    .filter((pod) => !hasEnded(pod))
    .map((pod) => asTask(pod, numbers.get(pod.metadata.uid)!))
    .sort((a, b) => a.instance - b.instance);
}

function asTask(pod: Pod, instance: number): Task {
  const port = appOf(pod)?.ports?.find(({ protocol }) => protocol === "TCP")?.containerPort;
  const address = pod.status?.podIP;
  return {
    id: pod.metadata.uid,
    instance,
    state: stateOf(pod),
    since: new Date(sinceOf(pod)),
    node: pod.spec.nodeName ?? "",
    message: messageOf(pod),
    restarts: restartsOf(pod),
    address:
      port === undefined || !address ? null : `${address.includes(":") ? `[${address}]` : address}:${port}`,
    operationId: operationOf(pod) ?? "",
  };
}

function stateOf(pod: Pod): TaskState {
  if (isGoing(pod)) {
    return "STOPPING";
  }
  if (isReady(pod)) {
    return "RUNNING";
  }
  const crashed = statusesOf(pod).some(({ state, restartCount }) => {
    const waits = state?.waiting?.reason === "CrashLoopBackOff";
    return waits || (state?.terminated && (state.terminated.exitCode !== 0 || restartCount > 0));
  });
  return crashed ? "BACKING_OFF" : "STARTING";
}

function sinceOf(pod: Pod): string {
  const { metadata, status } = pod;
  return (
    metadata.deletionTimestamp ??
    condition(pod, "Ready")?.lastTransitionTime ??
    status?.startTime ??
    metadata.creationTimestamp
  );
}

/** What the cluster says of what is not as it should be. */
function messageOf(pod: Pod): string | null {
  if (pod.status?.message) {
    return pod.status.message;
  }
  const unscheduled = condition(pod, "PodScheduled");
  if (unscheduled?.status === "False") {
    return unscheduled.message ?? unscheduled.reason ?? null;
  }
  for (const { state, lastState } of statusesOf(pod)) {
    const ended = state?.terminated ?? lastState?.terminated;
    const ending = ended && (ended.exitCode !== 0 || lastState?.terminated) ? endingOf(ended) : null;
    const { reason, message } = state?.waiting ?? {};
    if (reason && !["PodInitializing", "ContainerCreating"].includes(reason)) {
      return ending ?? message ?? reason;
    }
    if (ending) {
      return ending;
    }
  }
  return null;
}

function endingOf({ exitCode, reason }: { exitCode: number; reason?: string }): string {
  return `ended with exit code ${exitCode}${reason && reason !== "Error" ? ` (${reason})` : ""}`;
}

/** How a service does, by its replicas. */
export function serviceState(workload: Workload | null, tasks: readonly Task[]): ServiceState {
  const asked = workload?.spec.replicas;
  if (!workload || asked === 0) {
    return "STOPPED";
  }
  const running = tasks.filter(({ state }) => state === "RUNNING").length;
  const wanted = asked ?? workload.status?.desiredNumberScheduled ?? 1;
  if (running > 0) {
    return running >= wanted ? "RUNNING" : "DEGRADED";
  }
  if (tasks.some(({ state, restarts }) => state === "STARTING" && restarts > 0)) {
    return "DEGRADED";
  }
  if (tasks.some(({ state }) => state === "BACKING_OFF")) {
    return "DEGRADED";
  }
  return tasks.some(({ state }) => state === "STARTING") || wanted > 0 ? "STARTING" : "STOPPED";
}
