import { setTimeout as wait } from "node:timers/promises";
import { LeaseLost, OperationFailure } from "../../errors.js";
import type { Outcome, Reporter, StepName, Target } from "../../operations/driver.js";
import { nonceOf } from "../engine/deployer.js";
import { Patience } from "../engine/patience.js";
import { Progress } from "../engine/progress.js";
import { announcementOf, justBeforeDone, terminating } from "../engine/step-views.js";
import { TaskReports } from "../engine/task-reports.js";
import { assertNotUndone, type Restored, takenBack, undo } from "../engine/undoing.js";
import type { Pod, Workload } from "./api-types.js";
import { removeServiceOf } from "./apply-service.js";
import { type Assessment, assess, rolloutStatus, stepOf } from "./assess.js";
import { changedService } from "./changed-service.js";
import type { KubernetesContext } from "./context.js";
import { contentOf, isDrifted } from "./drift.js";
import { inWords, type Trouble } from "./failures.js";
import { PodFollower } from "./follow-pods.js";
import { type Manifest, manifestOf } from "./manifest.js";
import { NodeEndings } from "./node-endings.js";
import { hasBegun, hasEnded, isGone, numbersOf, operationOf, terminationPatience } from "./pods.js";
import { downtime } from "./project.js";
import {
  changedByHand,
  pushTarget,
  readWorkload,
  removedByHand,
  serviceChangedByHand,
  stampOf,
} from "./push.js";
import { removeUnused } from "./remove-unused.js";
import { hasReplaced, restore } from "./restore.js";
import { Standstill } from "./standstill.js";
import { PodWatch } from "./watch-pods.js";

/** Between two looks at a cluster that says nothing, in milliseconds. */
const lookMilliseconds = 1_000;

/** Replaces what a service runs: the cluster rolls its pods, this decides what it is worth. */
export class Replacement {
  private readonly progress: Progress;
  private readonly reports: TaskReports;
  private readonly patience: Patience;
  private readonly watch: PodWatch;
  private readonly endings = new NodeEndings();
  private readonly follower: PodFollower;
  private readonly stop = new AbortController();
  private manifest!: Manifest;
  /** What was there before; null: nothing, or it is not known any more. */
  private before: Workload | null = null;
  /** As it was put there. */
  private workload: Workload | null = null;
  /** Whether the cluster may have something of this operation: an earlier server may have begun with it. */
  private mayBeThere: boolean;
  private pods: Pod[] = [];
  private readonly oldUids = new Set<string>();
  /** Whether any old one was told to go for it. */
  private hasReplaced = false;
  private failedStep: StepName | null = null;
  private wake: () => void = () => {};

  constructor(
    private readonly context: KubernetesContext,
    private readonly current: Target | null,
    private readonly target: Target,
    private readonly report: Reporter,
  ) {
    this.mayBeThere = target.stamp.fence > 1;
    this.progress = new Progress(report);
    this.patience = new Patience(report);
    this.reports = new TaskReports(nonceOf(context.programs.installation, target.stamp.operationId), {
      isMine: (uid) => this.pods.some((pod) => pod.metadata.uid === uid && this.isMine(pod)) || undefined,
      tell: (uid, line) => report.log({ ...line, instance: numbersOf(this.pods).get(uid) ?? null }),
      changed: () => this.wake(),
    });
    this.watch = new PodWatch(context, target, this.reports);
    this.follower = new PodFollower(context.cluster, context.namespace, this.reports, this.stop.signal);
  }

  async run(): Promise<Outcome> {
    try {
      await this.begin();
      await this.untilComplete();
    } catch (error) {
      return await this.undo(error);
    } finally {
      this.stop.abort();
      await this.follower.ended();
    }
    await this.terminateOld();
    return { verdict: this.proven ? "SUCCEEDED" : "UNPROVEN", cause: null };
  }

