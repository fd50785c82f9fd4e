import { setTimeout as wait } from "node:timers/promises";
import { LeaseLost, OperationFailure } from "../../errors.js";
import type { Outcome, Reporter, StepName, Target } from "../../operations/driver.js";
import { nonceOf } from "../engine/deployer.js";
import { Patience } from "../engine/patience.js";
import { Progress, type StepView } from "../engine/progress.js";
import { TaskReports } from "../engine/task-reports.js";
import { assertNotUndone, type Restored, undo } from "../engine/undoing.js";
import type { EngineService, EngineTask, ServiceSpec } from "./engine-types.js";
import { evidenceOf } from "./evidence.js";
import { causeOf, notReady } from "./failures.js";
import { engineName, labels } from "./names.js";
import { changedByHand, isAsPut, pushSpec } from "./push.js";
import type { SwarmContext } from "./replace.js";
import { terminationPatience } from "./restore.js";
import { hasEnded, hasFailed, isReady, numbersOf } from "./tasks.js";

const lookMilliseconds = 250;

/** Brings a service to another number of replicas; those that stay are left alone. */
export class Scaling {
  private readonly progress: Progress;
  private readonly patience: Patience;
  private readonly reports: TaskReports;
  private tasks: EngineTask[] = [];
  /** As it was asked for of the engine. */
  private service: EngineService | null = null;
  /** Whether the engine may have been asked for it: an earlier server may have done so. */
  private mayBeAsked: boolean;

  constructor(
    private readonly context: SwarmContext,
    private readonly target: Target,
    /** How many there were meant to be. */
    private readonly deployed: number,
    private readonly report: Reporter,
  ) {
    this.mayBeAsked = target.stamp.fence > 1;
    this.progress = new Progress(report);
    this.patience = new Patience(report);
    this.reports = new TaskReports(nonceOf(context.programs.installation, target.stamp.operationId), {
      isMine: (taskId) => this.tasks.some(({ ID }) => ID === taskId) || undefined,
      tell: (taskId, line) => report.log({ ...line, instance: numbersOf(this.tasks).get(taskId) ?? null }),
      changed: () => {},
    });
  }

  async run(): Promise<Outcome> {
    let found: EngineService | null = null;
    try {
      found = await this.find();
      assertNotUndone(this.report);
      const asked = found.Spec.Mode.Replicated?.Replicas;
      if (asked !== undefined) {
        await this.scale(found, asked);
      }
    } catch (error) {
      return this.undo(error, found);
    }
    return this.ended();
  }

  private async find(): Promise<EngineService> {
    const { engine, programs } = this.context;
    const name = engineName(programs.installation, this.target.ref);
    const found = await this.question(() => engine.service(name));
    if (!found) {
      const message = "The service is not on its engine: somebody removed it there. Rebuild it.";
      throw new OperationFailure("CHANGED_ON_ENGINE", message);
    }
    return found;
  }

  private question<T>(question: () => Promise<T>): Promise<T> {
    return this.patience.untilBackOnce(this.mayBeAsked, this.context.engine.where, question);
  }

  private async scale(found: EngineService, asked: number): Promise<void> {
    const { engine } = this.context;
    const { replicas } = this.target;
    const from = this.isAsked(found) ? this.deployed : asked;
    const known = new Set(
      (await this.look(found))
        .filter((task) => !this.isAsked(found) || task.CreatedAt < found.UpdatedAt)
        .map(({ ID }) => ID),
    );
    const growing = replicas > from;
    const of = Math.abs(replicas - from);
    await this.show(growing ? "START" : "TERMINATE_OLD", { state: "RUNNING", done: 0, of });
    this.report.signal.throwIfAborted();
    this.mayBeAsked = true;
    const service = await this.patience.untilBack(() =>
      pushSpec(engine, scaled(found.Spec, replicas), found, "spec", this.report),
    );
    this.service = service;
    await (growing ? this.grown(service, known, from) : this.shrunk(service, from));
  }

  /** Whether an earlier server may have asked for it, and nobody did by hand. */
  private isAsked({ Spec }: EngineService): boolean {
    const asked = Spec.Mode.Replicated?.Replicas;
    return asked === this.target.replicas && Spec.Labels?.[labels.replicas] === String(asked);
  }

  private ended(): Outcome {
    const proven = this.target.spec.readiness !== null || this.target.replicas === 0;
    return { verdict: proven ? "SUCCEEDED" : "UNPROVEN", cause: null };
  }

