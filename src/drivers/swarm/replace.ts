import { setTimeout as wait } from "node:timers/promises";
import { OperationFailure } from "../../errors.js";
import type { Log } from "../../log.js";
import type { Outcome, Reporter, StepName, Target } from "../../operations/driver.js";
import { nonceOf, type Programs } from "../engine/deployer.js";
import { Patience } from "../engine/patience.js";
import { Progress } from "../engine/progress.js";
import { announcementOf, justBeforeDone } from "../engine/step-views.js";
import { TaskReports } from "../engine/task-reports.js";
import { assertNotUndone, type Restored, takenBack, undo } from "../engine/undoing.js";
import { type Assessment, assess, doneWith, stepOf } from "./assess.js";
import { isDrifted } from "./comparable.js";
import type { Engine } from "./engine.js";
import type { EngineService, EngineTask, ServiceSpec } from "./engine-types.js";
import { evidenceOf } from "./evidence.js";
import { causeOf, notReady } from "./failures.js";
import { followTasks } from "./follow-tasks.js";
import { labels } from "./names.js";
import { madeFor, referredTo, removeUnused } from "./objects.js";
import { unplaceable } from "./placement.js";
import { type Plan, planOf } from "./plan.js";
import { downtime } from "./project.js";
import { changedByHand, isAsPut, pushTarget, stampOf } from "./push.js";
import { putByRebake } from "./put-by-rebake.js";
import { earlierSpec, restore, terminationPatience } from "./restore.js";
import { hasEnded, isReady, numbersOf, operationOf } from "./tasks.js";

export interface SwarmContext {
  engine: Engine;
  programs: Programs;
  /** Resolves when something of the service was heard, or after a while. */
  heard(serviceName: string, signal: AbortSignal): Promise<void>;
  log: Log;
}

/** For how long the engine may find no node before that counts as a failure, in milliseconds. */
const placementPatience = 5_000;

/** Replaces what a service runs: the engine rolls its tasks, this decides what it is worth. */
export class Replacement {
  private readonly plan: Plan;
  private readonly progress: Progress;
  private readonly reports: TaskReports;
  private readonly patience: Patience;
  /** What was there before; null: nothing. */
  private before: ServiceSpec | null = null;
  private service: EngineService | null = null;
  /** Whether the engine may have something of this operation: an earlier server may have begun with it. */
  private mayBeThere: boolean;
  private tasks: EngineTask[] = [];
  private readonly oldIds = new Set<string>();
  /** Whether the engine was seen to have stopped the update without a task that failed. */
  private wasStopped = false;
  private readonly stop = new AbortController();
  /** Where the task was that failed. */
  private failedStep: StepName | null = null;
  private following: Promise<void> = Promise.resolve();
  private wake: () => void = () => {};

  constructor(
    private readonly context: SwarmContext,
    private readonly current: Target | null,
    private readonly target: Target,
    private readonly report: Reporter,
  ) {
    this.plan = planOf(target, context.programs);
    this.mayBeThere = target.stamp.fence > 1;
    this.progress = new Progress(report);
    this.patience = new Patience(report);
    this.reports = new TaskReports(nonceOf(context.programs.installation, target.stamp.operationId), {
      isMine: (taskId) => this.isMine(taskId),
      tell: (taskId, line) => report.log({ ...line, instance: numbersOf(this.tasks).get(taskId) ?? null }),
      changed: () => this.wake(),
    });
  }

  async run(): Promise<Outcome> {
    try {
      await this.begin();
      await this.untilComplete();
    } catch (error) {
      return await this.undo(error);
    } finally {
      this.stop.abort();
      await this.following;
    }
    await this.terminateOld();
    return { verdict: this.proven ? "SUCCEEDED" : "UNPROVEN", cause: null };
  }

  /** Has the engine take the new spec, unless it did so for an earlier server. */
  private async begin(): Promise<void> {
    assertNotUndone(this.report);
    await this.announce();
    const { engine, programs } = this.context;
    const seen = await this.ask(() => engine.service(this.plan.name));
    if (stampOf(seen) === this.target.stamp.operationId) {
      this.mayBeThere = true;
      await this.takeOver(seen!);
    } else {
      this.assertNotTakenBack(seen);
      await this.assertPlaceable();
      this.before = seen?.Spec ?? null;
      this.report.signal.throwIfAborted();
      this.mayBeThere = true;
      this.service = await this.patience.untilBack(() =>
        pushTarget(engine, this.target, this.plan, seen, programs.installation, this.report),
      );
    }
    this.tasks = await this.patience.untilBack(() => engine.tasks(this.service!.ID));
    // After a takeover the first tasks are older than the last change of the service.
    const began = [this.service!.UpdatedAt, ...this.mineSoFar.map(({ CreatedAt }) => CreatedAt)];
    const since = new Date(Math.min(...began.map((at) => Date.parse(at))));
    this.following = followTasks(this.context, this.service!.ID, since, this.reports, this.stop.signal);
  }

