import { EventEmitter, setMaxListeners } from "node:events";
import { containerBundle } from "../../deployer/container-bundle.js";
import type { FieldChange } from "../../domain/changes.js";
import type { Connections, SwarmConnection } from "../../domain/connection.js";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import { LeaseLost, OperationFailure } from "../../errors.js";
import type { Log } from "../../log.js";
import type {
  Driver,
  DriverHealth,
  ForeignService,
  ImageSpec,
  Observed,
  Outcome,
  Projection,
  RegistryCredential,
  Reporter,
  ServiceLogLine,
  ServiceRef,
  Target,
} from "../../operations/driver.js";
import { EngineAway } from "../engine/answers.js";
import type { Programs } from "../engine/deployer.js";
import { assertToEnd, untilClosed } from "../engine/until-closed.js";
import { differences, isDrifted } from "./comparable.js";
import type { Engine } from "./engine.js";
import { Engines } from "./engines.js";
import { foreignServices } from "./foreign.js";
import { healthOf } from "./health.js";
import { followLogs, tailOf } from "./logs.js";
import { engineName, labels } from "./names.js";
import { observedOf } from "./observed.js";
import { pinImage } from "./pin-image.js";
import { downtime, project } from "./project.js";
import { putByRebake } from "./put-by-rebake.js";
import { removeService } from "./remove.js";
import { Replacement, type SwarmContext } from "./replace.js";
import { Scaling } from "./scale.js";

const unknown: Observed = {
  state: "UNKNOWN",
  tasks: [],
  ports: [],
  fingerprint: null,
  operationId: null,
  drifted: false,
};

export interface SwarmDriverOptions {
  /** Id of this Rebake: what it makes is told apart by it from what others make on the same swarm. */
  installation: string;
  connections: Connections<SwarmConnection>;
  log: Log;
}

export function createSwarmDriver(options: SwarmDriverOptions): SwarmDriver {
  return new SwarmDriver(options);
}

/** Runs services on Docker Engines in Swarm mode, each environment on its own or on one that it shares. */
export class SwarmDriver implements Driver {
  readonly kind = "SWARM";
  private readonly engines: Engines;
  private readonly closing = new AbortController();
  /** A service was removed here: who follows its logs need not wait for more. */
  private readonly removed = new EventEmitter<{ service: [serviceId: string] }>().setMaxListeners(0);
  private listener: (ref: ServiceRef) => void = () => undefined;

  constructor(private readonly options: SwarmDriverOptions) {
    this.engines = new Engines({ ...options, changed: (ref) => this.listener(ref) });
    // One for each operation that is under way.
    setMaxListeners(0, this.closing.signal);
  }

  project(spec: RenderedSpec): Projection {
    return project(spec);
  }

  downtime(current: RenderedSpec | null, next: RenderedSpec): string | null {
    return downtime(current, next);
  }

  async replace(current: Target | null, target: Target, report: Reporter): Promise<Outcome> {
    const { context, held } = await this.begin(target.ref, report);
    return new Replacement(context, current, target, held).run();
  }

  async scale(target: Target, from: number, report: Reporter): Promise<Outcome> {
    const { context, held } = await this.begin(target.ref, report);
    return new Scaling(context, target, from, held).run();
  }

  async remove(ref: ServiceRef, report: Reporter): Promise<Outcome> {
    const { context, held } = await this.begin(ref, report);
    const outcome = await removeService(context.engine, this.options, ref, held);
    this.engines.forget(ref);
    this.removed.emit("service", ref.serviceId);
    this.listener(ref);
    return outcome;
  }

  async pinImage(
    environmentId: string,
    image: ImageSpec,
    credential: RegistryCredential | null,
    signal: AbortSignal,
  ): Promise<string> {
    return pinImage(await this.engines.of(environmentId), image, credential, signal);
  }

  /** UNKNOWN while the engine is away. */
  async inspect(ref: ServiceRef): Promise<Observed> {
    try {
      const engine = await this.engines.watched(ref);
      const nodes = await this.engines.nodesOf(ref);
      return await observedOf(engine, engineName(this.options.installation, ref), nodes);
    } catch (error) {
      if (error instanceof EngineAway || error instanceof OperationFailure) {
        return unknown;
      }
      throw error;
    }
  }

  async drift(deployed: Target): Promise<FieldChange[]> {
    const engine = await this.engines.watched(deployed.ref);
    const { programs } = this;
    const found = await engine.service(engineName(this.options.installation, deployed.ref));
    if (!found) {
      return [{ path: ["service"], before: "deployed", after: null, secret: false }];
    }
    // A rollback by hand brings back also what says that nobody changed it.
    const stamp = found.Spec.Labels?.[labels.operation] ?? deployed.stamp.operationId;
    return isDrifted(found.Spec) || stamp !== deployed.stamp.operationId
      ? differences(await putByRebake(engine, deployed, programs), found.Spec)
      : [];
  }

  async foreign(environmentId: string): Promise<ForeignService[]> {
    return foreignServices(await this.engines.of(environmentId), this.options.installation);
  }

  async *logs(
    ref: ServiceRef,
    { tail, follow, signal }: { tail: number; follow: boolean; signal: AbortSignal },
  ): AsyncIterable<ServiceLogLine> {
    const { engine, closed } = await this.engines.used(ref);
    const name = engineName(this.options.installation, ref);
    const source = { engine, name, heard: (until: AbortSignal) => this.engines.heard(engine, name, until) };
    const stop = new AbortController();
    const ended = AbortSignal.any([signal, stop.signal, this.closing.signal]);
    if (!follow) {
      yield* await tailOf(source, tail, ended);
      return;
    }
    const both = AbortSignal.any([ended, closed]);
    const onRemoved = (serviceId: string) => serviceId === ref.serviceId && stop.abort();
    this.removed.on("service", onRemoved);
    try {
      yield* followLogs(source, tail, both);
      assertToEnd(closed, ended);
    } catch (error) {
      assertToEnd(closed, ended);
      if (!both.aborted) {
        throw error;
      }
    } finally {
      this.removed.off("service", onRemoved);
      stop.abort();
    }
  }

  async check(environmentId: string): Promise<DriverHealth> {
    let engine: Engine;
    try {
      engine = await this.engines.of(environmentId);
    } catch (error) {
      const { message } = error as OperationFailure;
      return { reachable: false, version: null, nodes: 0, limitations: [], error: message };
    }
    return healthOf(engine);
  }

  /** How often the environment's engine was asked, by what it was asked. */
  async calls(environmentId: string): Promise<ReadonlyMap<string, number>> {
    return (await this.engines.of(environmentId)).calls;
  }

  /** Services live on their engines: they have only to be watched again. */
  async restore(): Promise<void> {
    this.engines.watchAll();
  }

  onChange(listener: (ref: ServiceRef) => void): void {
    this.listener = listener;
  }

  async close(): Promise<void> {
    this.closing.abort(new LeaseLost("(this server stops)"));
    await this.engines.close();
  }

  private get programs(): Programs {
    return { installation: this.options.installation, deployer: containerBundle().text };
  }

  /** Where an operation works, for as long as this is how that is reached. */
  private async begin(ref: ServiceRef, report: Reporter): Promise<{ context: SwarmContext; held: Reporter }> {
    const { engine, closed } = await this.engines.used(ref);
    const { log } = this.options;
    const context: SwarmContext = {
      engine,
      programs: this.programs,
      heard: (name, signal) => this.engines.heard(engine, name, signal),
      log,
    };
    return { context, held: untilClosed(report, this.closing.signal, closed) };
  }
}
