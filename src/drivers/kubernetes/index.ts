import { EventEmitter, setMaxListeners } from "node:events";
import { containerBundle } from "../../deployer/container-bundle.js";
import type { FieldChange } from "../../domain/changes.js";
import type { Connections, KubernetesConnection } from "../../domain/connection.js";
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
import { EngineAway, EngineRefusal, unreachable } from "../engine/answers.js";
import { assertToEnd, untilClosed } from "../engine/until-closed.js";
import type { KubeNode } from "./api-types.js";
import { changesSince } from "./changes-since.js";
import { Clusters, type Site } from "./clusters.js";
import type { KubernetesContext } from "./context.js";
import { foreignServices } from "./foreign.js";
import { healthOf, nodesOf } from "./health.js";
import { followLogs, type LogSource, tailOf } from "./logs.js";
import type { Mirror } from "./mirror.js";
import { engineName, serviceName } from "./names.js";
import { observedOf } from "./observed.js";
import { workloadOf } from "./owned.js";
import { pinImage } from "./pin-image.js";
import { downtime, project } from "./project.js";
import { removeService } from "./remove.js";
import { Replacement } from "./replace.js";
import { Scaling } from "./scale.js";

const unknown: Observed = {
  state: "UNKNOWN",
  tasks: [],
  ports: [],
  fingerprint: null,
  operationId: null,
  drifted: false,
};
/** For how long a cluster that was not asked yet is waited for, in milliseconds. */
const readyPatience = 8_000;
/** For how long addresses of nodes are taken as known, in milliseconds. */
const nodesMilliseconds = 60_000;

export interface KubernetesDriverOptions {
  /** Id of this Rebake: what it makes is told apart by it from what others make on the same cluster. */
  installation: string;
  connections: Connections<KubernetesConnection>;
  log: Log;
}

export function createKubernetesDriver(options: KubernetesDriverOptions): KubernetesDriver {
  return new KubernetesDriver(options);
}

/** Runs services on Kubernetes, each environment in a namespace of a cluster. */
export class KubernetesDriver implements Driver {
  readonly kind = "KUBERNETES";
  private readonly clusters: Clusters;
  private readonly closing = new AbortController();
  /** A service was removed here: who follows its logs need not wait for more. */
  private readonly removed = new EventEmitter<{ service: [serviceId: string] }>().setMaxListeners(0);
  private readonly nodes = new WeakMap<Site, { at: number; first: Promise<KubeNode | null> }>();
  private listener: (ref: ServiceRef) => void = () => undefined;

  constructor(private readonly options: KubernetesDriverOptions) {
    this.clusters = new Clusters({ ...options, changed: (ref) => this.listener(ref) });
    // One for each operation that is under way.
    setMaxListeners(0, this.closing.signal);
  }

  project(spec: RenderedSpec): Projection {
    return project(spec);
  }

  downtime(_current: RenderedSpec | null, next: RenderedSpec, environmentId: string): string | null {
    return downtime(next, this.clusters.featuresOf(environmentId));
  }

  async replace(current: Target | null, target: Target, report: Reporter): Promise<Outcome> {
    return this.during(target.ref, report, (context, held) =>
      new Replacement(context, current, target, held).run(),
    );
  }

  async scale(target: Target, from: number, report: Reporter): Promise<Outcome> {
    return this.during(target.ref, report, (context, held) => new Scaling(context, target, from, held).run());
  }

  async remove(ref: ServiceRef, report: Reporter): Promise<Outcome> {
    const outcome = await this.during(ref, report, (context, held) => removeService(context, ref, held));
    if (outcome.verdict === "SUCCEEDED") {
      await this.clusters.forget(ref);
      this.removed.emit("service", ref.serviceId);
      this.listener(ref);
    }
    return outcome;
  }

  async pinImage(
    _environmentId: string,
    image: ImageSpec,
    credential: RegistryCredential | null,
    signal: AbortSignal,
  ): Promise<string> {
    return pinImage(image, credential, signal);
  }

  /** UNKNOWN while the cluster is away. */
  async inspect(ref: ServiceRef): Promise<Observed> {
    try {
      const site = await this.clusters.watched(ref);
      const mirror = await this.ready(site);
      const workload = workloadOf(mirror, ref);
      const service = workload && mirror.service(serviceName(ref));
      const isOnNodes = service?.spec.ports?.some(({ nodePort }) => nodePort !== undefined) ?? false;
      const node = isOnNodes ? await this.anyNode(site) : null;
      return observedOf(workload, workload ? mirror.podsOf(workload) : [], service, node);
    } catch (error) {
      if (isTrouble(error)) {
        return unknown;
      }
      throw error;
    }
  }

