import { execFile } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { toolEnvironment } from "../../deployer/tool-environment.js";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import { LeaseLost } from "../../errors.js";
import type { Log } from "../../log.js";
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
} from "../../operations/driver.js";
import { Cache } from "./cache.js";
import { LogFiles } from "./log-files.js";
import { npmVersion } from "./npm-version.js";
import { PublishedPorts } from "./ports.js";
import { Preparer } from "./prepare.js";
import { project } from "./project.js";
import { PidRecords } from "./records.js";
import { Replacement } from "./replace.js";
import { Restorer } from "./restore.js";
import { Scaling } from "./scale.js";
import { Service, serviceKey } from "./service.js";

export interface ProcessDriverOptions {
  /** Folder for everything that is on disk; belongs to one server at a time. */
  home: string;
  /** Address services are published on, e.g. `127.0.0.1`. */
  host: string;
  /** Published ports when the recipe gives none. */
  servicePorts: { from: number; to: number };
  log: Log;
  /** Above this the least recently used of the cache goes. */
  cacheMaxBytes: number;
  /** What was not used for so long goes. */
  cacheMaxAgeSeconds: number;
}

export function createProcessDriver(options: ProcessDriverOptions): ProcessDriver {
  return new ProcessDriver(options);
}

/** Runs services as processes of this host, each behind a proxy on a stable port. */
export class ProcessDriver implements Driver {
  readonly kind = "PROCESS";
  private readonly services = new Map<string, Service>();
  /** By service; kept while it is not removed, so that who follows it sees all of its deploys. */
  private readonly logFiles = new Map<string, LogFiles>();
  private readonly records: PidRecords;
  private readonly cache: Cache;
  private readonly ports: PublishedPorts;
  private readonly preparer: Preparer;
  private readonly restorer: Restorer;
  private readonly running = new Set<Promise<unknown>>();
  private readonly closing = new AbortController();
  private listener: (ref: ServiceRef) => void = () => undefined;

  constructor(private readonly options: ProcessDriverOptions) {
    const { home, host, servicePorts, cacheMaxBytes, cacheMaxAgeSeconds } = options;
    this.records = new PidRecords(join(home, "run"));
    this.cache = new Cache(join(home, "cache"), cacheMaxBytes, cacheMaxAgeSeconds);
    this.ports = new PublishedPorts(join(home, "ports.json"), host, servicePorts);
    this.preparer = new Preparer({ services: this.servicesFolder, cache: this.cache, records: this.records });
    this.restorer = new Restorer(this.preparer, options.log);
  }

  project(spec: RenderedSpec): Projection {
    return project(spec);
  }

  downtime(_current: RenderedSpec | null, { rollout }: RenderedSpec): string | null {
    return rollout.order === "STOP_FIRST"
      ? "The recipe says rollout.order STOP_FIRST: the old one is stopped before the new one starts."
      : null;
  }

  async replace(_current: Target | null, target: Target, report: Reporter): Promise<Outcome> {
    const service = this.serviceOf(target.ref);
    if (service.serving?.target.stamp.operationId === target.stamp.operationId) {
      return { verdict: target.spec.readiness ? "SUCCEEDED" : "UNPROVEN", cause: null };
    }
    const interrupted = await this.restorer.interrupt(service);
    const signal = AbortSignal.any([report.signal, this.closing.signal]);
    const replacement = new Replacement(
      service,
      target,
      report,
      this.preparer,
      this.stopping(signal, target),
    );
    try {
      return await this.tracked(replacement.run());
    } finally {
      if (!service.serving && !this.closing.signal.aborted) {
        interrupted?.resume();
        this.forgetWhenEmpty(service, interrupted !== null);
      } else if (service.serving?.target === target) {
        await interrupted?.discard();
      }
      void this.tracked(this.cache.evict()).catch((error) => this.options.log.warn({ err: error }, "cache"));
    }
  }

  async scale(target: Target, _from: number, report: Reporter): Promise<Outcome> {
    const service = this.serviceOf(target.ref);
    const signal = this.stopping(AbortSignal.any([report.signal, this.closing.signal]), target);
    return this.tracked(new Scaling(service, target, report, signal).run());
  }

