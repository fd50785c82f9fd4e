import { setTimeout as wait } from "node:timers/promises";
import { LeaseLost, OperationFailure } from "../../errors.js";
import type { LogStream, Outcome, Reporter, StepName, Target } from "../../operations/driver.js";
import type { Child } from "./child.js";
import { expected } from "./full-disk.js";
import { stopGrace } from "./instance.js";
import type { Preparer } from "./prepare.js";
import { becomeReady, notReady } from "./readiness.js";
import type { ReplicaSet } from "./replica-set.js";
import type { Service } from "./service.js";
import { within } from "./within.js";
import type { Workspace } from "./workspace.js";

/** Replaces what a service runs: the new one is proven first, then requests are switched, then the old ends. */
export class Replacement {
  private readonly workspace: Workspace;
  private readonly old: ReplicaSet | null;
  private next: ReplicaSet | null = null;
  private step: { name: StepName; done: number; of: number } | null = null;
  /** For START and READY together. */
  private deadline: AbortSignal | null = null;
  /** Whether requests went to the new set, or the old one was stopped for it. */
  private touchedOld = false;
  /** From here on the new set stays, whatever the signal says. */
  private irrevocable = false;

  constructor(
    private readonly service: Service,
    private readonly target: Target,
    private readonly report: Reporter,
    private readonly preparer: Preparer,
    private readonly signal: AbortSignal,
  ) {
    this.old = service.serving;
    this.workspace = preparer.workspaceOf(target);
  }

  async run(): Promise<Outcome> {
    try {
      await this.fetchSource();
      await this.install();
      if (this.target.spec.rollout.order === "STOP_FIRST") {
        await this.stopOldFirst();
      }
      const children = await this.start();
      await this.ready(children);
      await this.cutOver();
      await this.terminateOld();
    } catch (error) {
      return this.irrevocable ? this.finish(error) : this.undo(error);
    }
    return { verdict: this.proven ? "SUCCEEDED" : "UNPROVEN", cause: null };
  }

  private async fetchSource(): Promise<void> {
    await this.begin("FETCH_SOURCE", 1);
    const published = await this.service.publish(this.target);
    this.next = this.service.newSet(this.target, this.workspace, published, this.echo);
    this.service.others.add(this.next);
    const fetched = await this.inTime("Fetching the source", (signal) =>
      this.preparer.fetchSource(this.target, this.workspace, { signal, log: this.log }),
    );
    await this.end(fetched ? "DONE" : "SKIPPED", fetched?.cached ? "from cache" : undefined);
  }

  private async install(): Promise<void> {
    await this.begin("INSTALL", 1);
    const detail = await this.inTime("Installing the dependencies", (signal) =>
      this.preparer.install(this.target, this.workspace, { signal, log: this.log }),
    );
    await this.end(detail === null ? "SKIPPED" : "DONE", detail ?? undefined);
  }

  private async stopOldFirst(): Promise<void> {
    if (this.old) {
      await this.report.assertHeld();
      this.touchedOld = true;
      this.service.serving = null;
      this.service.others.add(this.old);
      await this.old.drain(this.target.spec.rollout.drain, this.signal);
      await this.old.stop();
    }
  }

  private async start(): Promise<Child[]> {
    this.deadline = AbortSignal.timeout(this.target.spec.rollout.deadline * 1000);
    await this.begin("START", this.set.instances.length);
    const children = await this.set.start(async (done) => {
      this.signal.throwIfAborted();
      await this.count(done);
    });
    await this.end("DONE");
    return children;
  }

  private async ready(children: Child[]): Promise<void> {
    const { spec } = this.target;
    const hold = spec.rollout.monitor;
    await this.begin("READY", children.length);
    const others = new AbortController();
    const signal = AbortSignal.any([this.signal, this.deadline!, others.signal]);
    let done = 0;
    try {
      await Promise.all(
        this.set.instances.map(async (instance, index) => {
          await becomeReady(instance, children[index]!, spec, hold, signal);
          await this.count(++done);
        }),
      );
    } catch (error) {
      const late = this.deadline!.aborted && !this.signal.aborted && !(error instanceof OperationFailure);
      throw late ? this.late() : error;
    } finally {
      others.abort();
    }
    await this.end("DONE", this.proven ? undefined : "the recipe has no readiness probe");
  }

  /** Switches requests over, then keeps the old set at hand while it drains and the new one is watched. */
  private async cutOver(): Promise<void> {
    const { rollout } = this.target.spec;
    const next = this.set;
    await this.begin("CUT_OVER", next.instances.length);
    this.signal.throwIfAborted();
    this.touchedOld ||= this.old !== null;
    this.service.others.delete(next);
    this.service.serving = next;
    if (this.old) {
      this.service.others.add(this.old);
    }
    this.service.options.changed();
    const of = next.instances.length;
    const detail = this.old ? "switched, the old one drains" : "switched";
    await this.report.step({ step: "CUT_OVER", state: "RUNNING", done: of, of, detail });
    const stop = new AbortController();
    const signal = AbortSignal.any([this.signal, stop.signal]);
    const watched = Promise.all([
      wait(rollout.monitor * 1000, null, { signal }),
      this.old?.drain(rollout.drain, signal),
    ]);
    const crashed = next.firstExit(signal).then((cause) => Promise.reject(cause));
    try {
      await Promise.race([watched, crashed]);
    } finally {
      stop.abort();
      await Promise.allSettled([watched, crashed]);
    }
    await this.end("DONE", "switched");
  }