  async drift(deployed: Target): Promise<FieldChange[]> {
    const site = await this.clusters.watched(deployed.ref);
    const workload = workloadOf(await this.ready(site), deployed.ref);
    return workload
      ? changesSince(await this.contextOf(site), deployed, workload)
      : [{ path: ["service"], before: "deployed", after: null, secret: false }];
  }

  async foreign(environmentId: string): Promise<ForeignService[]> {
    const site = await this.clusters.of(environmentId);
    try {
      return foreignServices(await this.ready(site), this.options.installation);
    } catch (error) {
      throw isTrouble(error) ? unreachable(site.cluster.where, error as Error) : error;
    }
  }

  async *logs(
    ref: ServiceRef,
    { tail, follow, signal }: { tail: number; follow: boolean; signal: AbortSignal },
  ): AsyncIterable<ServiceLogLine> {
    const site = await this.clusters.watched(ref);
    const mirror = await this.ready(site);
    const source: LogSource = {
      ...{ cluster: site.cluster, namespace: site.namespace },
      pods: () => {
        const workload = workloadOf(mirror, ref);
        return workload ? mirror.podsOf(workload) : [];
      },
      heard: (until) => mirror.heard(engineName(ref), until),
    };
    const stop = new AbortController();
    const ended = AbortSignal.any([signal, stop.signal, this.closing.signal]);
    if (!follow) {
      yield* await tailOf(source, tail, ended);
      return;
    }
    const both = AbortSignal.any([ended, site.closed]);
    const onRemoved = (serviceId: string) => serviceId === ref.serviceId && stop.abort();
    this.removed.on("service", onRemoved);
    try {
      yield* followLogs(source, tail, both);
      assertToEnd(site.closed, ended);
    } catch (error) {
      assertToEnd(site.closed, ended);
      if (!both.aborted) {
        throw error;
      }
    } finally {
      this.removed.off("service", onRemoved);
      stop.abort();
    }
  }

  async check(environmentId: string): Promise<DriverHealth> {
    let site: Site;
    try {
      site = await this.clusters.of(environmentId);
    } catch (error) {
      const { message } = error as Error;
      return { reachable: false, version: null, nodes: 0, limitations: [], error: message };
    }
    return healthOf(site);
  }

  /** How often the environment's cluster was asked, by what it was asked. */
  async calls(environmentId: string): Promise<ReadonlyMap<string, number>> {
    return (await this.clusters.of(environmentId)).cluster.calls;
  }

  /** Services live on their clusters: they have only to be watched again. */
  async restore(): Promise<void> {
    this.clusters.watchAll();
  }

  onChange(listener: (ref: ServiceRef) => void): void {
    this.listener = listener;
  }

  async close(): Promise<void> {
    this.closing.abort(new LeaseLost("(this server stops)"));
    await this.clusters.close();
  }

  /** What is known of what runs there. */
  private async ready({ mirror }: Site): Promise<Mirror> {
    await mirror.ready(AbortSignal.timeout(readyPatience));
    return mirror;
  }

  private async anyNode(site: Site): Promise<KubeNode | null> {
    const known = this.nodes.get(site);
    if (known && Date.now() - known.at < nodesMilliseconds) {
      return known.first;
    }
    const first = nodesOf(site.cluster).then((nodes) => nodes?.[0] ?? null);
    this.nodes.set(site, { at: Date.now(), first });
    first.catch(() => this.nodes.delete(site));
    return first;
  }

  /** What the cluster refuses, whatever was asked of it, is the operation's failure and no fault of this server. */
  private async during(
    ref: ServiceRef,
    report: Reporter,
    work: (context: KubernetesContext, held: Reporter) => Promise<Outcome>,
  ): Promise<Outcome> {
    const site = await this.clusters.watched(ref);
    try {
      const held = untilClosed(report, this.closing.signal, site.closed);
      return await work(await this.contextOf(site), held);
    } catch (error) {
      if (error instanceof EngineRefusal) {
        site.closed.throwIfAborted();
        const message = `The cluster refused it: ${error.message}.`;
        return { verdict: "FAILED", cause: new OperationFailure("ENGINE_REFUSED", message).cause };
      }
      throw error;
    }
  }

  private async contextOf(site: Site): Promise<KubernetesContext> {
    const { installation, log } = this.options;
    const { cluster, namespace, mirror } = site;
    const features = await site.featuresSoon();
    const programs = { installation, deployer: containerBundle().text };
    return { cluster, namespace, mirror, programs, features, log };
  }
}

function isTrouble(error: unknown): boolean {
  return (
    error instanceof EngineAway ||
    error instanceof EngineRefusal ||
    error instanceof OperationFailure ||
    (error as Error | null)?.name === "TimeoutError"
  );
}
