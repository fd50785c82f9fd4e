import { setTimeout as wait } from "node:timers/promises";
import { OperationFailure } from "../../errors.js";
import type { Outcome, Reporter, StepName, Target } from "../../operations/driver.js";
import { nonceOf } from "../engine/deployer.js";
import { Patience } from "../engine/patience.js";
import { Progress, type StepView } from "../engine/progress.js";
import { TaskReports } from "../engine/task-reports.js";
import { assertNotUndone, type Restored, undo } from "../engine/undoing.js";
import type { Pod, Workload } from "./api-types.js";
import { rolloutStatus } from "./assess.js";
import { ApiRefusal } from "./cluster.js";
import type { KubernetesContext } from "./context.js";
import { appliedSpec, contentOf } from "./drift.js";
import { inWords, refused } from "./failures.js";
import { PodFollower } from "./follow-pods.js";
import { Insistence } from "./insistence.js";
import { annotations, engineName } from "./names.js";
import { objectPath } from "./paths.js";
import { hasBegun, hasEnded, isGoing, isGone, isReady, numbersOf } from "./pods.js";
import { autoscalerOf, changedByHand, readWorkload, removedByHand, unlessFaster } from "./push.js";
import { PodWatch } from "./watch-pods.js";

const lookMilliseconds = 1_000;
const mostTries = 10;

/** Brings a service to another number of replicas; those that stay are left alone. */
export class Scaling {
  private readonly progress: Progress;
  private readonly patience: Patience;
  private readonly reports: TaskReports;
  private readonly watch: PodWatch;
  private readonly follower: PodFollower;
  private readonly stop = new AbortController();
  private readonly name: string;
  private pods: Pod[] = [];
  /** Whether the cluster may have been asked for it: an earlier server may have done so. */
  private mayBeAsked: boolean;

  constructor(
    private readonly context: KubernetesContext,
    private readonly target: Target,
    /** How many there were meant to be. */
    private readonly deployed: number,
    private readonly report: Reporter,
  ) {
    this.name = engineName(target.ref);
    this.mayBeAsked = target.stamp.fence > 1;
    this.progress = new Progress(report);
    this.patience = new Patience(report);
    this.reports = new TaskReports(nonceOf(context.programs.installation, target.stamp.operationId), {
      isMine: (uid) => this.pods.some(({ metadata }) => metadata.uid === uid) || undefined,
      tell: (uid, line) => report.log({ ...line, instance: numbersOf(this.pods).get(uid) ?? null }),
      changed: () => {},
    });
    this.watch = new PodWatch(context, target, this.reports);
    this.follower = new PodFollower(context.cluster, context.namespace, this.reports, this.stop.signal);
  }

  async run(): Promise<Outcome> {
    try {
      return await this.scale();
    } finally {
      this.stop.abort();
      await this.follower.ended();
    }
  }

  private async scale(): Promise<Outcome> {
    if (this.target.spec.mode === "GLOBAL") {
      return this.ended();
    }
    let asked: Asked | null = null;
    try {
      const found = await this.find();
      const from = this.numberBefore(found);
      const growing = this.target.replicas > from;
      asked = { put: found, from };
      assertNotUndone(this.report);
      const of = Math.abs(this.target.replicas - from);
      await this.show(growing ? "START" : "TERMINATE_OLD", { state: "RUNNING", done: 0, of });
      this.report.signal.throwIfAborted();
      this.mayBeAsked = true;
      const put = await this.patience.untilBack(() => this.ask(found, this.target.replicas));
      asked = { put, from };
      await (growing ? this.grown(put, from) : this.shrunk(put, from));
    } catch (error) {
      return this.undo(error, asked);
    }
    return this.ended();
  }

