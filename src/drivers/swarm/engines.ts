import { EventEmitter, once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import type { Connections, SwarmConnection } from "../../domain/connection.js";
import type { Log } from "../../log.js";
import type { ServiceRef } from "../../operations/driver.js";
import { Engine } from "./engine.js";
import type { EngineNode } from "./engine-types.js";
import { Watch } from "./watch.js";

/** Between two looks for environments that were added, changed or deleted, in milliseconds. */
const listMilliseconds = 15_000;
/** For how long names and addresses of nodes are taken as known, in milliseconds. */
const nodesMilliseconds = 10_000;

interface Known {
  /** What it was made from: another connection is another engine. */
  connection: string;
  engine: Engine;
  watch: Watch | null;
  nodes: { at: number; all: Promise<Map<string, EngineNode>> } | null;
}

export interface EnginesOptions {
  installation: string;
  connections: Connections<SwarmConnection>;
  changed(ref: ServiceRef): void;
  log: Log;
}

/** The engines of all environments, each with somebody who keeps an eye on it. */
export class Engines {
  private readonly known = new Map<string, Known>();
  private readonly heardOf = new EventEmitter().setMaxListeners(0);
  private readonly closing = new AbortController();
  private watching: Promise<void> | null = null;

  constructor(private readonly options: EnginesOptions) {}

  /** @throws OperationFailure ENGINE_UNREACHABLE when the environment has no connection */
  async of(environmentId: string): Promise<Engine> {
    return (await this.entry(environmentId)).engine;
  }

  /** The engine of a service, watched from now on. */
  async watched(ref: ServiceRef): Promise<Engine> {
    const entry = await this.entry(ref.environmentId);
    this.watchEntry(ref.environmentId, entry);
    if (ref.adopted !== null) {
      entry.watch?.adopt(ref);
    }
    return entry.engine;
  }

  forget({ environmentId, ...ref }: ServiceRef): void {
    this.known.get(environmentId)?.watch?.forget({ environmentId, ...ref });
  }

  /** Nodes by their ids. */
  async nodesOf({ environmentId }: ServiceRef): Promise<Map<string, EngineNode>> {
    const entry = await this.entry(environmentId);
    if (!entry.nodes || Date.now() - entry.nodes.at > nodesMilliseconds) {
      const all = entry.engine.nodes().then((nodes) => new Map(nodes.map((node) => [node.ID, node])));
      entry.nodes = { at: Date.now(), all };
      all.catch(() => {
        entry.nodes = null;
      });
    }
    return entry.nodes.all;
  }

  /** Watches the engines of all environments there are, also of those that are added later. */
  watchAll(): void {
    this.watching ??= this.keepWatching();
  }

  /** Resolves when something of a service of the engine was heard, or the signal aborts. */
  async heard(environmentId: string, name: string, signal: AbortSignal): Promise<void> {
    await once(this.heardOf, `${environmentId} ${name}`, { signal }).catch(() => {});
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.watching;
    await Promise.all([...this.known.values()].map(({ watch }) => watch?.close()));
    this.known.clear();
  }

  private async entry(environmentId: string): Promise<Known> {
    const connection = await this.options.connections.of(environmentId);
    const text = JSON.stringify(connection);
    const before = this.known.get(environmentId);
    if (before?.connection === text) {
      return before;
    }
    const entry: Known = { connection: text, engine: new Engine(connection), watch: null, nodes: null };
    this.known.set(environmentId, entry);
    if (before?.watch) {
      await before.watch.close();
      this.watchEntry(environmentId, entry);
    }
    return entry;
  }

  private watchEntry(environmentId: string, entry: Known): void {
    if (entry.watch || this.closing.signal.aborted) {
      return;
    }
    const { installation, changed, log } = this.options;
    entry.watch = new Watch({
      engine: entry.engine,
      installation,
      changed: (ref) => ref.environmentId === environmentId && changed(ref),
      heard: (name) => this.heardOf.emit(`${environmentId} ${name}`),
      log,
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
    const ids = await this.options.connections.environments();
    for (const id of ids) {
      // One that names no engine, or whose keys do not open, must not keep the others from being watched.
      await this.entry(id).then(
        (entry) => this.watchEntry(id, entry),
        (err) => this.options.log.warn({ err, environment: id }, "an environment's engine cannot be watched"),
      );
    }
    for (const [id, { watch }] of this.known) {
      if (!ids.includes(id)) {
        this.known.delete(id);
        await watch?.close();
      }
    }
  }
}