  private async terminateOld(): Promise<void> {
    const count = this.old?.instances.length ?? 0;
    this.signal.throwIfAborted();
    this.step = { name: "TERMINATE_OLD", done: 0, of: count };
    await this.report.step({ step: "TERMINATE_OLD", state: "RUNNING", done: 0, of: count });
    await this.report.assertHeld();
    this.irrevocable = true;
    this.set.supervise();
    this.set.context.echo = null;
    await this.disposeOld();
    await this.end(this.old ? "DONE" : "SKIPPED");
  }

  private async disposeOld(): Promise<void> {
    if (this.old) {
      await this.old.stop(stopGrace, (done) => void this.count(done).catch(() => undefined));
      this.service.others.delete(this.old);
      await this.old.context.workspace.remove();
    }
    this.service.unpublish();
    this.service.options.changed();
  }

  /** Only reporting can fail once the old one is going: what runs is the new one. */
  private async finish(error: unknown): Promise<Outcome> {
    await this.disposeOld();
    if (error instanceof OperationFailure) {
      return { verdict: this.proven ? "SUCCEEDED" : "UNPROVEN", cause: null };
    }
    throw error;
  }

  /** Puts everything back: the old set serves, nothing of the new one is left. */
  private async undo(error: unknown): Promise<Outcome> {
    const cancelled = this.signal.aborted;
    const reason = cancelled ? this.signal.reason : expected(error);
    this.service.serving = this.old;
    if (this.old) {
      this.service.others.delete(this.old);
      if (this.old.isStopped) {
        this.old.supervise();
        await this.old.settled(reason instanceof LeaseLost ? 0 : this.target.spec.rollout.deadline);
      }
    }
    if (this.next) {
      this.service.others.add(this.next);
      this.service.options.changed();
      await this.next.drain(reason instanceof LeaseLost ? 0 : this.target.spec.rollout.drain);
      await this.next.stop(stopGrace);
      this.service.others.delete(this.next);
    }
    await this.workspace.remove();
    this.service.unpublish();
    this.service.options.changed();
    if (!(reason instanceof OperationFailure) && (!cancelled || reason instanceof LeaseLost)) {
      throw reason;
    }
    return this.verdictOf(reason, cancelled);
  }

  private async verdictOf(reason: unknown, cancelled: boolean): Promise<Outcome> {
    if (this.step) {
      const { name, done, of } = this.step;
      const detail = cancelled ? { detail: "cancelled" } : {};
      await this.report.step({ step: name, state: "FAILED", done, of, ...detail });
    }
    const failure =
      reason instanceof OperationFailure
        ? reason
        : new OperationFailure("CANCELLED_BY_USER", "The operation was cancelled.");
    if (cancelled) {
      return { verdict: "CANCELLED", cause: failure.cause };
    }
    return { verdict: this.touchedOld ? "ROLLED_BACK" : "FAILED", cause: failure.cause };
  }

  private get set(): ReplicaSet {
    return this.next!;
  }

  private get proven(): boolean {
    return this.target.spec.readiness !== null || this.set.instances.length === 0;
  }

  private late(): OperationFailure {
    const unready = this.set.instances.find((one) => !one.ready)!;
    return notReady(unready, this.target.spec.rollout.deadline, unready.child?.recentLines ?? []);
  }

  private inTime<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return within(this.target.spec.rollout.deadline, this.signal, what, work);
  }

  private readonly log = (stream: LogStream, line: string) =>
    this.report.log({ stream, line, instance: null });

  private readonly echo = (stream: LogStream, line: string, instance: number) =>
    this.report.log({ stream, line, instance });

  private async begin(name: StepName, of: number): Promise<void> {
    this.signal.throwIfAborted();
    this.step = { name, done: 0, of };
    await this.report.step({ step: name, state: "RUNNING", done: 0, of });
    await this.report.assertHeld();
    this.signal.throwIfAborted();
  }

  private async count(done: number): Promise<void> {
    const { name, of } = this.step!;
    this.step!.done = done;
    if (done < of) {
      await this.report.step({ step: name, state: "RUNNING", done, of });
    }
  }

  private async end(state: "DONE" | "SKIPPED", detail?: string): Promise<void> {
    const { name, of } = this.step!;
    await this.report.step({
      step: name,
      state,
      done: state === "DONE" ? of : 0,
      of,
      ...(detail === undefined ? {} : { detail }),
    });
    this.step = null;
  }
}