  /** What is to be scaled, if that is for Rebake to do. */
  private async find(): Promise<Workload> {
    const { context, name } = this;
    await this.question(() => context.mirror.ready(AbortSignal.timeout(10_000)));
    const found = await this.question(() => readWorkload(context, "Deployment", name));
    if (!found) {
      const message = "The service is not on its cluster: somebody removed it there. Rebuild it.";
      throw new OperationFailure("CHANGED_ON_ENGINE", message);
    }
    if ((await this.question(() => autoscalerOf(context, "Deployment", name))) === "SOME") {
      const message = `A HorizontalPodAutoscaler decides how many replicas ${name} has: change its limits instead.`;
      throw new OperationFailure("ENGINE_REFUSED", message);
    }
    return found;
  }

  private question<T>(question: () => Promise<T>): Promise<T> {
    return this.patience.untilBackOnce(this.mayBeAsked, this.context.cluster.where, question);
  }

  /** An earlier server may have asked for it already, unless somebody did by hand. */
  private numberBefore(found: Workload): number {
    const asked = found.spec.replicas ?? 1;
    const wasAsked = asked === this.target.replicas && appliedSpec(found)?.replicas === asked;
    return wasAsked ? this.deployed : asked;
  }

  private ended(): Outcome {
    const proven = this.target.spec.readiness !== null || this.target.replicas === 0;
    return { verdict: proven ? "SUCCEEDED" : "UNPROVEN", cause: null };
  }

  /** By the API's own compare-and-set: what somebody changes meanwhile is not written over. */
  private async ask(seen: Workload, replicas: number): Promise<Workload> {
    const { cluster, namespace, mirror } = this.context;
    for (let tries = 0; tries < mostTries; tries++) {
      const found = await readWorkload(this.context, "Deployment", this.name);
      if (!found) {
        throw removedByHand();
      }
      const isDone = found.spec.replicas === replicas && appliedSpec(found)?.replicas === replicas;
      if (isDone) {
        return found;
      }
      if (contentOf(found) !== contentOf(seen)) {
        throw changedByHand(found, seen);
      }
      await this.report.assertHeld();
      const put = await unlessFaster(() =>
        cluster.patch<Workload>(
          "deployment",
          objectPath("Deployment", namespace, this.name),
          scaled(found, replicas),
        ),
      ).catch((error) => {
        throw error instanceof ApiRefusal ? refused(error) : error;
      });
      if (put) {
        mirror.take("Deployment", put);
        return put;
      }
    }
    throw new OperationFailure(
      "CHANGED_ON_ENGINE",
      `Deployment ${this.name} is changed all the time by somebody else: try again when they are done.`,
    );
  }

  /** Waits until all replicas serve, and have done so for as long as they are to be watched. */
  private async grown(put: Workload, from: number): Promise<void> {
    const { deadline } = this.target.spec.rollout;
    const of = this.target.replicas - from;
    let best = -1;
    let moved = Date.now();
    for (;;) {
      this.report.signal.throwIfAborted();
      const workload = await this.look(put);
      const mine = this.pods.filter((pod) => !isGoing(pod) && !hasEnded(pod));
      this.follower.follow(mine.filter((pod) => !isReady(pod)));
      const trouble = this.watch.look(
        workload,
        mine.slice(from).filter((pod) => !isReady(pod)),
      );
      if (trouble) {
        throw trouble instanceof OperationFailure ? trouble : await this.watch.causeOf(trouble, this.pods);
      }
      const count = (all: number) => Math.min(Math.max(all - from, 0), of);
      const started = count(mine.filter(hasBegun).length);
      const ready = count(mine.filter(isReady).length);
      const done = rolloutStatus(workload).state === "DONE" && ready === of;
      const { signal } = this.report;
      await this.show("START", { state: started === of ? "DONE" : "RUNNING", done: started, of }, signal);
      if (started === of) {
        await this.show("READY", { state: done ? "DONE" : "RUNNING", done: ready, of }, signal);
      }
      if (done) {
        return;
      }
      if (ready > best || this.patience.wasAway()) {
        best = ready;
        moved = Date.now();
      }
      if (ready < of && Date.now() - moved > deadline * 1000) {
        throw await this.watch.notReady(mine.slice(from), this.pods);
      }
      await this.pause();
    }
  }