  /** Has the cluster take the new one, unless it did so for an earlier server. */
  private async begin(): Promise<void> {
    const { mirror, programs, features } = this.context;
    if (this.mayBeThere) {
      // To be undone also when it was cancelled before this server took it over.
      this.manifest = manifestOf(this.target, programs, features);
    }
    assertNotUndone(this.report);
    await this.announce();
    this.manifest = manifestOf(this.target, programs, features);
    const { kind, name } = this.manifest;
    await this.ask(() => mirror.ready(AbortSignal.any([this.report.signal, AbortSignal.timeout(10_000)])));
    const seen = await this.ask(() => readWorkload(this.context, kind, name));
    if (stampOf(seen) === this.target.stamp.operationId) {
      this.mayBeThere = true;
      if (isDrifted(seen!)) {
        throw changedByHand(seen!, seen!);
      }
      this.workload = seen;
    } else {
      this.assertNotTakenBack(seen);
      this.before = seen;
      this.report.signal.throwIfAborted();
      this.mayBeThere = true;
      this.workload = await this.patience.untilBack(() =>
        pushTarget(this.context, this.target, this.manifest, seen, this.report),
      );
    }
  }

  /** What somebody undid by hand is not tried again: they had a reason. */
  private assertNotTakenBack(seen: Workload | null): void {
    const pods = seen ? this.context.mirror.podsOf(seen) : [];
    const sets = seen ? this.context.mirror.setsOf(seen) : [];
    const wasHere = sets.some(
      ({ spec }) => spec.template?.metadata?.labels?.["rebake/operation"] === this.target.stamp.operationId,
    );
    if (wasHere || pods.some((pod) => this.isMine(pod))) {
      throw takenBack();
    }
  }

  private async announce(): Promise<void> {
    const reason = this.current && this.downtime;
    await this.progress.show(announcementOf(this.target, reason), this.report.signal);
    await this.report.assertHeld();
    this.report.signal.throwIfAborted();
  }

  private get downtime(): string | null {
    return downtime(this.target.spec, this.context.features);
  }

  private ask<T>(question: () => Promise<T>): Promise<T> {
    return this.patience.untilBackOnce(this.mayBeThere, this.context.cluster.where, question);
  }

  private async untilComplete(): Promise<void> {
    const standstill = new Standstill(this.target.spec.rollout);
    for (;;) {
      this.report.signal.throwIfAborted();
      const seen = await this.look();
      if (seen.complete) {
        return;
      }
      if (standstill.isTooLong(seen, this.patience.wasAway())) {
        const last = seen.mine.at(-1);
        this.failedStep = last ? stepOf(last, this.target, this.reports) : "START";
        const ended = seen.mine.some(hasBegun) ? null : this.endings.last;
        throw ended ? await this.endedCause(ended) : await this.watch.notReady(seen.mine, this.pods);
      }
      await this.pause();
    }
  }

  /** Looks how far the cluster is, and tells it. */
  private async look(): Promise<Assessment> {
    const workload = await this.asPut();
    await this.assertReached(workload);
    this.pods = this.context.mirror.podsOf(workload);
    this.reports.tasksAreKnown();
    const seen = assess(this.target, workload, this.pods, this.reports, this.oldUids.size);
    for (const { metadata } of seen.old) {
      this.oldUids.add(metadata.uid);
    }
    this.hasReplaced ||= hasReplaced(this.pods, this.workload!, this.target);
    this.follower.follow(seen.mine);
    this.report.signal.throwIfAborted();
    await this.progress.show(seen.complete ? justBeforeDone(seen.views) : seen.views, this.report.signal);
    await this.failIfTroubled(workload, seen.mine);
    const status = rolloutStatus(workload);
    if (status.state === "STUCK") {
      throw await this.watch.notReady(seen.mine, this.pods);
    }
    return seen;
  }

  /** The workload as it is now, which has to be as it was put there. */
  private async asPut(): Promise<Workload> {
    const { mirror } = this.context;
    const { kind, name } = this.manifest;
    const found = await this.patience.untilBack(async () => {
      mirror.assertFresh();
      return mirror.workload(kind, name);
    });
    const put = this.workload!;
    if (!found || found.metadata.uid !== put.metadata.uid) {
      throw removedByHand();
    }
    if ((found.metadata.generation ?? 0) < (put.metadata.generation ?? 0)) {
      // Who was asked is behind: that was true before.
      return { ...put, status: { ...put.status, observedGeneration: 0 } };
    }
    if (contentOf(found) !== contentOf(put)) {
      throw changedByHand(found, put);
    }
    return found;
  }

