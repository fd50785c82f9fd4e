import { setTimeout as wait } from "node:timers/promises";
import type { Connections, KubernetesConnection } from "../../domain/connection.js";
import type { Log } from "../../log.js";
import type { ServiceRef } from "../../operations/driver.js";
import { EngineAway, EngineRefusal } from "../engine/answers.js";
import { connectionInUse } from "../engine/until-closed.js";
import type { Workload } from "./api-types.js";
import { Cluster } from "./cluster.js";
import { kubeConfigOf } from "./kube-config.js";
import type { Features } from "./manifest.js";
import { Mirror } from "./mirror.js";
import { engineName, refFrom, serviceName } from "./names.js";
import { featuresOf, noFeatures, type Version } from "./version.js";

/** Between two looks for environments that were added, changed or deleted, in milliseconds. */
const listMilliseconds = 15_000;
/** For how long a server's version is taken as known, in milliseconds. */
const versionMilliseconds = 600_000;
/** For how long it is waited for what a cluster can do, in milliseconds. */
const featuresPatience = 2_000;

/** A namespace of a cluster with who keeps an eye on it; environments with the same connection share it. */
export class Site {
  /** Services that were adopted and have no labels of ours yet, by their names. */
  private readonly adopted = new Map<string, ServiceRef>();
  /** Services of this installation that were seen, by their names there, and their Services'. */
  private readonly known = new Map<string, ServiceRef>();
  private watching: Mirror | null = null;
  private version: { at: number; found: Promise<Version> } | null = null;
  /** What it said last that it can do. */
  private lastFeatures = noFeatures;
  private readonly inUse = connectionInUse();

  constructor(
    readonly cluster: Cluster,
    readonly namespace: string,
    private readonly options: { installation: string; changed(ref: ServiceRef): void; log: Log },
  ) {}

  /** What runs there, watched from now on. */
  get mirror(): Mirror {
    this.watching ??= new Mirror({
      ...{ cluster: this.cluster, namespace: this.namespace },
      changed: (workload) => this.changed(workload),
      allChanged: () => {
        for (const ref of new Set([...this.known.values(), ...this.adopted.values()])) {
          this.options.changed(ref);
        }
      },
      trouble: (err) =>
        this.options.log.warn(
          { err, cluster: this.cluster.where, namespace: this.namespace },
          "the cluster cannot be watched; trying again",
        ),
    });
    if (this.closed.aborted) {
      // Whoever has it since before is told so by that.
      void this.watching.close();
    }
    return this.watching;
  }

  /** Keeps an eye on a service that has no labels of ours. */
  adopt(ref: ServiceRef): void {
    this.adopted.set(engineName(ref), ref);
  }

  forget(ref: ServiceRef): void {
    this.adopted.delete(engineName(ref));
    this.known.delete(engineName(ref));
    this.known.delete(serviceName(ref));
  }

  async serverVersion(): Promise<Version> {
    if (!this.version || Date.now() - this.version.at > versionMilliseconds) {
      const found = this.cluster
        .get<Version>("version", "/version")
        .then((answer) => answer ?? { gitVersion: "" });
      this.version = { at: Date.now(), found };
      found.catch(() => {
        this.version = null;
      });
    }
    return this.version.found;
  }

  async features(): Promise<Features> {
    this.lastFeatures = featuresOf(await this.serverVersion());
    return this.lastFeatures;
  }

  /** The same without a wait for long, or for a cluster that is away: then as it was last known. */
  async featuresSoon(): Promise<Features> {
    const stop = new AbortController();
    const known = this.features().catch((error) => {
      if (error instanceof EngineAway || error instanceof EngineRefusal) {
        return this.lastFeatures;
      }
      throw error;
    });
    const late = wait(featuresPatience, null, { signal: stop.signal });
    try {
      return (await Promise.race([known, late])) ?? this.lastFeatures;
    } finally {
      stop.abort();
    }
  }

  /** As far as it was asked. */
  get knownFeatures(): Features {
    return this.lastFeatures;
  }

  /** Aborted, with a LeaseLost, once it is closed: nothing that is known here is true any more. */
  get closed(): AbortSignal {
    return this.inUse.signal;
  }