  async inspect(ref: ServiceRef): Promise<Observed> {
    const service = this.services.get(serviceKey(ref));
    return (
      service?.observe() ?? {
        state: "STOPPED",
        tasks: [],
        ports: [],
        fingerprint: null,
        operationId: null,
        drifted: false,
      }
    );
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

  logs(
    ref: ServiceRef,
    options: { tail: number; follow: boolean; signal: AbortSignal },
  ): AsyncIterable<ServiceLogLine> {
    const kept = this.logFiles.get(serviceKey(ref));
    const logs = options.follow ? this.logFilesOf(ref) : (kept ?? new LogFiles(this.logFolder(ref)));
    return logs.read(options.tail, options.follow, options.signal);
  }

  async remove(ref: ServiceRef, report: Reporter): Promise<Outcome> {
    const service = this.serviceOf(ref);
    await this.restorer.interrupt(service);
    const set = service.serving;
    const of = set?.instances.length ?? 0;
    await report.step({ step: "TERMINATE_OLD", state: "RUNNING", done: 0, of });
    await report.assertHeld();
    service.closeProxies();
    await set?.drain(set.target.spec.rollout.drain, report.signal).catch(() => undefined);
    if (report.signal.reason instanceof LeaseLost) {
      throw report.signal.reason;
    }
    await set?.stop();
    set?.context.workspace.release();
    service.serving = null;
    service.destroyProxies();
    await service.options.logs.close();
    await rm(this.folderOf(ref), { recursive: true, force: true, maxRetries: 3 });
    await this.ports.release(service.key);
    this.services.delete(service.key);
    this.logFiles.delete(service.key);
    this.listener(ref);
    await report.step({ step: "TERMINATE_OLD", state: "DONE", done: of, of });
    return { verdict: "SUCCEEDED", cause: null };
  }

  async check(_environmentId: string): Promise<DriverHealth> {
    const limitations = [
      "Services run as processes of this host, as the user Rebake runs as: they are not isolated from each other.",
      "Images, networks, volumes, resource limits and placement do not apply.",
    ];
    const git = await version("git");
    const npm = await npmVersion();
    if (git === null) {
      limitations.push("git is not installed: services with a source cannot be deployed.");
    }
    if (npm === null) {
      limitations.push("npm is not installed: dependencies cannot be installed.");
    }
    const versions = `node ${process.version.slice(1)}, npm ${npm ?? "none"}, git ${git ?? "none"}`;
    return { reachable: true, version: versions, nodes: 1, limitations, error: null };
  }

  async restore(deployed: Target[]): Promise<void> {
    const ended = await this.records.endLeftOvers();
    if (ended > 0) {
      this.options.log.warn({ ended }, "ended processes that an earlier run had left");
    }
    await this.cache.clean();
    await this.removeLeftOvers(deployed);
    for (const target of deployed) {
      await this.restorer.begin(this.serviceOf(target.ref), target);
    }
  }

  onChange(listener: (ref: ServiceRef) => void): void {
    this.listener = listener;
  }

  async close(): Promise<void> {
    this.closing.abort();
    const services = [...this.services.values()];
    for (const service of services) {
      service.closeProxies();
    }
    await Promise.allSettled(services.map((service) => this.restorer.interrupt(service)));
    await Promise.allSettled(this.running);
    await Promise.allSettled(
      services.map(async (service) => {
        await service.serving?.stop();
        service.destroyProxies();
      }),
    );
    await Promise.allSettled([...this.logFiles.values()].map((logs) => logs.close()));
    this.logFiles.clear();
    this.services.clear();
  }

  /** A server that stops is as good as one that lost its lease: whoever comes next goes on. */
  private stopping(signal: AbortSignal, target: Target): AbortSignal {
    const stop = new AbortController();
    const abort = () =>
      stop.abort(
        this.closing.signal.aborted && signal.reason === this.closing.signal.reason
          ? new LeaseLost(target.stamp.operationId)
          : signal.reason,
      );
    signal.aborted ? abort() : signal.addEventListener("abort", abort, { once: true });
    return stop.signal;
  }

  private serviceOf(ref: ServiceRef): Service {
    const key = serviceKey(ref);
    let service = this.services.get(key);
    if (!service) {
      const { host } = this.options;
      const logs = this.logFilesOf(ref);
      const changed = () => this.listener(ref);
      service = new Service({ ref, host, ports: this.ports, logs, records: this.records, changed });
      this.services.set(key, service);
    }
    return service;
  }

  private logFilesOf(ref: ServiceRef): LogFiles {
    const key = serviceKey(ref);
    const logs = this.logFiles.get(key) ?? new LogFiles(this.logFolder(ref));
    this.logFiles.set(key, logs);
    return logs;
  }

  private forgetWhenEmpty(service: Service, restoring: boolean): void {
    if (!restoring && !service.serving && service.others.size === 0) {
      service.destroyProxies();
      this.services.delete(service.key);
    }
  }

  /** Folders of operations that are not what is deployed: a killed server had no time to. */
  private async removeLeftOvers(deployed: Target[]): Promise<void> {
    const wanted = new Map(deployed.map((target) => [serviceKey(target.ref), target.stamp.operationId]));
    for (const environment of await foldersIn(this.servicesFolder)) {
      for (const name of await foldersIn(join(this.servicesFolder, environment))) {
        const keep = wanted.get(`${environment}/${name}`);
        const folder = join(this.servicesFolder, environment, name);
        const goes = (await foldersIn(folder)).filter((one) => one !== keep && one !== "logs");
        await Promise.all(goes.map((one) => rm(join(folder, one), { recursive: true, force: true })));
      }
    }
  }

  private async tracked<T>(work: Promise<T>): Promise<T> {
    this.running.add(work);
    try {
      return await work;
    } finally {
      this.running.delete(work);
    }
  }

  private get servicesFolder(): string {
    return join(this.options.home, "services");
  }

  private folderOf({ environmentId, serviceId }: ServiceRef): string {
    return join(this.servicesFolder, environmentId, serviceId);
  }

  private logFolder(ref: ServiceRef): string {
    return join(this.folderOf(ref), "logs");
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function version(program: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(program, ["--version"], {
      env: toolEnvironment(process.env),
    });
    return /\d+(\.\d+)*/.exec(stdout)?.[0] ?? null;
  } catch {
    return null;
  }
}
