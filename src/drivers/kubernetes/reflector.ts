import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { EngineAway, EngineRefusal } from "../engine/answers.js";
import type { KubeObject, WatchEvent } from "./api-types.js";
import type { Cluster } from "./cluster.js";

/** For how long one watch goes on, in seconds; each a little different, so that not all end at once. */
const watchSeconds = 300;
/** In milliseconds. */
const usualPatience = {
  /** An API server that does not begin to answer within this is away. */
  answer: 30_000,
  /** It says something at least once a minute (a bookmark): after so long a connection is dead. */
  silence: 100_000,
};
/** Before it is tried again, longer each time, in milliseconds. */
const shortestPause = 500;
const longestPause = 15_000;

export interface ReflectorOptions {
  cluster: Cluster;
  /** What it is called where requests are counted, e.g. `pods`. */
  name: string;
  path: string;
  /** What is kept of an object; all of it unless given. */
  keep?(object: KubeObject): KubeObject;
  /** `before`: as it was last known; `after` is null when it is gone. */
  changed(before: KubeObject | null, after: KubeObject | null): void;
  /** It is (not) known any more how things are; with the reason when not. */
  away(error: unknown): void;
  back(): void;
  patience?: typeof usualPatience;
}

/**
 * Keeps a copy of all objects of one kind: from a list, and from what is watched from there on. A watch that ends goes on
 * where it was; one that has expired (410) begins with a list again, of which only what differs is told.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
export class Reflector<T extends KubeObject> {
  /** By name. */
  readonly objects = new Map<string, T>();
  /** Whether the copy is complete and kept up to date. */
  isFresh = false;
  /** Names of what is taken while a list is under way, which may not have them; what was taken before it has. */
  private taken: Set<string> | null = null;
  private readonly stopping = new AbortController();
  private readonly done: Promise<void>;

  constructor(private readonly options: ReflectorOptions) {
    this.done = this.run();
  }

  /** What is copied stays as it was, and is not believed any more. */
  async close(): Promise<void> {
    this.stopping.abort();
    this.isFresh = false;
    await this.done;
  }

  /** Takes what was answered to a change, unless it is known already: a watch tells of it a moment later. */
  take(object: T): void {
    this.taken?.add(object.metadata.name);
    this.putIfNewer(object);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    let version: string | null = null;
    let pause = shortestPause;
    while (!signal.aborted) {
      try {
        if (version === null) {
          version = await this.list();
          this.setFresh();
        }
        const began = Date.now();
        version = await this.watch(version, () => {
          pause = shortestPause;
        });
        pause = Date.now() - began > shortestPause ? 0 : Math.max(pause, shortestPause);
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        if (isExpired(error)) {
          version = null;
        } else {
          this.isFresh = false;
          this.options.away(error);
        }
      }
      await wait(pause, null, { signal }).catch(() => {});
      pause = Math.min(Math.max(pause * 2, shortestPause), longestPause);
    }
  }

  private async list(): Promise<string> {
    const { cluster, name, path } = this.options;
    const taken = new Set<string>();
    this.taken = taken;
    try {
      const { metadata, items } = await cluster.list<T>(name, path);
      this.reconcile(items, metadata.resourceVersion, taken);
      return metadata.resourceVersion;
    } finally {
      this.taken = null;
    }
  }

  /** What was taken meanwhile stays where it is of after the list: the watch is yet to tell of it. */
  private reconcile(items: readonly T[], version: string, taken: ReadonlySet<string>): void {
    const there = new Set(items.map((item) => item.metadata.name));
    for (const [name, object] of this.objects) {
      const isAhead = taken.has(name) && Number(object.metadata.resourceVersion) > Number(version);
      if (!there.has(name) && !isAhead) {
        this.drop(object);
      }
    }
    for (const item of items) {
      const known = this.objects.get(item.metadata.name);
      if (taken.has(item.metadata.name)) {
        this.putIfNewer(item);
      } else if (known?.metadata.resourceVersion !== item.metadata.resourceVersion) {
        // Also when it is older: a cluster that was brought back from a backup counts from there.
        this.put(item);
      }
    }
  }

  /** Returns the version to go on from when it ends, as watches do now and then. */
  private async watch(from: string, heard: () => void): Promise<string> {
    const { cluster, name, path, patience = usualPatience } = this.options;
    let version = from;
    let isOpen = false;
    const silence = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const listen = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), isOpen ? patience.silence : patience.answer);
    };
    listen();
    const signal = AbortSignal.any([this.stopping.signal, silence.signal]);
    const query = {
      watch: true,
      resourceVersion: from,
      allowWatchBookmarks: true,
      timeoutSeconds: watchSeconds + Math.floor(Math.random() * 60),
    };
    try {
      const stream = await cluster.stream(`watch ${name}`, path, query, signal);
      isOpen = true;
      listen();
      // What has happened since is told at once; before, it is not known whether the cluster is there at all.
      this.setFresh();
      const lines = createInterface({ input: stream });
      let failure: unknown = null;
      lines.on("line", (line) => {
        listen();
        try {
          version = this.heard(JSON.parse(line) as WatchEvent<T>, version);
          heard();
        } catch (error) {
          failure = error;
          stream.destroy();
        }
      });
      lines.on("error", () => lines.close());
      // One that is destroyed, here or by a signal, need not end.
      stream.once("close", () => lines.close());
      await once(lines, "close");
      stream.destroy();
      if (failure) {
        throw failure;
      }
      return version;
    } catch (error) {
      if (!silence.signal.aborted) {
        throw error;
      }
      if (isOpen) {
        return version;
      }
      throw new EngineAway(`it did not answer within ${patience.answer / 1000} s`);
    } finally {
      clearTimeout(timer);
    }
  }

  private heard({ type, object }: WatchEvent<T>, version: string): string {
    if (type === "ERROR") {
      const { code = 0, message = "" } = object as unknown as { code?: number; message?: string };
      throw new EngineRefusal(code, message);
    }
    if (type === "DELETED") {
      this.drop(object);
    } else if (type !== "BOOKMARK") {
      // What was answered to a change may be ahead of what is watched.
      this.putIfNewer(object);
    }
    return object.metadata.resourceVersion || version;
  }

  private putIfNewer(object: T): void {
    const known = this.objects.get(object.metadata.name);
    if (!known || isNewer(object, known)) {
      this.put(object);
    }
  }

  private put(found: T): void {
    const object = (this.options.keep?.(found) ?? found) as T;
    const before = this.objects.get(object.metadata.name) ?? null;
    this.objects.set(object.metadata.name, object);
    this.options.changed(before, object);
  }

  private drop(object: T): void {
    const known = this.objects.get(object.metadata.name);
    // One of the same name may have come meanwhile.
    if (known?.metadata.uid === object.metadata.uid) {
      this.objects.delete(object.metadata.name);
      this.options.changed(known, null);
    }
  }

  private setFresh(): void {
    if (!this.isFresh && !this.stopping.signal.aborted) {
      this.isFresh = true;
      this.options.back();
    }
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof EngineRefusal && error.status === 410;
}

/**
 * Versions can be compared where they are numbers, as everywhere, also those of two that are called alike one after the
 * other; else what was answered last counts.
 */
function isNewer({ metadata: a }: KubeObject, { metadata: b }: KubeObject): boolean {
  const [first, second] = [Number(a.resourceVersion), Number(b.resourceVersion)];
  return !(first <= second);
}
