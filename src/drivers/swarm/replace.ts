import { setTimeout as wait } from "node:timers/promises";
import { LeaseLost, OperationFailure } from "../../errors.js";
import type { Log } from "../../log.js";
import type { Outcome, Reporter, StepName, Target } from "../../operations/driver.js";
import { type Assessment, assess, stepOf } from "./assess.js";
import { contentOf } from "./comparable.js";
import { type Engine, EngineAway, unreachable } from "./engine.js";
import type { EngineService, EngineTask, ServiceSpec } from "./engine-types.js";
import { evidenceOf } from "./evidence.js";
import { causeOf, notReady } from "./failures.js";
import { labels } from "./names.js";
import { madeFor, referredTo, removeUnused } from "./objects.js";
import { Patience } from "./patience.js";
import { nonceOf, type Plan, type Programs, planOf } from "./plan.js";
import { Progress } from "./progress.js";
import { downtime } from "./project.js";
import { changedByHand, pushSpec, pushTarget, stampOf } from "./push.js";
import { TaskReports } from "./task-reports.js";
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
/** For how long an old task may take to end beyond what it was given, in milliseconds. */
const terminationPatience = 60_000;

/** Replaces what a service runs: the engine rolls its tasks, this decides what it is worth. */
export class Replacement {
  private readonly plan: Plan;
  private readonly progress: Progress;
  private readonly reports: TaskReports;
  private readonly patience: Patience;
  /** What was there before; null: nothing. */
  private before: ServiceSpec | null = null;
  private service: EngineService | null = null;
  private tasks: EngineTask[] = [];
  private readonly oldIds = new Set<string>();
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
    this.progress = new Progress(report);
    this.patience = new Patience(report.signal);
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
    await this.announce();
    const { engine, programs } = this.context;
    const seen = await this.ask(() => engine.service(this.plan.name));
    if (stampOf(seen) === this.target.stamp.operationId) {
      this.before = this.earlierSpec(seen!);
      this.service = seen;
    } else {
      this.before = seen?.Spec ?? null;
      this.report.signal.throwIfAborted();
      this.service = await this.patience.untilBack(() =>
        pushTarget(engine, this.target, this.plan, seen, programs.installation, this.report),
      );
    }
    this.tasks = await this.patience.untilBack(() => engine.tasks(this.service!.ID));
    this.following = this.followReports(this.service!);
  }

  private async announce(): Promise<void> {
    const of = this.target.replicas;
    const first = this.target.spec.source ? "FETCH_SOURCE" : "START";
    const views = new Map<
      StepName,
      { state: "SKIPPED" | "RUNNING"; done: number; of: number; detail?: string }
    >();
    if (first === "START") {
      views
        .set("FETCH_SOURCE", { state: "SKIPPED", done: 0, of })
        .set("INSTALL", { state: "SKIPPED", done: 0, of });
    }
    const why = this.current && downtime(this.current.spec, this.target.spec);
    views.set(first, { state: "RUNNING", done: 0, of, ...(why && { detail: `DOWNTIME: ${why}` }) });
    await this.progress.show(views);
    await this.report.assertHeld();
    this.report.signal.throwIfAborted();
  }

  /** Before anything was changed, an engine that is away ends the operation soon. */
  private async ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await this.patience.briefly(question);
    } catch (error) {
      throw error instanceof EngineAway ? unreachable(this.context.engine.where, error) : error;
    }
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
      if (seen.complete && held) {
        return;
      }
      const state = JSON.stringify([...seen.views.values()].map(({ done }) => done));
      if (state !== best || this.patience.wasAway()) {
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
    this.assertOurs(service);
    this.tasks = tasks;
    this.reports.tasksAreKnown();
    for (const task of tasks) {
      if (operationOf(task) !== this.target.stamp.operationId && !hasEnded(task)) {
        this.oldIds.add(task.ID);
      }
    }
    const seen = assess(this.target, service, tasks, this.reports, { oldTotal: this.oldIds.size, held });
    this.report.signal.throwIfAborted();
    await this.progress.show(seen.views);
    this.assertNotPaused(service, seen);
    return seen;
  }

  private assertOurs(found: EngineService | null): asserts found is EngineService {
    if (!found) {
      throw new OperationFailure(
        "CHANGED_ON_ENGINE",
        "Somebody removed the service from its engine meanwhile: rebuild it once that is settled.",
      );
    }
    const put = this.service!.Spec;
    if (contentOf(found.Spec) !== contentOf(put) || stampOf(found) !== this.target.stamp.operationId) {
      throw changedByHand(put, found.Spec);
    }
    this.service = { ...found, Spec: put };
  }

  /** The engine pauses when a task fails, which is told by that task; else somebody else has had a hand in it. */
  private assertNotPaused({ UpdateStatus }: EngineService, { failed }: Assessment): void {
    const { State = "", Message = "" } = UpdateStatus ?? {};
    if (!failed && (State === "paused" || State.startsWith("rollback"))) {
      throw new OperationFailure(
        "CHANGED_ON_ENGINE",
        `The engine stopped the update (${State}: ${Message}).`,
      );
    }
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

  /** Puts back what was there before; nothing of the new one is left. */
  private async undo(error: unknown): Promise<Outcome> {
    const { signal } = this.report;
    const reason = signal.aborted ? signal.reason : error;
    if (reason instanceof LeaseLost) {
      throw reason;
    }
    const changed = reason instanceof OperationFailure && reason.cause.code === "CHANGED_ON_ENGINE";
    const touched = changed ? false : await this.restore();
    await this.tidy(() => madeFor(this.context.engine, this.plan, this.target.spec.networks));
    const cancelled = signal.aborted;
    await this.progress.fail(this.failedStep, cancelled ? "cancelled" : undefined);
    if (!(reason instanceof OperationFailure)) {
      throw reason;
    }
    const verdict = cancelled ? "CANCELLED" : touched ? "ROLLED_BACK" : "FAILED";
    return { verdict, cause: reason.cause };
  }

  /** Whether some of the old ones had been replaced. */
  private async restore(): Promise<boolean> {
    const { engine } = this.context;
    const found = await this.patience.untilBack(() => engine.service(this.plan.name));
    if (!found || stampOf(found) !== this.target.stamp.operationId) {
      // An earlier server may have put it back, and not seen the end of it.
      await (found && this.settled(found.ID, found.Spec));
      return false;
    }
    const before = this.before ?? this.earlierSpec(found);
    if (!before) {
      await this.remove(found);
      return false;
    }
    const tasks = await this.patience.untilBack(() => engine.tasks(found.ID));
    const serving = tasks.filter(
      (task) => operationOf(task) !== this.target.stamp.operationId && isReady(task),
    );
    const touched = serving.length < (before.Mode.Replicated?.Replicas ?? 1);
    const credential = this.current?.registryCredential ?? this.target.registryCredential;
    await this.patience.untilBack(() => pushSpec(engine, before, found, credential, this.report));
    await this.settled(found.ID, before);
    return touched;
  }

  /** What the engine had before it took this operation's spec. */
  private earlierSpec({ PreviousSpec }: EngineService): ServiceSpec | null {
    const isEarlier =
      PreviousSpec && PreviousSpec.Labels?.[labels.operation] !== this.target.stamp.operationId;
    return isEarlier ? PreviousSpec : null;
  }

  /** Waits until what was there before is ready again and nothing of the new one is left. */
  private async settled(id: string, before: ServiceSpec): Promise<void> {
    const { engine } = this.context;
    const until = Date.now() + (this.current ?? this.target).spec.rollout.deadline * 1000;
    const wanted = before.Mode.Replicated?.Replicas ?? 1;
    for (;;) {
      const tasks = await this.patience.untilBack(() => engine.tasks(id));
      const isNew = (task: EngineTask) => operationOf(task) === this.target.stamp.operationId;
      const ready = tasks.filter((task) => !isNew(task) && isReady(task)).length;
      const left = tasks.some((task) => isNew(task) && !hasEnded(task));
      if ((ready >= wanted && !left) || Date.now() > until) {
        return;
      }
      await wait(lookMilliseconds);
    }
  }

  private async remove({ ID }: EngineService): Promise<void> {
    const { engine } = this.context;
    await this.report.assertHeld();
    await this.patience.untilBack(() => engine.removeService(ID));
    const label = [`com.docker.swarm.service.id=${ID}`];
    const until = Date.now() + this.target.spec.rollout.drain * 1000 + terminationPatience;
    while (
      Date.now() < until &&
      (await this.patience.untilBack(() => engine.containers({ label }))).length > 0
    ) {
      await wait(lookMilliseconds);
    }
  }

  private evidence(task: EngineTask | undefined) {
    return evidenceOf(this.context.engine, task, this.tasks, this.reports, this.target, this.report.signal);
  }

  private isMine(taskId: string): boolean | undefined {
    const task = this.tasks.find(({ ID }) => ID === taskId);
    return task && operationOf(task) === this.target.stamp.operationId;
  }

  /** A stream that breaks is begun again: what was told is not told twice. */
  private async followReports({ ID, UpdatedAt }: EngineService): Promise<void> {
    const { signal } = this.stop;
    // After a takeover the first tasks are older than the last change of the service.
    const began = [UpdatedAt, ...this.mineSoFar.map(({ CreatedAt }) => CreatedAt)].map((at) =>
      Date.parse(at),
    );
    const since = new Date(Math.min(...began) - clockTolerance);
    while (!signal.aborted) {
      await this.reports
        .follow(this.context.engine, ID, since, signal)
        .catch(
          (err) => signal.aborted || this.context.log.debug({ err }, "following the tasks' output again"),
        );
      await wait(lookMilliseconds, null, { signal }).catch(() => {});
    }
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

/** How much the clocks of nodes may differ, in milliseconds. */
const clockTolerance = 60_000;
/** Between two looks at an engine that says nothing, in milliseconds. */
const lookMilliseconds = 500;

function expired(since: number | null, milliseconds: number): boolean {
  return since !== null && Date.now() - since >= milliseconds;
}

function doneWith(views: Assessment["views"], total: number): Assessment["views"] {
  return total === 0 ? views : views.set("TERMINATE_OLD", { state: "DONE", done: total, of: total });
}
