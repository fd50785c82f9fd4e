import { EventEmitter, once } from "node:events";
import { EngineAway } from "../engine/answers.js";
import type { KubeObject, KubeService, Pod, ReplicaSet, Workload } from "./api-types.js";
import type { Cluster } from "./cluster.js";
import type { WorkloadKind } from "./names.js";
import { type Kind, kinds, listPath } from "./paths.js";
import { Reflector } from "./reflector.js";
import { slimPod, slimSet, withoutManagers } from "./slim.js";

export interface MirrorOptions {
  cluster: Cluster;
  namespace: string;
  /** Something of the workload of that name has changed, or of its pods. */
  changed(workload: string): void;
  /** All of them may have: the cluster is away, or back. */
  allChanged(): void;
  /** Once each time that the cluster cannot be watched. */
  trouble(error: unknown): void;
}

/** A copy of what runs in a namespace, which is watched: questions about it ask nobody. */
export class Mirror {
  private readonly workloads: Record<WorkloadKind, Reflector<Workload>>;
  private readonly sets: Reflector<ReplicaSet>;
  private readonly pods: Reflector<Pod>;
  private readonly services: Reflector<KubeService>;
  /** Names of pods and of sets by the uid of what controls them. */
  private readonly podsOfOwner = new Map<string, Set<string>>();
  private readonly setsOfOwner = new Map<string, Set<string>>();
  private readonly heardOf = new EventEmitter().setMaxListeners(0);
  private trouble: unknown = null;

  constructor(private readonly options: MirrorOptions) {
    this.workloads = {
      Deployment: this.reflect<Workload>("Deployment", (one) => this.changed(one.metadata.name)),
      DaemonSet: this.reflect<Workload>("DaemonSet", (one) => this.changed(one.metadata.name)),
    };
    const ofSet = (one: ReplicaSet, isThere: boolean) => {
      index(this.setsOfOwner, one, isThere);
      this.changed(ownerOf(one)?.name);
    };
    this.sets = this.reflect<ReplicaSet>("ReplicaSet", ofSet, slimSet);
    const ofPod = (one: Pod, isThere: boolean) => {
      index(this.podsOfOwner, one, isThere);
      this.changed(this.workloadOf(one));
    };
    this.pods = this.reflect<Pod>("Pod", ofPod, slimPod);
    const ofService = (one: KubeService) => this.changed(one.metadata.name);
    this.services = this.reflect<KubeService>("Service", ofService, withoutManagers);
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((one) => one.close()));
  }

  /** Whether everything is known, and kept up to date. */
  get isFresh(): boolean {
    return this.all.every((one) => one.isFresh);
  }

  /** @throws EngineAway when it is not known how things are */
  assertFresh(): void {
    if (!this.isFresh) {
      throw new EngineAway(messageOf(this.trouble));
    }
  }

  /**
   * Resolves once everything is known.
   * @throws what keeps it from being so, when something does; EngineAway when the signal says that it takes too long, and
   * else the signal's reason
   */
  async ready(signal: AbortSignal): Promise<void> {
    while (!this.isFresh) {
      if (this.trouble) {
        throw this.trouble;
      }
      await once(this.heardOf, "state", { signal }).catch((error) => {
        const isLate = (signal.reason as Error | undefined)?.name === "TimeoutError";
        throw isLate ? new EngineAway("it does not say how things are") : (signal.reason ?? error);
      });
    }
  }

  workload(kind: WorkloadKind, name: string): Workload | null {
    return this.workloads[kind].objects.get(name) ?? null;
  }

  allWorkloads(kind: WorkloadKind): Workload[] {
    return [...this.workloads[kind].objects.values()];
  }

  service(name: string): KubeService | null {
    return this.services.objects.get(name) ?? null;
  }

  setsOf({ metadata }: Workload): ReplicaSet[] {
    return found(this.setsOfOwner.get(metadata.uid), this.sets);
  }

  /** Those that its sets control, or a DaemonSet itself; older first. */
  podsOf(workload: Workload): Pod[] {
    const owners = [workload.metadata.uid, ...this.setsOf(workload).map(({ metadata }) => metadata.uid)];
    return owners.flatMap((uid) => found(this.podsOfOwner.get(uid), this.pods)).sort(byAge);
  }

  allPods(): Pod[] {
    return [...this.pods.objects.values()];
  }

  /** Takes what was answered to a change, ahead of the watch. */
  take(kind: WorkloadKind, workload: Workload): void {
    this.workloads[kind].take(workload);
  }

  takeService(service: KubeService): void {
    this.services.take(service);
  }

  /** Resolves when something of a workload was heard, or the signal aborts. */
  async heard(workload: string, signal: AbortSignal): Promise<void> {
    await once(this.heardOf, `of ${workload}`, { signal }).catch(() => {});
  }

  private get all(): Reflector<KubeObject>[] {
    const { Deployment, DaemonSet } = this.workloads;
    return [Deployment, DaemonSet, this.sets, this.pods, this.services] as Reflector<KubeObject>[];
  }

  private reflect<T extends KubeObject>(
    kind: Kind,
    tell: (one: T, isThere: boolean) => void,
    keep: (one: T) => T = (one) => one,
  ): Reflector<T> {
    const { cluster, namespace } = this.options;
    return new Reflector<T>({
      ...{ cluster, name: kinds[kind].plural, path: listPath(kind, namespace) },
      keep: (one) => keep(one as T),
      changed: (before, after) => {
        if (before && before.metadata.uid !== after?.metadata.uid) {
          tell(before as T, false);
        }
        if (after) {
          tell(after as T, true);
        }
      },
      away: (error) => {
        if (!this.trouble) {
          this.trouble = error;
          this.options.trouble(error);
          this.options.allChanged();
        }
        this.heardOf.emit("state");
      },
      back: () => {
        if (this.isFresh) {
          const wasAway = this.trouble !== null;
          this.trouble = null;
          if (wasAway) {
            this.options.allChanged();
          }
        }
        this.heardOf.emit("state");
      },
    });
  }

  private changed(workload: string | undefined): void {
    if (workload !== undefined) {
      this.heardOf.emit(`of ${workload}`);
      this.options.changed(workload);
    }
  }

  /** A pod's workload may be gone before it, and a set before its pods: then nobody asks for it any more. */
  private workloadOf(pod: Pod): string | undefined {
    const owner = ownerOf(pod);
    if (owner?.kind !== "ReplicaSet") {
      return owner?.name;
    }
    const set = this.sets.objects.get(owner.name);
    return set ? ownerOf(set)?.name : owner.name.replace(/-[^-]+$/, "");
  }
}

function ownerOf({ metadata }: KubeObject): { uid: string; kind: string; name: string } | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller);
}

function index(byOwner: Map<string, Set<string>>, one: KubeObject, isThere: boolean): void {
  const owner = ownerOf(one)?.uid;
  if (owner === undefined) {
    return;
  }
  const names = byOwner.get(owner) ?? new Set();
  if (isThere) {
    byOwner.set(owner, names.add(one.metadata.name));
  } else {
    names.delete(one.metadata.name);
    if (names.size === 0) {
      byOwner.delete(owner);
    }
  }
}

function found<T extends KubeObject>(names: ReadonlySet<string> | undefined, all: Reflector<T>): T[] {
  return [...(names ?? [])].flatMap((name) => all.objects.get(name) ?? []);
}

function byAge({ metadata: a }: Pod, { metadata: b }: Pod): number {
  const order = a.creationTimestamp.localeCompare(b.creationTimestamp);
  return order || (a.name < b.name ? -1 : 1);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "it is not known yet how things are";
}
