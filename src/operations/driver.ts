import type { FieldChange } from "../domain/changes.js";
import type { RenderedSpec } from "../domain/rendered-spec.js";
import type { Cause } from "../errors.js";

export const driverKinds = ["PROCESS", "SWARM", "KUBERNETES"] as const;
export type DriverKind = (typeof driverKinds)[number];

export const stepNames = [
  "LOAD_RECIPE",
  "FETCH_SOURCE",
  "INSTALL",
  "START",
  "READY",
  "CUT_OVER",
  "TERMINATE_OLD",
] as const;
export type StepName = (typeof stepNames)[number];
export type StepState = "PENDING" | "RUNNING" | "DONE" | "SKIPPED" | "FAILED";

/** Which service of which environment; what engine names and labels are made of. */
export interface ServiceRef {
  serviceId: string;
  environmentId: string;
  /** e.g. `DEV` */
  environment: string;
  /** e.g. `orders` */
  name: string;
  /** What it is called on its engine when Rebake took it over there; null: as the driver calls it. */
  adopted: string | null;
}

/** An image as a recipe names it. */
export type ImageSpec = NonNullable<RenderedSpec["image"]>;

/** Opens a registry. */
export interface RegistryCredential {
  username: string;
  password: string;
  /** e.g. `registry.example.com:5000` */
  server: string;
}

/** Everything a driver needs to run a service: the projected spec and the facts that are not part of it. */
export interface Target {
  ref: ServiceRef;
  /** What this target is stamped with on the engine. */
  stamp: { operationId: string; fence: number };
  /** As returned by this driver's own `project`. */
  spec: RenderedSpec;
  fingerprint: string;
  recipe: string;
  replicas: number;
  /** The pinned commit (full hash), null without a source. */
  commit: string | null;
  /** The image as it was pinned (see `Driver.pinImage`), null without one. */
  image: string | null;
  /** For the image's registry; null when it is public. */
  registryCredential: RegistryCredential | null;
  /** Plaintext by secret version id. Never log it, never write it to disk in clear. */
  secrets: ReadonlyMap<string, string>;
  /** For the source's repository; null when it is public. */
  gitCredential: { username: string; password: string } | null;
}

/** What a driver will apply of a spec; fields it does not apply are reset to their empty value and named. */
export interface Projection {
  spec: RenderedSpec;
  /** Paths that were set and are not applied, e.g. `image`, `resources.memory`. */
  ignored: string[];
}

/** A step that moves on; `done` of `of` counts replicas. */
export interface StepProgress {
  step: StepName;
  state: StepState;
  done: number;
  of: number;
  /** A few words for people, e.g. `from cache`. */
  detail?: string;
}

export type LogStream = "rebake" | "git" | "npm" | "stdout" | "stderr";
export interface OperationLogLine {
  stream: LogStream;
  line: string;
  /** Replica number, null when it is about the whole. */
  instance: number | null;
}

/** Why an operation is undone, as long as that takes. */
export interface Undo {
  cause: Cause;
  /** The step it failed in, as it is told in the end; null: none was under way. */
  step: StepProgress | null;
  /** Whether any old one had been told to go when it began. */
  hasReplaced: boolean;
}

/** Where a driver reports to while it works. */
export interface Reporter {
  /** What an earlier server had begun to undo it for: to be gone on with, and ended with; null: none had. */
  readonly undoing: Undo | null;
  /**
   * Journals why the operation is to be undone, to be awaited before anything is: whoever takes it over goes on with that,
   * and does not try again what has failed. Throws LeaseLost when this server may not go on.
   */
  undo(why: Undo): Promise<void>;
  /** Journals the step with its event, then resolves; throws LeaseLost when this server may not go on. */
  step(progress: StepProgress): Promise<void>;
  /** Appends to the operation's log; never throws and never waits. */
  log(line: OperationLogLine): void;
  /**
   * To be awaited right before every call that changes something on the engine. Resolves at once while the lease
   * holds for certain, else asks the database; throws LeaseLost when this server may not act any more, and for no
   * other reason: what was cancelled has to be undone.
   */
  assertHeld(): Promise<void>;
  /** Aborted when the operation is cancelled (reason: OperationFailure) or its lease lost (reason: LeaseLost). */
  signal: AbortSignal;
}

/**
 * How a replacement ended. `SUCCEEDED`: proven ready by a probe. `UNPROVEN`: it runs, the recipe has no
 * probe. `FAILED`: nothing old was replaced. `ROLLED_BACK`: some of the old had been replaced and stands again.
 * `CANCELLED`: as FAILED, because the signal said so. Except for the first two nothing of the new one is left; where that
 * is not so, or not known, or the old one does not stand again, the cause says it.
 */
export interface Outcome {
  verdict: "SUCCEEDED" | "UNPROVEN" | "FAILED" | "ROLLED_BACK" | "CANCELLED";
  cause: Cause | null;
}

