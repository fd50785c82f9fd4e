import { EventEmitter, once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import type { Connections, SwarmConnection } from "../../domain/connection.js";
import type { Log } from "../../log.js";
import type { ServiceRef } from "../../operations/driver.js";
import { connectionInUse } from "../engine/until-closed.js";
import { Engine } from "./engine.js";
import type { EngineNode } from "./engine-types.js";
import { Watch } from "./watch.js";

/** Between two looks for environments that were added, changed or deleted, in milliseconds. */
const listMilliseconds = 15_000;
/** For how long names and addresses of nodes are taken as known, in milliseconds. */
const nodesMilliseconds = 10_000;

/** An engine with who keeps an eye on it; environments on one swarm share it. */
interface Shared {
  engine: Engine;
  watch: Watch | null;
  nodes: { at: number; all: Promise<Map<string, EngineNode>> } | null;
  /** Until it is not the connection of any environment any more. */
  inUse: ReturnType<typeof connectionInUse>;
}

export interface EnginesOptions {
  installation: string;
  connections: Connections<SwarmConnection>;
  changed(ref: ServiceRef): void;
  log: Log;
}

/** The engines of all environments. */
export class Engines {
  /** By connection: another one is another engine. */
  private readonly shared = new Map<string, Shared>();
  /** Where each environment was when it was last looked for. */
  private readonly places = new Map<string, Shared>();
  private readonly heardOf = new EventEmitter().setMaxListeners(0);
  private readonly closing = new AbortController();
  private watching: Promise<void> | null = null;

  constructor(private readonly options: EnginesOptions) {}

  /** @throws OperationFailure ENGINE_UNREACHABLE when the environment has no connection */
  async of(environmentId: string): Promise<Engine> {
    return (await this.sharedOf(environmentId)).engine;
  }

  /** The engine of a service, watched from now on. */
  async watched(ref: ServiceRef): Promise<Engine> {
    return (await this.used(ref)).engine;
  }

  /** The same; `closed` is aborted, with a LeaseLost, once it is not the environment's any more. */
  async used(ref: ServiceRef): Promise<{ engine: Engine; closed: AbortSignal }> {
    const shared = await this.sharedOf(ref.environmentId);
    this.keepAnEyeOn(shared);
    if (ref.adopted !== null) {
      shared.watch?.adopt(ref);
    }
    return { engine: shared.engine, closed: shared.inUse.signal };
  }

  forget(ref: ServiceRef): void {
    for (const { watch } of this.shared.values()) {
      watch?.forget(ref);
    }
  }

  /** Nodes by their ids. */
  async nodesOf({ environmentId }: ServiceRef): Promise<Map<string, EngineNode>> {
    const shared = await this.sharedOf(environmentId);
    if (!shared.nodes || Date.now() - shared.nodes.at > nodesMilliseconds) {
      const all = shared.engine.nodes().then((nodes) => new Map(nodes.map((node) => [node.ID, node])));
      shared.nodes = { at: Date.now(), all };
      all.catch(() => {
        shared.nodes = null;
      });
    }
    return shared.nodes.all;
  }

  /** Watches the engines of all environments there are, also of those that are added later. */
  watchAll(): void {
    this.watching ??= this.keepWatching();
  }

  /** Resolves when something of a service of an engine was heard, or the signal aborts. */
  async heard(engine: Engine, name: string, signal: AbortSignal): Promise<void> {
    await once(this.heardOf, `${engine.where} ${name}`, { signal }).catch(() => {});
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.watching;
    await Promise.all([...this.shared.values()].map(end));
    this.shared.clear();
  }

  private async sharedOf(environmentId: string): Promise<Shared> {
    const shared = this.sharedBy(await this.options.connections.of(environmentId));
    this.places.set(environmentId, shared);
    return shared;
  }

  private sharedBy(connection: SwarmConnection): Shared {
    const key = JSON.stringify(connection);
    const known = this.shared.get(key);
    if (known) {
      return known;
    }
    const shared: Shared = {
      engine: new Engine(connection),
      watch: null,
      nodes: null,
      inUse: connectionInUse(),
    };
    if (this.closing.signal.aborted) {
      // For who asks once more while the server stops: nobody would close it.
      void end(shared);
    } else {
      this.shared.set(key, shared);
    }
    return shared;
  }

  private keepAnEyeOn(shared: Shared): void {
    if (this.closing.signal.aborted) {
      return;
    }
    const { installation, changed, log } = this.options;
    const { engine } = shared;
    shared.watch ??= new Watch({
      ...{ engine, installation, changed, log },
      heard: (name) => this.heardOf.emit(`${engine.where} ${name}`),
    });
  }

  private async keepWatching(): Promise<void> {
    const { signal } = this.closing;
    while (!signal.aborted) {
      await this.watchThoseThere().catch((err) =>
        this.options.log.debug({ err }, "cannot see which environments there are; trying again"),
      );
      await wait(listMilliseconds, null, { signal }).catch(() => {});
    }
  }

  private async watchThoseThere(): Promise<void> {
    // What comes while they are looked for is not known to be of no use.
    const before = [...this.shared];
    const wanted = new Set<Shared>();
    for (const id of await this.options.connections.environments()) {
      // One that names no engine, or whose keys do not open, must not keep the others from being watched.
      const shared = await this.sharedOf(id).catch((err) => {
        this.options.log.warn({ err, environment: id }, "an environment's engine cannot be watched");
        return this.places.get(id) ?? null;
      });
      if (shared) {
        wanted.add(shared);
        this.keepAnEyeOn(shared);
      }
    }
    for (const [key, shared] of before) {
      if (!wanted.has(shared)) {
        await this.leave(key, shared);
      }
    }
  }

  private async leave(key: string, left: Shared): Promise<void> {
    this.shared.delete(key);
    for (const [id, shared] of this.places) {
      if (shared === left) {
        this.places.delete(id);
      }
    }
    await end(left);
  }
}

/** An engine that does not answer must not keep the server: what is still asked of it fails. */
async function end({ engine, watch, inUse }: Shared): Promise<void> {
  inUse.end();
  const ended = watch?.close();
  engine.close();
  await ended;
}
