import { setTimeout as wait } from "node:timers/promises";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import { assertNotUndone, type Restored, undo } from "../../../src/drivers/engine/undoing.js";
import { LeaseLost, OperationFailure } from "../../../src/errors.js";
import type {
  Driver,
  DriverHealth,
  Observed,
  Outcome,
  Projection,
  Reporter,
  ServiceLogLine,
  ServiceRef,
  Target,
} from "../../../src/operations/driver.js";
import { EngineClient } from "./engine-client.js";
import type { Desired, View } from "./engine-service.js";

const pollMilliseconds = 20;

/** Runs services on the engine for tests, as a driver of a real orchestrator does. */
export class EngineDriver implements Driver {
  readonly kind = "SWARM";
  private readonly client: EngineClient;
  private readonly closing = new AbortController();
  private watching: Promise<void> = Promise.resolve();

  constructor(url: string, installation: string) {
    this.client = new EngineClient(url, installation);
  }

  project(spec: RenderedSpec): Projection {
    return { spec, ignored: [] };
  }

  downtime(): string | null {
    return null;
  }

  async replace(current: Target | null, target: Target, report: Reporter): Promise<Outcome> {
    try {
      assertNotUndone(report);
      await this.begin(target, report);
      await this.follow(target, report);
    } catch (error) {
      const restore = () => this.putBack(current, target, report);
      return undo(report, { error, step: () => null, hasReplaced: false, restore });
    }
    const verdict = target.spec.readiness ? "SUCCEEDED" : "UNPROVEN";
    return { verdict, cause: null };
  }

  async scale(target: Target, _from: number, report: Reporter): Promise<Outcome> {
    const found = await this.client.find(target.ref);
    if (found?.desired.replicas !== target.replicas) {
      await this.client.put(target.ref, desiredOf(target), report);
    }
    await this.settled(target, report.signal);
    return { verdict: target.spec.readiness ? "SUCCEEDED" : "UNPROVEN", cause: null };
  }

  async pinImage(): Promise<null> {
    return null;
  }

  async drift(): Promise<[]> {
    return [];
  }

  async foreign(): Promise<[]> {
    return [];
  }

  async inspect(ref: ServiceRef): Promise<Observed> {
    const found = await this.client.find(ref);
    return found ? observedOf(found) : nothing;
  }

  async *logs(): AsyncIterable<ServiceLogLine> {}

  async remove(ref: ServiceRef, report: Reporter): Promise<Outcome> {
    await report.step({ step: "TERMINATE_OLD", state: "RUNNING", done: 0, of: 1 });
    while (await this.client.find(ref)) {
      await this.client.delete(ref, report);
      await wait(pollMilliseconds);
    }
    await report.step({ step: "TERMINATE_OLD", state: "DONE", done: 1, of: 1 });
    return { verdict: "SUCCEEDED", cause: null };
  }

  async check(): Promise<DriverHealth> {
    await this.client.list();
    return { reachable: true, version: "1", nodes: 1, limitations: [], error: null };
  }

  async restore(): Promise<void> {}

  onChange(listener: (ref: ServiceRef) => void): void {
    this.watching = this.watch(listener);
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.watching;
  }

  private async begin(target: Target, report: Reporter): Promise<void> {
    for (const step of ["FETCH_SOURCE", "INSTALL"] as const) {
      await report.step({ step, state: "SKIPPED", done: 0, of: 1 });
    }
    await report.step({ step: "START", state: "RUNNING", done: 0, of: target.replicas });
    const found = await this.client.find(target.ref);
    if (found?.desired.stamp.operationId !== target.stamp.operationId) {
      await this.client.put(target.ref, desiredOf(target), report);
    }
  }

  /** Reports replicas as the engine rolls them, until all are the new one's and ready. */
  private async follow(target: Target, report: Reporter): Promise<void> {
    const of = target.replicas;
    const late = AbortSignal.timeout(target.spec.rollout.deadline * 1000);
    let ready = -1;
    for (;;) {
      report.signal.throwIfAborted();
      const view = await this.client.find(target.ref);
      const mine = view?.replicas.filter((one) => one.operationId === target.stamp.operationId) ?? [];
      const count = mine.filter(({ state }) => state === "READY").length;
      if (view?.desired.stamp.operationId !== target.stamp.operationId) {
        throw new OperationFailure("DRIVER_FAULT", "Somebody else has changed the service meanwhile.");
      }
      if (view.status === "FAILED" || late.aborted) {
        throw new OperationFailure("APP_EXITED", "The new one ended before it was ready.");
      }
      if (count !== ready) {
        ready = count;
        await report.step({ step: "READY", state: "RUNNING", done: ready, of });
      }
      if (view.status === "COMPLETED") {
        break;
      }
      await wait(pollMilliseconds);
    }
    for (const step of ["START", "READY", "CUT_OVER", "TERMINATE_OLD"] as const) {
      await report.step({ step, state: "DONE", done: of, of });
    }
  }

  private async putBack(current: Target | null, target: Target, report: Reporter): Promise<Restored> {
    const replicas = (await this.client.find(target.ref))?.replicas ?? [];
    const touched = replicas.some(
      ({ operationId, state }) => operationId === target.stamp.operationId && state === "READY",
    );
    if (current) {
      await this.client.put(current.ref, desiredOf(current), report);
      await this.settled(current, null);
    } else {
      await this.client.delete(target.ref, report);
    }
    return { touched, lacks: null };
  }

  private async settled({ ref }: Target, signal: AbortSignal | null): Promise<void> {
    while ((await this.client.find(ref))?.status !== "COMPLETED") {
      if (signal?.reason instanceof LeaseLost) {
        throw signal.reason;
      }
      await wait(pollMilliseconds);
    }
  }

  private async watch(listener: (ref: ServiceRef) => void): Promise<void> {
    const { signal } = this.closing;
    const seen = new Map<string, string>();
    while (!signal.aborted) {
      for (const view of await this.client.list().catch(() => [])) {
        const { state } = observedOf(view);
        if (seen.get(view.name) !== state) {
          seen.set(view.name, state);
          listener(view.desired.ref);
        }
      }
      await wait(pollMilliseconds * 5, null, { signal }).catch(() => {});
    }
  }
}

const nothing: Observed = {
  state: "STOPPED",
  tasks: [],
  ports: [],
  fingerprint: null,
  operationId: null,
  drifted: false,
};

function desiredOf({ ref, stamp, spec, fingerprint, commit, replicas }: Target): Desired {
  const value = (name: string) => spec.env.find((one) => one.name === name)?.value[0];
  const startMs = Number(value("START_MS") ?? 50);
  const answers = typeof value("VERSION") === "string" ? `${value("VERSION")}` : null;
  return { ref, stamp, fingerprint, commit, answers, replicas, startMs, broken: value("BROKEN") === "1" };
}

function observedOf({ desired, replicas }: View): Observed {
  const ready = replicas.filter(({ state }) => state === "READY").length;
  const tasks = replicas.map((replica, index) => ({
    id: `${replica.id}`,
    instance: index + 1,
    state: replica.state === "READY" ? ("RUNNING" as const) : replica.state,
    since: new Date(),
    node: "engine",
    message: null,
    restarts: 0,
    address: null,
    operationId: replica.operationId,
  }));
  const state = ready >= desired.replicas ? "RUNNING" : ready > 0 ? "DEGRADED" : "STARTING";
  const { fingerprint, stamp } = desired;
  return { state, tasks, ports: [], fingerprint, operationId: stamp.operationId, drifted: false };
}