export type TaskState = "STARTING" | "RUNNING" | "BACKING_OFF" | "STOPPING" | "STOPPED";
/** One replica as it is now. */
export interface Task {
  id: string;
  /** Replica number: 1, 2, 3… */
  instance: number;
  state: TaskState;
  since: Date;
  node: string;
  message: string | null;
  restarts: number;
  /** host:port, null without a port. */
  address: string | null;
  operationId: string;
}
export interface PublishedPort {
  name: string;
  target: number;
  published: number;
  protocol: "TCP" | "UDP";
  /** host:port to reach the service at. */
  address: string;
}
export type ServiceState = "STARTING" | "RUNNING" | "DEGRADED" | "STOPPED" | "UNKNOWN";
/** A service as its engine sees it now. */
export interface Observed {
  state: ServiceState;
  tasks: Task[];
  ports: PublishedPort[];
  /** Fingerprint and stamp of what runs; null when nothing does. */
  fingerprint: string | null;
  operationId: string | null;
  /** Whether somebody changed on the engine what Rebake had put there; `Driver.drift` tells what. */
  drifted: boolean;
}

/** A service of an engine that this Rebake did not deploy. */
export interface ForeignService {
  /** What the engine calls it; unique there. */
  name: string;
  image: string | null;
  mode: RenderedSpec["mode"];
  replicas: number;
  running: number;
  createdAt: Date;
  /** Id of the other Rebake installation that deployed it; null: none did. */
  installation: string | null;
}

export interface ServiceLogLine {
  at: Date;
  instance: number;
  stream: "stdout" | "stderr";
  line: string;
}

export interface DriverHealth {
  reachable: boolean;
  version: string | null;
  nodes: number;
  /** What this engine cannot do, in sentences. */
  limitations: string[];
  error: string | null;
}

/**
 * What Rebake needs of an orchestrator. Revision-level: a driver rolls replicas itself. All methods are
 * re-entrant: called again after a crash with the same target they find what is there and go on.
 */
export interface Driver {
  readonly kind: DriverKind;
  /** Pure and fast: called for every affected service of a bump. */
  project(spec: RenderedSpec): Projection;
  /**
   * Why `next` cannot take the place of `current` (null: nothing runs yet) without downtime, as one sentence; null
   * when it can. Fast, and asks nobody: of an engine that was not heard of yet the least is expected. Both are
   * projected, their variables and files left out.
   */
  downtime(current: RenderedSpec | null, next: RenderedSpec, environmentId: string): string | null;
  /**
   * Puts `target` in the place of `current` (null: first deploy) and keeps `current` serving until the new
   * one is ready. Reports the steps FETCH_SOURCE to TERMINATE_OLD. Resolves with a verdict also when things
   * go wrong; rejects only for LeaseLost and faults of its own.
   */
  replace(current: Target | null, target: Target, report: Reporter): Promise<Outcome>;
  /**
   * Brings what runs of a service to `target.replicas`; those that stay are left alone. `target` is what is deployed,
   * with its stamp, but for the fence, which is the scaling's own: above 1 an earlier server may have begun with it.
   * Growing reports START and READY, shrinking TERMINATE_OLD; ends like `replace`, and leaves the old number when it
   * fails.
   * @param from how many there were meant to be when the operation began, also for a server that takes it over: may be
   * the same number, and then all stay, however they do
   */
  scale(target: Target, from: number, report: Reporter): Promise<Outcome>;
  /**
   * Pins an image, so that all replicas run the same: a reference with its digest where the registry gives one, as
   * the pull policy wants it. What images mean nothing to returns null.
   * @throws OperationFailure IMAGE_NOT_FOUND, REGISTRY_REFUSED, REGISTRY_UNREACHABLE, ENGINE_UNREACHABLE
   */
  pinImage(
    environmentId: string,
    image: ImageSpec,
    credential: RegistryCredential | null,
    signal: AbortSignal,
  ): Promise<string | null>;
  /** Makes an adopted service known, too, which bears no stamp yet: from then on `onChange` tells of it. */
  inspect(ref: ServiceRef): Promise<Observed>;
  /** What the engine has instead of what `deployed` says, field by field in the engine's own terms; empty: no drift. */
  drift(deployed: Target): Promise<FieldChange[]>;
  /** Services of the environment's engine that this Rebake did not deploy; those it adopted are among them. */
  foreign(environmentId: string): Promise<ForeignService[]>;
  /** The last `tail` lines, then, when `follow`, new ones until the signal aborts. */
  logs(
    ref: ServiceRef,
    options: { tail: number; follow: boolean; signal: AbortSignal },
  ): AsyncIterable<ServiceLogLine>;
  /** Drains and ends everything of the service and forgets it; fine when there is nothing. */
  remove(ref: ServiceRef, report: Reporter): Promise<Outcome>;
  check(environmentId: string): Promise<DriverHealth>;
  /**
   * Called once, at start. Drivers whose tasks live with the server (PROCESS) end what an earlier run left, then bring
   * `deployed` back to run, in the background, each as soon as it can; others begin to watch their engines.
   */
  restore(deployed: Target[]): Promise<void>;
  /** Called with the service whose observed state changed. At most one listener. */
  onChange(listener: (ref: ServiceRef) => void): void;
  /** Ends everything that must not outlive the server. */
  close(): Promise<void>;
}