  private async assertPlaceable(): Promise<void> {
    const { placement } = this.target.spec;
    const nodes = placement.length > 0 ? await this.ask(() => this.context.engine.nodes()) : [];
    const failure = unplaceable(placement, nodes);
    if (failure) {
      this.failedStep = "START";
      throw failure;
    }
  }

  /** An earlier server had the engine take it. What somebody changed since is theirs. */
  private async takeOver(seen: EngineService): Promise<void> {
    const { engine, programs } = this.context;
    if (isDrifted(seen.Spec)) {
      const put = await this.patience.untilBack(() => putByRebake(engine, this.target, programs));
      throw changedByHand(put, seen.Spec);
    }
    this.before = earlierSpec(seen, this.target);
    this.service = seen;
  }

  /** What somebody undid by hand is not tried again: they had a reason. */
  private assertNotTakenBack(seen: EngineService | null): void {
    if (seen?.PreviousSpec?.Labels?.[labels.operation] === this.target.stamp.operationId) {
      throw takenBack();
    }
  }

  private async announce(): Promise<void> {
    const views = announcementOf(this.target, this.current && downtime(this.current.spec, this.target.spec));
    await this.progress.show(views, this.report.signal);
    await this.report.assertHeld();
    this.report.signal.throwIfAborted();
  }

  private ask<T>(question: () => Promise<T>): Promise<T> {
    return this.patience.untilBackOnce(this.mayBeThere, this.context.engine.where, question);
  }

  private async untilComplete(): Promise<void> {
    const { monitor, deadline } = this.target.spec.rollout;
    let best = "";
    let moved = Date.now();
    let readySince: number | null = null;
    let unplacedSince: number | null = null;
    for (;;) {
      this.report.signal.throwIfAborted();
      const held = readySince !== null && Date.now() - readySince >= monitor * 1000;
      const seen = await this.look(held);
      readySince = seen.complete ? (readySince ?? Date.now()) : null;
      unplacedSince = seen.unplaced ? (unplacedSince ?? Date.now()) : null;
      const failed = seen.failed ?? (expired(unplacedSince, placementPatience) ? seen.unplaced : null);
      if (failed) {
        this.failedStep = stepOf(failed, this.target, this.reports);
        throw causeOf(failed, await this.evidence(failed));
      }
      if (seen.done) {
        return;
      }
      const state = JSON.stringify([...seen.views.values()].map(({ done }) => done));
      if (state !== best || this.patience.wasAway() || seen.heldUp) {
        best = state;
        moved = Date.now();
      }
      if (!seen.complete && expired(moved, deadline * 1000)) {
        const last = seen.mine.findLast((task) => !isReady(task));
        throw notReady(last, deadline, await this.evidence(last));
      }
      await this.pause(readySince === null ? null : readySince + monitor * 1000 - Date.now());
    }
  }

  /** Asks the engine how far it is, and tells it. */
  private async look(held: boolean): Promise<Assessment> {
    const { engine } = this.context;
    const id = this.service!.ID;
    const [service, tasks] = await this.patience.untilBack(() =>
      Promise.all([engine.service(id), engine.tasks(id)]),
    );
    const newest = this.assertOurs(service);
    this.tasks = tasks;
    this.reports.tasksAreKnown();
    for (const task of tasks) {
      if (operationOf(task) !== this.target.stamp.operationId && !hasEnded(task)) {
        this.oldIds.add(task.ID);
      }
    }
    const seen = assess(this.target, newest, tasks, this.reports, { oldTotal: this.oldIds.size, held });
    this.report.signal.throwIfAborted();
    await this.progress.show(seen.done ? justBeforeDone(seen.views) : seen.views, this.report.signal);
    this.assertNotPaused(newest, seen);
    return seen;
  }

