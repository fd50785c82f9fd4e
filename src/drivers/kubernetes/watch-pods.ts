import { setTimeout as wait } from "node:timers/promises";
import { OperationFailure } from "../../errors.js";
import type { Target } from "../../operations/driver.js";
import type { TaskReports } from "../engine/task-reports.js";
import type { KubeEvent, KubeObject, Pod, ReplicaSet, Workload } from "./api-types.js";
import type { KubernetesContext } from "./context.js";
import { hasNoNode, isDaemonSet, lacksPods, noNode, refusalIn } from "./daemon-sets.js";
import {
  failureOf,
  type Known,
  notLeaving,
  notMade,
  notReady,
  patience,
  type Trouble,
  troubleOf,
} from "./failures.js";
import { readLastLines } from "./follow-pods.js";
import { lingering } from "./held-up.js";
import { appContainer } from "./manifest.js";
import { annotations, labels } from "./names.js";
import { listPath } from "./paths.js";
import { hasBegun, isReady, numbersOf, operationOf, statusesOf } from "./pods.js";
import { probeAnswer } from "./probe-pod.js";

/** For how long pods may not be made before that counts, in milliseconds: a quota may be about to be raised. */
const creationPatience = 5_000;
/** For how long the last words of a container are asked for, in milliseconds. */
const wordsPatience = 3_000;
/** For how long it is waited for what a kubelet complains of, and between two looks, in milliseconds. */
const warningPatience = 3_000;
const warningPause = 500;

/** Why an image cannot be had is told otherwise from one try to the next, and is the same trouble all along. */
function kindOf({ code }: Trouble): string {
  return ["IMAGE_NOT_FOUND", "REGISTRY_REFUSED", "REGISTRY_UNREACHABLE"].includes(code) ? "image" : code;
}

/** Watches the pods of one operation for what goes wrong with them. */
export class PodWatch {
  private readonly wereReady = new Set<string>();
  private readonly pullWords = new Map<string, string>();
  private readonly since = new Map<string, number>();
  /** When it is asked next why pods are not made; null: all are there. */
  private nextQuestion: number | null = null;
  /** As it was seen last. */
  private workload: Workload | null = null;

  constructor(
    private readonly context: KubernetesContext,
    private readonly target: Target,
    private readonly reports: TaskReports,
  ) {}

  /** What is wrong, and has been for longer than it may; null: nothing so far. */
  look(workload: Workload, mine: readonly Pod[]): Trouble | OperationFailure | null {
    this.workload = workload;
    const now = Date.now();
    const seen = new Set<string>();
    let worst: Trouble | OperationFailure | null = null;
    const lasts = (key: string, patience: number) => {
      seen.add(key);
      const since = this.since.get(key) ?? now;
      this.since.set(key, since);
      return now - since >= patience;
    };
    for (const pod of mine) {
      if (isReady(pod)) {
        this.wereReady.add(pod.metadata.uid);
      }
      this.hearPulls(pod);
      const trouble = troubleOf(pod, this.known);
      if (trouble && lasts(`${pod.metadata.uid} ${kindOf(trouble)}`, trouble.patience)) {
        worst ??= trouble;
      }
    }
    const refusal = this.refusedCreation(workload);
    if (refusal && lasts("creation", creationPatience)) {
      worst ??= refusal;
    }
    if (hasNoNode(workload) && lasts("nodes", patience.place)) {
      worst ??= noNode();
    }
    for (const key of this.since.keys()) {
      if (!seen.has(key)) {
        this.since.delete(key);
      }
    }
    return worst;
  }

  /** Why nodes are without a pod of a DaemonSet, which does not say that itself; null: they are not, or nobody knows. */
  async whyNotMade(workload: Workload, pods: readonly Pod[]): Promise<OperationFailure | null> {
    const now = Date.now();
    if (!lacksPods(workload, pods, this.target.stamp.operationId)) {
      this.nextQuestion = null;
      return null;
    }
    this.nextQuestion ??= now + creationPatience;
    if (now < this.nextQuestion) {
      return null;
    }
    this.nextQuestion = now + creationPatience;
    return this.refusedDaemon(workload);
  }

  private async refusedDaemon(workload: Workload): Promise<OperationFailure | null> {
    const words = refusalIn(await this.eventsOf(workload, "reason=FailedCreate"), workload);
    return words === null ? null : notMade(words);
  }

  /** The cause that a trouble is, with the last words of its container. */
  async causeOf(trouble: Trouble, pods: readonly Pod[]): Promise<OperationFailure> {
    const { pod, words } = trouble;
    const { uid } = pod.metadata;
    if (words) {
      await this.readWords(pod, words);
    }
    const told = troubleOf(pod, this.known) ?? trouble;
    return failureOf(told, numbersOf(pods).get(uid) ?? 1, this.reports.lastLines(uid));
  }

