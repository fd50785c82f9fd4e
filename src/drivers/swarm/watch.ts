import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import type { Log } from "../../log.js";
import type { ServiceRef } from "../../operations/driver.js";
import { isDrifted } from "./comparable.js";
import type { Engine } from "./engine.js";
import type { EngineEvent, EngineService } from "./engine-types.js";
import { labels, refFrom } from "./names.js";

/** Between two looks at an engine that says nothing: events tell of containers of one node only. In milliseconds. */
export const healthMilliseconds = 15_000;
const retryMilliseconds = 1_000;
/** Healthchecks start programs all the time: of containers, only what changes a service's state is wanted. */
const wanted = {
  type: ["service", "container"],
  event: ["create", "update", "remove", "start", "die", "oom", "health_status"],
};

export interface WatchOptions {
  engine: Engine;
  installation: string;
  /** A service of this installation may have changed. */
  changed(ref: ServiceRef): void;
  /** Something of this service of the engine was heard, whosever it is. */
  heard(serviceName: string): void;
  log: Log;
}

/** Keeps an eye on one engine: its events, and a look at all services now and then. */
export class Watch {
  private readonly stopping = new AbortController();
  /** What was last seen of each service, by its name. */
  private readonly seen = new Map<string, { ref: ServiceRef; state: string }>();
  /** Services that were adopted and have no labels of ours yet, by their names. */
  private readonly adopted = new Map<string, ServiceRef>();
  private away = false;
  private readonly done: Promise<unknown>;

  constructor(private readonly options: WatchOptions) {
    this.done = Promise.all([this.listen(), this.lookNowAndThen()]);
  }

  /** Keeps an eye on a service that has no labels of ours. */
  adopt(ref: ServiceRef): void {
    this.adopted.set(ref.adopted!, ref);
  }

  forget(ref: ServiceRef): void {
    this.adopted.delete(ref.adopted ?? "");
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.done;
  }

  private async listen(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        const stream = await this.options.engine.events(wanted, signal);
        await this.look();
        const lines = createInterface({ input: stream });
        lines.on("line", (line) => this.take(JSON.parse(line) as EngineEvent));
        // The end of the stream is what is waited for, however it comes.
        lines.on("error", () => lines.close());
        await once(lines, "close", { signal });
      } catch (error) {
        this.trouble(error);
      }
      await wait(retryMilliseconds, null, { signal }).catch(() => {});
    }
  }

  private async lookNowAndThen(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await wait(healthMilliseconds, null, { signal }).catch(() => {});
      if (!signal.aborted) {
        await this.look().catch((error) => this.trouble(error));
      }
    }
  }

  /** Tells of every service that is not as it was last seen. */
  private async look(): Promise<void> {
    const { engine, installation } = this.options;
    const ours = { label: [`${labels.installation}=${installation}`] };
    const found = await engine.services(this.adopted.size > 0 ? {} : ours);
    if (this.away) {
      this.away = false;
      this.options.log.info({ engine: engine.where }, "the engine answers again");
    }
    const names = new Set(found.map(({ Spec }) => Spec.Name));
    for (const service of found) {
      const ref = this.refOf(service.Spec.Name, service.Spec.Labels);
      const state = stateOf(service);
      if (ref && this.seen.get(service.Spec.Name)?.state !== state) {
        this.seen.set(service.Spec.Name, { ref, state });
        this.options.changed(ref);
      }
    }
    for (const [name, { ref }] of this.seen) {
      if (!names.has(name)) {
        this.seen.delete(name);
        this.options.changed(ref);
      }
    }
  }

  private take({ Type, Actor }: EngineEvent): void {
    const { Attributes } = Actor;
    const name = Type === "service" ? Attributes.name : Attributes["com.docker.swarm.service.name"];
    if (name === undefined) {
      return;
    }
    this.options.heard(name);
    const ref = this.refOf(name, Attributes) ?? this.seen.get(name)?.ref;
    if (ref) {
      // Events of services themselves bear no labels: the next one is known by its name.
      this.seen.set(name, this.seen.get(name) ?? { ref, state: "" });
      this.options.changed(ref);
    }
  }

  private refOf(name: string, found: Record<string, string> | undefined): ServiceRef | null {
    return refFrom(found, name, this.options.installation) ?? this.adopted.get(name) ?? null;
  }

  private trouble(error: unknown): void {
    if (this.stopping.signal.aborted || this.away) {
      return;
    }
    this.away = true;
    const { log, engine } = this.options;
    log.warn({ err: error, engine: engine.where }, "the engine cannot be watched; trying again");
    for (const { ref } of this.seen.values()) {
      this.options.changed(ref);
    }
    // Once it is back, every service is news.
    this.seen.clear();
  }
}

function stateOf({ Version, ServiceStatus, Spec }: EngineService): string {
  return JSON.stringify([
    Version.Index,
    ServiceStatus?.RunningTasks,
    ServiceStatus?.DesiredTasks,
    isDrifted(Spec),
  ]);
}