  /** A cluster that does not answer must not keep the server: what is still asked of it fails. */
  async close(): Promise<void> {
    this.inUse.end();
    const ended = this.watching?.close();
    this.cluster.close();
    await ended;
  }

  private changed(name: string): void {
    const mirror = this.watching;
    const workload = mirror?.workload("Deployment", name) ?? mirror?.workload("DaemonSet", name) ?? null;
    const ref = (workload && this.refOf(workload)) ?? this.known.get(name) ?? this.adopted.get(name);
    if (ref) {
      this.known.set(name, ref);
      this.known.set(serviceName(ref), ref);
      this.options.changed(ref);
    }
  }

  private refOf({ metadata }: Workload): ServiceRef | null {
    return refFrom(metadata, metadata.name, this.options.installation);
  }
}

export interface ClustersOptions {
  installation: string;
  connections: Connections<KubernetesConnection>;
  changed(ref: ServiceRef): void;
  log: Log;
}

/** The clusters of all environments. */
export class Clusters {
  /** By connection: another one is another cluster, or namespace. */
  private readonly sites = new Map<string, Promise<Site>>();
  /** Where each environment was when it was last looked for. */
  private readonly places = new Map<string, Site>();
  private readonly closing = new AbortController();
  private watching: Promise<void> | null = null;

  constructor(private readonly options: ClustersOptions) {}

  /** @throws OperationFailure ENGINE_UNREACHABLE when the environment has no connection */
  async of(environmentId: string): Promise<Site> {
    const site = await this.siteBy(await this.options.connections.of(environmentId));
    this.places.set(environmentId, site);
    return site;
  }

  /** What an environment's cluster can do, as far as it was asked; once clusters are watched, each is. */
  featuresOf(environmentId: string): Features {
    return this.places.get(environmentId)?.knownFeatures ?? noFeatures;
  }

  /** The site of a service, watched from now on. */
  async watched(ref: ServiceRef): Promise<Site> {
    const site = await this.of(ref.environmentId);
    if (ref.adopted !== null) {
      site.adopt(ref);
    }
    return site;
  }

  async forget(ref: ServiceRef): Promise<void> {
    for (const site of this.sites.values()) {
      (await site).forget(ref);
    }
  }

  /** Watches the clusters of all environments there are, also of those that are added later. */
  watchAll(): void {
    this.watching ??= this.keepWatching();
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.watching;
    await Promise.all([...this.sites.values()].map(async (site) => (await site).close()));
    this.sites.clear();
  }

  private siteBy(connection: KubernetesConnection): Promise<Site> {
    const key = JSON.stringify(connection);
    const known = this.sites.get(key);
    if (known) {
      return known;
    }
    const site = this.open(connection);
    if (this.closing.signal.aborted) {
      // For who asks once more while the server stops: nobody would close it.
      site.then((opened) => opened.close()).catch(() => undefined);
      return site;
    }
    this.sites.set(key, site);
    // One that cannot be opened may be later.
    site.catch(() => this.sites.delete(key));
    return site;
  }

  private async open(connection: KubernetesConnection): Promise<Site> {
    const cluster = new Cluster(await kubeConfigOf(connection));
    return new Site(cluster, connection.namespace, this.options);
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
    const before = [...this.sites];
    const wanted = new Set<Site>();
    for (const id of await this.options.connections.environments()) {
      // One that names no cluster, or whose keys do not open, must not keep the others from being watched.
      const site = await this.of(id).catch((err) => {
        this.options.log.warn({ err, environment: id }, "an environment's cluster cannot be watched");
        return this.places.get(id) ?? null;
      });
      if (site && !this.closing.signal.aborted) {
        wanted.add(site);
        void site.mirror;
        // A cluster that is away says later what it can do.
        site.features().catch(() => undefined);
      }
    }
    for (const [key, opened] of before) {
      const site = await opened.catch(() => null);
      if (site && !wanted.has(site)) {
        await this.leave(key, site);
      }
    }
  }

  private async leave(key: string, left: Site): Promise<void> {
    this.sites.delete(key);
    for (const [id, site] of this.places) {
      if (site === left) {
        this.places.delete(id);
      }
    }
    await left.close();
  }
}
