import type { RenderedSpec } from "../../src/domain/rendered-spec.js";
import type { Driver, DriverKind, ImageSpec, ServiceRef } from "../../src/operations/driver.js";
import type { Bench, SpecFields } from "./bench.js";

/**
 * What the conformance suite knows of a driver: how to run it, and the few things in which one may differ from another
 * without breaking a promise. Every case runs for every row.
 */
export interface DriverRow {
  name: DriverKind;
  /** What this machine does not have and it needs, e.g. the name of a variable; null when it can run here. */
  lacks: string | null;
  create(home: string): Driver;
  /** Called once, before the first case. */
  open(bench: Bench): Promise<Ground>;
  /** The environment of all its cases. */
  environmentId: string;
  /** How many cases may run at once: worth it where they mostly wait for an engine. */
  parallel: number;
  /** Milliseconds that one case may take. */
  timeout: number;
  /** How long to wait for what must happen, and how long between two looks, in milliseconds. */
  patience: { most: number; pause: number };
  /** What the specs of all cases have. */
  fields: SpecFields;
  /** What their ports have, so that services can be reached. */
  port: { preserveClientIp?: boolean };
  /** How often and how patiently the app is probed: a busy engine answers late, and that is no case's matter. */
  probe: { period: number; timeout: number; failureThreshold: number };
  /** Rollout of a case that has nothing to wait for. */
  rollout: { monitor: number; deadline: number; drain: number };
  /** Deadline, in seconds, in which what works is ready and what does not has shown that it does not. */
  shortDeadline: number;
  /** Ports of this run that the driver never allocates by itself. */
  sparePorts: [number, number];
  /** Image that exists nowhere, and whether that matters. */
  missingImage: { image: ImageSpec; pinned: string; matters: boolean };
  /** Fields that mean nothing to it, how it names them, and what it leaves of them. */
  unapplied: { fields: SpecFields; ignored: string[]; left: Partial<RenderedSpec> };
  /**
   * Whether the engine replaces by itself, one replica after the other, also while no driver looks: then the old ones
   * go while others are still starting, what is undone has been started anew, and which replica goes is the engine's choice.
   */
  rolls: boolean;
  /** Whether the old ones stay until the new ones were watched: then none of them went for one that crashes. */
  watchesBeside: boolean;
  /** Whether a change by hand stays there and is seen as drift. */
  drifts: boolean;
  /** Whether a replica knows its number; else it knows the name of what it runs in, as `Ground.living` says it. */
  numbered: boolean;
  /**
   * Whether each request finds a replica for itself, or each connection does and stays with it until that ends: then
   * clients try again what they sent on a kept connection just when it was closed, as HTTP clients do.
   */
  balances: "REQUESTS" | "CONNECTIONS";
  /** How often a replica has to crash in a row before it is not started again at once. */
  crashesToBackOff: number;
  /** How many requests meet each of three replicas, for certain. */
  requestsToMeetAll: number;
  /** What is said of an INSTALL that has nothing new to install. */
  cachedInstall: RegExp;
  /** What a task says while it waits to be started again after it ended with that code. */
  crashMessage(code: number): RegExp;
  /** What the engine says of its version. */
  version: RegExp;
}

/** A row's engine during a run, and what its cases do and see there besides the driver. */
export interface Ground {
  /** Where requests to a service go, e.g. `http://127.0.0.1:20001`. */
  url(ref: ServiceRef): Promise<string>;
  /** Makes the git repositories of a folder readable for services; returns the URL below which they are. */
  serve(folder: string): Promise<string>;
  /** A server that goes on where the first one stopped, on the same engine. */
  successor(): Promise<{ driver: Driver; close(): Promise<void> }>;
  /** What runs of a service now: each line begins with what it runs in, a process group, container or pod. */
  living(ref: ServiceRef): Promise<string[]>;
  /**
   * Variables by which the replicas of one service learn their numbers, in the order in which they first start; none
   * where they know them.
   */
  numbering(): Promise<Record<string, string>>;
  /** All that there is of a service, running or not. */
  remains(ref: ServiceRef): Promise<string[]>;
  /** Does to a service what somebody may do on the engine; leaves the `besides`, as `living` says them, alone. */
  changeByHand(ref: ServiceRef, besides: string[]): Promise<void>;
  /** Takes a port that `fields` publish; the returned function gives it back. */
  takePort(port: number): Promise<{
    fields: Pick<SpecFields, "ports" | "endpointMode">;
    release(): Promise<void>;
  }>;
  /** Fails unless requests are told that nothing of the service can answer. */
  expectUnavailable(url: string): Promise<void>;
  /** Fails unless nothing answers for a service that is removed. */
  expectGone(url: string): Promise<void>;
  close(): Promise<void>;
}