  private assertOurs(found: EngineService | null): EngineService {
    if (!found) {
      throw new OperationFailure(
        "CHANGED_ON_ENGINE",
        "Somebody removed the service from its engine meanwhile: rebuild it once that is settled.",
      );
    }
    if (found.Version.Index < this.service!.Version.Index) {
      // Who was asked is behind: that was true before.
      return this.service!;
    }
    const put = this.service!.Spec;
    if (!isAsPut(put, found.Spec)) {
      throw changedByHand(put, found.Spec);
    }
    this.service = { ...found, Spec: put };
    return this.service;
  }

  /**
   * The engine pauses when a task fails, which is told by that task, at the latest when it is asked once more; else
   * somebody else has had a hand in it.
   */
  private assertNotPaused({ UpdateStatus }: EngineService, { failed }: Assessment): void {
    const { State = "", Message = "" } = UpdateStatus ?? {};
    const stopped = !failed && (State === "paused" || State.startsWith("rollback"));
    if (stopped && this.wasStopped) {
      throw new OperationFailure(
        "CHANGED_ON_ENGINE",
        `The engine stopped the update (${State}: ${Message}), and no task says why.`,
      );
    }
    this.wasStopped = stopped;
  }

  /** The new ones serve: from here on the operation goes through with it, whatever the signal says. */
  private async terminateOld(): Promise<void> {
    const { engine } = this.context;
    const until = Date.now() + this.target.spec.rollout.drain * 1000 + terminationPatience;
    for (;;) {
      const tasks = await this.patience.untilBack(() => engine.tasks(this.service!.ID));
      const { views, old } = assess(this.target, this.service!, tasks, this.reports, {
        oldTotal: this.oldIds.size,
        held: true,
      });
      const left = old.length > 0 && Date.now() < until;
      views.set("CUT_OVER", { ...views.get("CUT_OVER")!, state: "DONE", detail: "switched" });
      await this.progress.show(left ? views : doneWith(views, this.oldIds.size));
      if (!left) {
        break;
      }
      await wait(lookMilliseconds);
    }
    await this.tidy(async () => referredTo(this.before ?? undefined));
  }

  /** What is left over is cleaned up by the next operation: it must not cost this one its verdict. */
  private async tidy(formerly: () => Promise<string[]>): Promise<void> {
    const { engine, programs, log } = this.context;
    const { ref } = this.target;
    try {
      await removeUnused(engine, programs.installation, ref.environmentId, {
        service: this.plan.name,
        formerly: await formerly(),
      });
    } catch (err) {
      log.warn({ err, service: ref.serviceId }, "cannot clean up on the engine");
    }
  }

  private undo(error: unknown): Promise<Outcome> {
    return undo(this.report, {
      error,
      step: (detail) => this.progress.failed(this.failedStep, detail),
      hasReplaced: false,
      restore: this.mayBeThere ? () => this.restore() : null,
    });
  }

  private async restore(): Promise<Restored> {
    const { engine, programs, log } = this.context;
    const { current, target, plan, patience, report, before, oldIds } = this;
    const put = this.service?.Spec ?? null;
    const undoing = { engine, programs, log, current, target, plan, patience, report, before, put, oldIds };
    try {
      return await restore(undoing);
    } finally {
      await this.tidy(() => madeFor(engine, plan, target.spec.networks));
    }
  }

  private evidence(task: EngineTask | undefined) {
    return evidenceOf(this.context.engine, task, this.tasks, this.reports, this.target, this.report.signal);
  }

  private isMine(taskId: string): boolean | undefined {
    const task = this.tasks.find(({ ID }) => ID === taskId);
    return task && operationOf(task) === this.target.stamp.operationId;
  }

  private get mineSoFar(): EngineTask[] {
    return this.tasks.filter((task) => operationOf(task) === this.target.stamp.operationId);
  }

  private async pause(most: number | null): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.report.signal]);
    const woken = new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    const milliseconds = Math.max(Math.min(most ?? lookMilliseconds, lookMilliseconds), 20);
    await Promise.race([
      woken,
      this.context.heard(this.plan.name, signal),
      wait(milliseconds, null, { signal }).catch(() => {}),
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

/** Between two looks at an engine that says nothing, in milliseconds. */
const lookMilliseconds = 500;

function expired(since: number | null, milliseconds: number): boolean {
  return since !== null && Date.now() - since >= milliseconds;
}