  /** Nobody reaches pods whose Service is gone, or leads elsewhere, however well they run. */
  private async assertReached(workload: Workload): Promise<void> {
    const changes = await this.patience.untilBack(() =>
      changedService(this.context, this.target.ref, workload),
    );
    if (changes.length > 0) {
      throw serviceChangedByHand(changes);
    }
  }

  private async failIfTroubled(workload: Workload, mine: readonly Pod[]): Promise<void> {
    const trouble = this.watch.look(workload, mine) ?? (await this.watch.whyNotMade(workload, this.pods));
    if (trouble instanceof OperationFailure) {
      this.failedStep = "START";
      throw trouble;
    }
    if (trouble) {
      const cause = await this.watch.causeOf(trouble, this.pods);
      this.failedStep = stepOf(trouble.pod, this.target, this.reports);
      throw cause;
    }
    const { operationId } = this.target.stamp;
    const ended = this.endings.look(this.pods.filter((pod) => operationOf(pod) === operationId));
    if (ended) {
      this.failedStep = stepOf(ended.pod, this.target, this.reports);
      throw await this.endedCause(ended);
    }
  }

  /** Its number is what it was before another one was made in its place. */
  private endedCause(ended: Trouble): Promise<OperationFailure> {
    const at = ended.pod.metadata.creationTimestamp;
    const others = this.pods.filter((pod) => !isGone(pod) && pod.metadata.creationTimestamp < at);
    return this.watch.causeOf(ended, [...others, ended.pod]);
  }

  /** The new ones serve: from here on the operation goes through with it, whatever the signal says. */
  private async terminateOld(): Promise<void> {
    const { drain } = (this.current ?? this.target).spec.rollout;
    const until = Date.now() + drain * 1000 + terminationPatience;
    const { kind, name } = this.manifest;
    for (;;) {
      const workload = this.context.mirror.workload(kind, name) ?? this.workload!;
      const { views, old } = assess(
        this.target,
        workload,
        this.context.mirror.podsOf(workload),
        this.reports,
        this.oldUids.size,
      );
      const of = views.get("READY")!.of;
      views.set("CUT_OVER", { state: "DONE", done: of, of, detail: "switched" });
      const total = this.oldUids.size;
      const left = old.length > 0 && Date.now() < until;
      views.set("TERMINATE_OLD", terminating(left ? old.length : 0, total));
      await this.progress.show(views);
      if (!left) {
        break;
      }
      await this.pause(false);
    }
    await this.tidy(this.target.spec.ports.length === 0);
  }

  /** What is left over is cleaned up by the next operation: it must not cost this one its verdict. */
  private async tidy(hasNoPorts = false): Promise<void> {
    const { log } = this.context;
    const { ref } = this.target;
    try {
      if (hasNoPorts) {
        await this.report.assertHeld();
        await removeServiceOf(this.context, ref);
      }
      await removeUnused(this.context, ref, this.report);
    } catch (err) {
      if (err instanceof LeaseLost) {
        throw err;
      }
      log.warn({ err, service: ref.serviceId }, "cannot clean up on the cluster");
    }
  }

  private undo(error: unknown): Promise<Outcome> {
    return undo(this.report, {
      error: inWords(error),
      step: (detail) => this.progress.failed(this.failedStep, detail),
      hasReplaced: this.hasReplaced,
      restore: this.mayBeThere && this.manifest ? () => this.restore() : null,
    });
  }

  private async restore(): Promise<Restored> {
    const { context, current, target, manifest, patience, report, before, workload: put } = this;
    try {
      return await restore({ context, current, target, manifest, patience, report, before, put });
    } catch (failure) {
      throw inWords(failure);
    } finally {
      await this.tidy();
    }
  }

  private isMine(pod: Pod): boolean {
    return operationOf(pod) === this.target.stamp.operationId && !hasEnded(pod);
  }

  private async pause(untilAborted = true): Promise<void> {
    const stop = new AbortController();
    const signal = untilAborted ? AbortSignal.any([stop.signal, this.report.signal]) : stop.signal;
    const woken = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    await Promise.race([
      woken,
      this.context.mirror.heard(this.manifest.name, signal),
      wait(lookMilliseconds, null, { signal }).catch(() => {}),
    ]);
    this.wake = () => {};
    stop.abort();
    // What changes in a row is looked at once.
    await wait(50);
  }

  private get proven(): boolean {
    return this.target.spec.readiness !== null || this.target.replicas === 0;
  }
}