  /** Waits until all replicas serve, and have done so for as long as they are to be watched. */
  private async grown(service: EngineService, known: ReadonlySet<string>, from: number): Promise<void> {
    const { monitor, deadline } = this.target.spec.rollout;
    const { replicas } = this.target;
    const of = replicas - from;
    let best = -1;
    let moved = Date.now();
    let readySince: number | null = null;
    for (;;) {
      this.report.signal.throwIfAborted();
      const tasks = await this.look(service);
      const added = tasks.filter(({ ID }) => !known.has(ID));
      const failed = added.find(hasFailed);
      if (failed) {
        throw causeOf(failed, await this.evidence(failed));
      }
      const ready = tasks.filter(isReady).length;
      const begun = tasks.filter(({ Status }) => ["starting", "running"].includes(Status.State)).length;
      const started = Math.min(Math.max(begun - from, 0), of);
      const isReadyNow = Math.min(Math.max(ready - from, 0), of);
      readySince = ready >= replicas ? (readySince ?? Date.now()) : null;
      const held = readySince !== null && Date.now() - readySince >= monitor * 1000;
      const { signal } = this.report;
      await this.show("START", { state: started === of ? "DONE" : "RUNNING", done: started, of }, signal);
      if (started === of) {
        await this.show("READY", { state: held ? "DONE" : "RUNNING", done: isReadyNow, of }, signal);
      }
      if (held) {
        return;
      }
      if (ready > best || this.patience.wasAway()) {
        best = ready;
        moved = Date.now();
      }
      if (readySince === null && Date.now() - moved > deadline * 1000) {
        const last = added.find((task) => !isReady(task));
        throw notReady(last, deadline, await this.evidence(last));
      }
      await wait(lookMilliseconds);
    }
  }

  private async shrunk(service: EngineService, from: number): Promise<void> {
    const of = from - this.target.replicas;
    const until = this.latestEnd;
    for (;;) {
      const left = (await this.look(service)).filter((task) => !hasEnded(task)).length - this.target.replicas;
      if (left <= 0 || Date.now() > until) {
        return this.show("TERMINATE_OLD", { state: "DONE", done: of, of });
      }
      await this.show("TERMINATE_OLD", { state: "RUNNING", done: Math.max(of - left, 0), of });
      if (this.report.signal.reason instanceof LeaseLost) {
        throw this.report.signal.reason;
      }
      await wait(lookMilliseconds);
    }
  }

  private async look({ ID, Spec, Version }: EngineService): Promise<EngineTask[]> {
    const { engine } = this.context;
    const [service, tasks] = await this.question(() => Promise.all([engine.service(ID), engine.tasks(ID)]));
    const isBehind = service && service.Version.Index < Version.Index;
    if (!service || !(isBehind || isAsPut(Spec, service.Spec))) {
      throw service
        ? changedByHand(Spec, service.Spec)
        : new OperationFailure(
            "CHANGED_ON_ENGINE",
            "Somebody removed the service from its engine meanwhile.",
          );
    }
    this.tasks = tasks;
    return tasks;
  }

  private show(step: StepName, view: StepView, stop?: AbortSignal): Promise<void> {
    return this.progress.show(new Map([[step, view]]), stop);
  }

  /** @param found null: it was not even seen what there is */
  private undo(error: unknown, found: EngineService | null): Promise<Outcome> {
    const isTheirs = error instanceof OperationFailure && error.cause.code === "CHANGED_ON_ENGINE";
    return undo(this.report, {
      error,
      step: (detail) => this.progress.failed(null, detail),
      hasReplaced: false,
      restore: this.mayBeAsked && found && !isTheirs ? () => this.restore(found) : null,
    });
  }

  /** The old number, and none more than that. */
  private async restore(found: EngineService): Promise<Restored> {
    const { engine } = this.context;
    const asked = found.Spec.Mode.Replicated?.Replicas ?? 0;
    const wanted = this.isAsked(found) ? this.deployed : asked;
    const service = await this.patience.untilBack(() =>
      pushSpec(engine, scaled(found.Spec, wanted), this.service ?? found, "spec", this.report),
    );
    const until = this.latestEnd;
    for (;;) {
      const there = (await this.look(service)).filter((task) => !hasEnded(task)).length;
      if (there <= wanted) {
        return { touched: false, lacks: null };
      }
      if (Date.now() > until) {
        const lacks = `The old number was put back, but ${there} of its tasks have not ended where there are to be ${wanted}: look at them on the engine.`;
        return { touched: false, lacks };
      }
      await wait(lookMilliseconds);
    }
  }

  /** What a node that is away runs is never told to have ended: no operation waits for that for ever. */
  private get latestEnd(): number {
    return Date.now() + this.target.spec.rollout.drain * 1000 + terminationPatience;
  }

  private evidence(task: EngineTask | undefined) {
    return evidenceOf(this.context.engine, task, this.tasks, this.reports, this.target, this.report.signal);
  }
}

/** The same with another number of replicas: no task that stays is touched. */
function scaled(spec: ServiceSpec, replicas: number): ServiceSpec {
  return {
    ...spec,
    Labels: { ...spec.Labels, [labels.replicas]: String(replicas) },
    Mode: { Replicated: { Replicas: replicas } },
  };
}
