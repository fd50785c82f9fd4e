import { EventEmitter, once } from "node:events";
import type { FieldChange } from "../../src/domain/changes.js";
import type { RenderedSpec } from "../../src/domain/rendered-spec.js";
import type {
  Driver,
  DriverKind,
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
} from "../../src/operations/driver.js";

/** What a test lets a driver do instead of running anything. */
export type Script = (target: Target, report: Reporter, current: Target | null) => Promise<Outcome>;

/** A driver that runs nothing: it follows a script and remembers what it was asked for. */
export class ScriptedDriver implements Driver {
  readonly replaced: { current: Target | null; target: Target }[] = [];
  readonly scaled: Target[] = [];
  /** From which number each time. */
  readonly scaledFrom: number[] = [];
  readonly removed: ServiceRef[] = [];
  script: Script = succeed;
  /** What `scale` does. */
  scaling: (target: Target, report: Reporter) => Promise<Outcome> = async () => ({
    verdict: "SUCCEEDED",
    cause: null,
  });
  observed: Observed = {
    state: "RUNNING",
    tasks: [],
    ports: [],
    fingerprint: null,
    operationId: null,
    drifted: false,
  };
  /** What somebody has changed by hand; when there is any, every service is seen as drifted. */
  byHand: FieldChange[] = [];
  /** What `drift` was asked about. */
  readonly comparedWith: Target[] = [];
  /** What there is on the engine that was not deployed from here; an error: it cannot be asked. */
  foreignServices: ForeignService[] | Error = [];
  readonly inspected: ServiceRef[] = [];
  private listener: (ref: ServiceRef) => void = () => {};

  constructor(readonly kind: DriverKind = "PROCESS") {}

  project(spec: RenderedSpec): Projection {
    if (this.kind !== "PROCESS") {
      return { spec, ignored: [] };
    }
    return { spec: { ...spec, image: null }, ignored: spec.image ? ["image"] : [] };
  }

  downtime(_current: RenderedSpec | null, { rollout }: RenderedSpec): string | null {
    return rollout.order === "STOP_FIRST" ? "The recipe wants the old one stopped first." : null;
  }

  replace(current: Target | null, target: Target, report: Reporter): Promise<Outcome> {
    this.replaced.push({ current, target });
    return this.script(target, report, current);
  }

  scale(target: Target, from: number, report: Reporter): Promise<Outcome> {
    this.scaled.push(target);
    this.scaledFrom.push(from);
    return this.scaling(target, report);
  }

  readonly pinned: { image: ImageSpec; credential: RegistryCredential | null }[] = [];
  /** What `pinImage` answers. */
  pinning: (image: ImageSpec, signal: AbortSignal) => Promise<string | null> = async () => null;

  pinImage(
    _environmentId: string,
    image: ImageSpec,
    credential: RegistryCredential | null,
    signal: AbortSignal,
  ): Promise<string | null> {
    this.pinned.push({ image, credential });
    return this.pinning(image, signal);
  }

  async drift(deployed: Target): Promise<FieldChange[]> {
    this.comparedWith.push(deployed);
    return this.byHand;
  }

  async foreign(): Promise<ForeignService[]> {
    if (this.foreignServices instanceof Error) {
      throw this.foreignServices;
    }
    return this.foreignServices;
  }

  async inspect(ref: ServiceRef): Promise<Observed> {
    this.inspected.push(ref);
    return { ...this.observed, drifted: this.observed.drifted || this.byHand.length > 0 };
  }

  /** What every service has printed; a follower gets what is added, until `end`. */
  readonly printed: ServiceLogLine[] = [];
  readonly printing = new EventEmitter<{ line: []; end: [] }>();

  async *logs(
    _ref: ServiceRef,
    { tail, follow, signal }: { tail: number; follow: boolean; signal: AbortSignal },
  ): AsyncGenerator<ServiceLogLine> {
    let next = Math.max(0, this.printed.length - tail);
    for (;;) {
      while (next < this.printed.length) {
        yield this.printed[next++]!;
      }
      const ended = !follow || signal.aborted || (await this.moreLines(signal)) === "end";
      if (ended) {
        return;
      }
    }
  }

  private moreLines(signal: AbortSignal): Promise<"line" | "end"> {
    return new Promise((resolve) => {
      this.printing.once("line", () => resolve("line")).once("end", () => resolve("end"));
      signal.addEventListener("abort", () => resolve("end"), { once: true });
    });
  }

  async remove(ref: ServiceRef, report: Reporter): Promise<Outcome> {
    this.removed.push(ref);
    await report.step({ step: "TERMINATE_OLD", state: "RUNNING", done: 0, of: 1 });
    await report.step({ step: "TERMINATE_OLD", state: "DONE", done: 1, of: 1 });
    return { verdict: "SUCCEEDED", cause: null };
  }

  async check() {
    return { reachable: true, version: "1", nodes: 1, limitations: [], error: null };
  }

  async restore(): Promise<void> {}

  onChange(listener: (ref: ServiceRef) => void): void {
    this.listener = listener;
  }

  changed(ref: ServiceRef): void {
    this.listener(ref);
  }

  async close(): Promise<void> {}
}

const driverSteps = ["FETCH_SOURCE", "INSTALL", "START", "READY", "CUT_OVER", "TERMINATE_OLD"] as const;

/** Goes through every step and succeeds. */
export const succeed: Script = async ({ replicas }, report) => {
  for (const step of driverSteps) {
    await report.step({ step, state: "RUNNING", done: 0, of: replicas });
    await report.step({ step, state: "DONE", done: replicas, of: replicas });
  }
  return { verdict: "SUCCEEDED", cause: null };
};

/** Waits until it is told to stop, as a driver in the middle of its work does. */
export const hang: Script = async (_target, report) => {
  await report.step({ step: "START", state: "RUNNING", done: 0, of: 1 });
  if (!report.signal.aborted) {
    await once(report.signal, "abort");
  }
  throw report.signal.reason;
};
