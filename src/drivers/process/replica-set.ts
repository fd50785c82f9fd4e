import { setTimeout as wait } from "node:timers/promises";
import { replicasOf } from "../../domain/facts.js";
import type { OperationFailure } from "../../errors.js";
import type { Child } from "./child.js";
import { Instance, type InstanceContext, stopGrace } from "./instance.js";
import type { Upstream } from "./proxy.js";
import { appExited } from "./readiness.js";
import { supervise } from "./supervise.js";

/** All instances of one target: what the proxy is switched to and from. */
export class ReplicaSet {
  readonly instances: Instance[];
  private turns = 0;
  /** Who looks after which instance; null: nobody after any. */
  private supervisors: Map<Instance, { abort: AbortController; ended: Promise<void> }> | null = null;

  /** @param numbers of the replicas; all that the target asks for when absent */
  constructor(
    readonly context: InstanceContext,
    /** Port name of the recipe by published port. */
    readonly published: ReadonlyMap<number, string>,
    numbers: readonly number[] = Array.from({ length: replicasOf(context.target) }, (_, index) => index + 1),
  ) {
    this.instances = numbers.map((number) => new Instance(number, context));
  }

  get target() {
    return this.context.target;
  }

  /** Where a request goes: to the ready instance with the fewest in flight. */
  pick(avoid: ReadonlySet<Upstream>): Upstream | null {
    const running = this.instances.filter(
      (one) => one.everReady && one.state === "RUNNING" && !avoid.has(one),
    );
    // One whose probe fails is better than none.
    const ready = running.filter((one) => one.ready);
    const candidates = ready.length > 0 ? ready : running;
    let best: Instance | null = null;
    for (const one of candidates) {
      if (!best || one.inFlight < best.inFlight || (one.inFlight === best.inFlight && one.turn < best.turn)) {
        best = one;
      }
    }
    if (best) {
      best.turn = ++this.turns;
    }
    return best;
  }

  /** Whether nothing looks after it: it was stopped or never started. */
  get isStopped(): boolean {
    return this.supervisors === null;
  }

  get inFlight(): number {
    return this.instances.reduce((sum, one) => sum + one.inFlight, 0);
  }

  /** Starts one process for each replica; nothing is restarted until `supervise`. */
  async start(started: (done: number) => Promise<void>): Promise<Child[]> {
    const children: Child[] = [];
    for (const instance of this.instances) {
      children.push(await instance.start());
      await started(children.length);
    }
    return children;
  }

  /** From now on instances that end are restarted, ones not started yet are started. */
  supervise(): void {
    this.supervisors = new Map();
    for (const instance of this.instances) {
      this.lookAfter(instance);
    }
  }

  /** Takes over instances that are ready: they get requests, and are looked after, like its own. */
  absorb(others: ReplicaSet): void {
    for (const instance of others.instances.splice(0)) {
      this.instances.push(instance);
      this.lookAfter(instance);
    }
    this.context.changed();
  }

  /** Gives away the instances with the highest numbers: they get no new requests, and nobody restarts them. */
  async release(count: number): Promise<ReplicaSet> {
    const released = new ReplicaSet(this.context, this.published, []);
    released.instances.push(...this.instances.splice(this.instances.length - count, count));
    for (const instance of released.instances) {
      const supervisor = this.supervisors?.get(instance);
      supervisor?.abort.abort();
      this.supervisors?.delete(instance);
      await supervisor?.ended;
    }
    return released;
  }

  private lookAfter(instance: Instance): void {
    const abort = new AbortController();
    this.supervisors?.set(instance, { abort, ended: supervise(instance, this.target.spec, abort.signal) });
  }

  /** Waits until all instances are ready again, at most so many seconds. */
  async settled(seconds: number): Promise<void> {
    const until = Date.now() + seconds * 1000;
    while (!this.instances.every((one) => one.ready) && Date.now() < until) {
      await wait(50);
    }
  }

  /** The first instance that ends, as the cause it is; rejects when the signal aborts. */
  async firstExit(signal: AbortSignal): Promise<OperationFailure> {
    return new Promise((resolve, reject) => {
      // Whoever waits may have been told to stop while it was reporting.
      if (signal.aborted) {
        reject(signal.reason);
      }
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      for (const { child, number } of this.instances) {
        void child?.exited.then((exit) => resolve(appExited(number, exit)));
      }
    });
  }

  /** Waits until no request is in flight, at most so many seconds. Nobody must send it new ones. */
  async drain(seconds: number, signal?: AbortSignal): Promise<void> {
    const until = Date.now() + seconds * 1000;
    while (this.inFlight > 0 && Date.now() < until) {
      await wait(20, null, { signal });
    }
  }

  /** Ends all instances with everything they started. */
  async stop(grace = stopGrace, stopped: (done: number) => void = () => undefined): Promise<void> {
    const supervisors = [...(this.supervisors?.values() ?? [])];
    for (const { abort } of supervisors) {
      abort.abort();
    }
    let done = 0;
    await Promise.all(
      this.instances.map(async (one) => {
        await one.stop(grace);
        stopped(++done);
      }),
    );
    await Promise.all(supervisors.map(({ ended }) => ended));
    this.supervisors = null;
  }
}