  /** Why the new ones were not ready in time. */
  async notReady(mine: readonly Pod[], pods: readonly Pod[]): Promise<OperationFailure> {
    const pod = mine.findLast((one) => !isReady(one));
    if (!pod) {
      const known = await this.whyNone(pods);
      return known ?? notReady(undefined, { number: 1, probe: null, lastLines: [] }, this.known);
    }
    const trouble = troubleOf(pod, this.known);
    if (trouble) {
      return this.causeOf(trouble, pods);
    }
    if (hasBegun(pod)) {
      await this.readWords(pod, { container: this.appOf(pod), previous: false });
    }
    const { uid } = pod.metadata;
    const number = numbersOf(pods).get(uid) ?? 1;
    const probe = (await this.answerOf(pod)) ?? (await this.warningSoon(pod));
    return notReady(pod, { number, probe, lastLines: this.reports.lastLines(uid) }, this.known);
  }

  /** Where the deadline is shorter than what else it is waited for. */
  private async whyNone(pods: readonly Pod[]): Promise<OperationFailure | null> {
    const { workload } = this;
    if (!workload) {
      return null;
    }
    const { operationId } = this.target.stamp;
    const others = pods.filter((pod) => operationOf(pod) !== operationId);
    const [left] = lingering(workload, others);
    if (left || !isDaemonSet(workload)) {
      return left ? notLeaving(left, this.known) : null;
    }
    return hasNoNode(workload) ? noNode() : this.refusedDaemon(workload);
  }

  private get known(): Known {
    const { spec, image } = this.target;
    return {
      spec,
      image: image ?? "",
      reports: this.reports,
      wereReady: this.wereReady,
      pullWords: this.pullWords,
    };
  }

  private hearPulls(pod: Pod): void {
    for (const { state } of statusesOf(pod)) {
      const { reason, message } = state?.waiting ?? {};
      if (reason === "ErrImagePull" && message) {
        this.pullWords.set(pod.metadata.uid, message);
      }
    }
  }

  private appOf(pod: Pod): string {
    return statusesOf(pod).find(({ name }) => name === appContainer)?.name ?? pod.spec.containers[0]!.name;
  }

  private async readWords(pod: Pod, words: { container: string; previous: boolean }): Promise<void> {
    const { cluster, namespace } = this.context;
    const signal = AbortSignal.timeout(wordsPatience);
    for (const { stamp, line } of await readLastLines(cluster, namespace, pod, words, signal)) {
      this.reports.add({ stamp, line, taskId: pod.metadata.uid, stream: "stdout" });
    }
  }

  private async answerOf(pod: Pod): Promise<string | null> {
    const { cluster, namespace } = this.context;
    return hasBegun(pod) ? probeAnswer(cluster, namespace, pod, this.target.spec) : null;
  }

  /** A kubelet that has much to tell is late with it. */
  private async warningSoon(pod: Pod): Promise<string | null> {
    for (const until = Date.now() + warningPatience; ; await wait(warningPause)) {
      const warning = await this.lastWarning(pod);
      if (warning !== null || Date.now() > until) {
        return warning;
      }
    }
  }

  /** What the kubelet complained of last, e.g. the answer to a probe. */
  private async lastWarning(pod: Pod): Promise<string | null> {
    const found = await this.eventsOf(pod, "type=Warning");
    const wanted = found.filter(
      ({ message, reason }) => message && reason !== "BackOff" && !/^Error: \w+$/.test(message),
    );
    const at = (event: KubeEvent) =>
      event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
    return wanted.sort((a, b) => at(a).localeCompare(at(b))).at(-1)?.message ?? null;
  }

  /** None where they may not be seen, or the cluster is away. */
  private async eventsOf({ metadata }: KubeObject, which: string): Promise<KubeEvent[]> {
    const { cluster, namespace } = this.context;
    const query = { fieldSelector: `involvedObject.uid=${metadata.uid},${which}` };
    return cluster.list<KubeEvent>("events", listPath("Event", namespace), query).then(
      ({ items }) => items,
      () => [],
    );
  }

  /**
   * What admission or a quota says when it lets no pods be made. A Deployment says also what it said of those of an
   * earlier operation: so its own word counts only where it is of no operation that is known here.
   */
  private refusedCreation(workload: Workload): OperationFailure | null {
    const operation = this.target.stamp.operationId;
    const isMine = ({ spec }: ReplicaSet) =>
      spec.template?.metadata?.labels?.[labels.operation] === operation;
    const isStamped = workload.metadata.annotations?.[annotations.operation] === operation;
    const sets: Pick<ReplicaSet, "status">[] = isStamped
      ? this.context.mirror.setsOf(workload).filter(isMine)
      : [workload];
    const failed = sets
      .flatMap(({ status }) => status?.conditions ?? [])
      .find(({ type, status }) => type === "ReplicaFailure" && status === "True");
    return failed ? notMade(failed.message ?? failed.reason ?? "") : null;
  }
}
