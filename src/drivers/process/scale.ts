import { setTimeout as wait } from "node:timers/promises";
import { replicasOf } from "../../domain/facts.js";
import { LeaseLost, OperationFailure } from "../../errors.js";
import type { LogStream, Outcome, Reporter, StepName, Target } from "../../operations/driver.js";
import { expected } from "./full-disk.js";
import { type InstanceContext, stopGrace } from "./instance.js";
import { becomeReady, notReady } from "./readiness.js";
import { ReplicaSet } from "./replica-set.js";
import type { Service } from "./service.js";

/** How often to see whether a service that is being brought back serves, in milliseconds. */
const pollMilliseconds = 50;

/** Brings the set that serves to another number of replicas; those that stay are left alone. */
export class Scaling {
  private step: { name: StepName; done: number; of: number } | null = null;

  constructor(
    private readonly service: Service,
    private readonly target: Target,
    private readonly report: Reporter,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<Outcome> {
    try {
      const set = await this.serving();
      this.signal.throwIfAborted();
      const more = replicasOf(this.target) - set.instances.length;
      if (more > 0) {
        await this.grow(set, more);
      } else if (more < 0) {
        await this.shrink(set, -more);
      }
      set.context.target = { ...set.target, replicas: this.target.replicas };
    } catch (error) {
      return this.failed(this.signal.aborted ? this.signal.reason : error);
    }
    const proven = this.target.spec.readiness !== null || this.target.replicas === 0;
    return { verdict: proven ? "SUCCEEDED" : "UNPROVEN", cause: null };
  }

  /** After a start of the server a service may still be on its way back. */
  private async serving(): Promise<ReplicaSet> {
    const until = Date.now() + this.target.spec.rollout.deadline * 1000;
    while (!this.service.serving) {
      if (Date.now() > until) {
        const message = "The service is not running: it could not be brought back yet. Rebuild it.";
        throw new OperationFailure("DEADLINE_EXCEEDED", message);
      }
      await wait(pollMilliseconds, null, { signal: this.signal });
    }
    return this.service.serving;
  }

  /** New instances get requests once all of them are ready; until then they are a set of their own. */
  private async grow(set: ReplicaSet, count: number): Promise<void> {
    const from = set.instances.length + 1;
    const context: InstanceContext = { ...set.context, target: this.target, echo: this.echo };
    const numbers = Array.from({ length: count }, (_, index) => from + index);
    const added = new ReplicaSet(context, set.published, numbers);
    this.service.others.add(added);
    try {
      await this.prove(added);
      context.echo = null;
      this.service.others.delete(added);
      set.absorb(added);
    } catch (error) {
      await added.stop(stopGrace);
      this.service.others.delete(added);
      this.service.options.changed();
      throw error;
    }
  }

  private async prove(added: ReplicaSet): Promise<void> {
    const { spec } = this.target;
    const late = AbortSignal.timeout(spec.rollout.deadline * 1000);
    await this.begin("START", added.instances.length);
    const children = await added.start(async (done) => {
      this.signal.throwIfAborted();
      await this.count(done);
    });
    await this.end();
    await this.begin("READY", added.instances.length);
    const others = new AbortController();
    const signal = AbortSignal.any([this.signal, late, others.signal]);
    let done = 0;
    try {
      await Promise.all(
        added.instances.map(async (one, index) => {
          await becomeReady(one, children[index]!, spec, spec.rollout.monitor, signal);
          await this.count(++done);
        }),
      );
      await watch(added, spec.rollout.monitor, this.signal);
    } catch (error) {
      const unready = added.instances.find((one) => !one.ready);
      const isLate = late.aborted && !this.signal.aborted && !(error instanceof OperationFailure);
      throw isLate && unready
        ? notReady(unready, spec.rollout.deadline, unready.child?.recentLines ?? [])
        : error;
    } finally {
      others.abort();
    }
    await this.end();
  }

  private async shrink(set: ReplicaSet, count: number): Promise<void> {
    await this.begin("TERMINATE_OLD", count);
    this.signal.throwIfAborted();
    const surplus = await set.release(count);
    this.service.others.add(surplus);
    this.service.options.changed();
    try {
      await surplus.drain(this.target.spec.rollout.drain, this.signal);
    } catch (error) {
      // None was told to end yet: what they are answering must not be cut off.
      this.service.others.delete(surplus);
      set.absorb(surplus);
      throw error;
    }
    await surplus.stop(stopGrace, (done) => void this.count(done).catch(() => undefined));
    this.service.others.delete(surplus);
    this.service.options.changed();
    await this.end();
  }

  private async failed(error: unknown): Promise<Outcome> {
    const reason = expected(error);
    if (reason instanceof LeaseLost || !(reason instanceof OperationFailure)) {
      throw reason;
    }
    const cancelled = reason.cause.code === "CANCELLED_BY_USER";
    if (this.step) {
      const { name, done, of } = this.step;
      const detail = cancelled ? { detail: "cancelled" } : {};
      await this.report.step({ step: name, state: "FAILED", done, of, ...detail });
    }
    return { verdict: cancelled ? "CANCELLED" : "FAILED", cause: reason.cause };
  }

  private readonly echo = (stream: LogStream, line: string, instance: number) =>
    this.report.log({ stream, line, instance });

  private async begin(name: StepName, of: number): Promise<void> {
    this.signal.throwIfAborted();
    this.step = { name, done: 0, of };
    await this.report.step({ step: name, state: "RUNNING", done: 0, of });
    await this.report.assertHeld();
  }

  private async count(done: number): Promise<void> {
    const { name, of } = this.step!;
    this.step!.done = done;
    if (done < of) {
      await this.report.step({ step: name, state: "RUNNING", done, of });
    }
  }

  private async end(): Promise<void> {
    const { name, of } = this.step!;
    await this.report.step({ step: name, state: "DONE", done: of, of });
    this.step = null;
  }
}

/** A new instance that ends soon after it was ready was not worth keeping. */
async function watch(added: ReplicaSet, seconds: number, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const crashed = added.firstExit(both).then((cause) => Promise.reject(cause));
  try {
    await Promise.race([wait(seconds * 1000, null, { signal: both }), crashed]);
  } finally {
    stop.abort();
    await crashed.catch(() => undefined);
  }
}