  private async shrunk(put: Workload, from: number): Promise<void> {
    const of = from - this.target.replicas;
    for (;;) {
      await this.look(put);
      const left = this.pods.filter((pod) => !isGone(pod)).length - this.target.replicas;
      if (left <= 0) {
        return this.show("TERMINATE_OLD", { state: "DONE", done: of, of });
      }
      await this.show("TERMINATE_OLD", { state: "RUNNING", done: Math.max(of - left, 0), of });
      this.report.signal.throwIfAborted();
      await this.pause();
    }
  }

  private async look(put: Workload): Promise<Workload> {
    const { mirror } = this.context;
    const found = await this.patience.untilBack(async () => {
      mirror.assertFresh();
      return mirror.workload("Deployment", this.name);
    });
    if (!found || found.metadata.uid !== put.metadata.uid) {
      throw removedByHand();
    }
    const isBehind = (found.metadata.generation ?? 0) < (put.metadata.generation ?? 0);
    if (!isBehind && contentOf(found) !== contentOf(put)) {
      throw changedByHand(found, put);
    }
    this.pods = mirror.podsOf(found);
    this.reports.tasksAreKnown();
    return isBehind ? { ...put, status: { ...put.status, observedGeneration: 0 } } : found;
  }

  private show(step: StepName, view: StepView, stop?: AbortSignal): Promise<void> {
    return this.progress.show(new Map([[step, view]]), stop);
  }

  private async pause(): Promise<void> {
    const stop = new AbortController();
    const timer = wait(lookMilliseconds, null, { signal: stop.signal }).catch(() => {});
    await Promise.race([this.context.mirror.heard(this.name, stop.signal), timer]);
    stop.abort();
    await wait(50);
  }

  /** @param asked null: it was not even seen what there is */
  private undo(error: unknown, asked: Asked | null): Promise<Outcome> {
    const isTheirs = error instanceof OperationFailure && error.cause.code === "CHANGED_ON_ENGINE";
    return undo(this.report, {
      error: inWords(error),
      step: (detail) => this.progress.failed(null, detail),
      hasReplaced: false,
      restore: this.mayBeAsked && asked && !isTheirs ? () => this.restore(asked) : null,
    });
  }

  private async restore(asked: Asked): Promise<Restored> {
    try {
      await this.putBack(asked);
    } catch (failure) {
      throw inWords(failure);
    }
    return { touched: false, lacks: null };
  }

  /** The old number, and none more than that. */
  private async putBack({ put, from }: Asked): Promise<void> {
    const insistence = new Insistence(this.report, this.target.spec.rollout.deadline);
    const now = await insistence.untilBack(() => readWorkload(this.context, "Deployment", this.name));
    // Where nothing was changed nothing is to be refused again.
    const back = now?.spec.replicas === from ? now : await insistence.untilBack(() => this.ask(put, from));
    for (;;) {
      await this.look(back);
      if (this.pods.filter((pod) => !isGone(pod)).length <= from) {
        return;
      }
      await this.pause();
    }
  }
}

/** A workload as it was put there, or found, and how many replicas it had before. */
interface Asked {
  put: Workload;
  from: number;
}

/** The same with another number of replicas: no pod that stays is touched. */
function scaled(found: Workload, replicas: number): object[] {
  const applied = appliedSpec(found);
  const said = applied && { ...applied, replicas };
  return [
    { op: "test", path: "/metadata/resourceVersion", value: found.metadata.resourceVersion },
    { op: "add", path: "/spec/replicas", value: replicas },
    {
      op: "add",
      path: "/metadata/annotations",
      value: {
        ...found.metadata.annotations,
        ...(said && { [annotations.applied]: JSON.stringify(said) }),
      },
    },
  ];
}
