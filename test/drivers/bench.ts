import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { z } from "zod";
import { newId } from "../../src/domain/id.js";
import { recipeSpecSchema } from "../../src/domain/recipe-spec.js";
import type { RenderedSpec } from "../../src/domain/rendered-spec.js";
import { LeaseLost } from "../../src/errors.js";
import type {
  Driver,
  OperationLogLine,
  Reporter,
  ServiceRef,
  StepProgress,
  Target,
  Undo,
} from "../../src/operations/driver.js";
import type { DriverRow } from "./row.js";

/** Waits for a condition, polling; fails with its name after `seconds`. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  seconds = 15,
  pause = 20,
): Promise<NonNullable<T>> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) {
      return found;
    }
    if (Date.now() > deadline) {
      throw new Error(`never happened: ${what}`);
    }
    await wait(pause);
  }
}

/** Records what a driver reports; `onStep` may abort or throw. */
export class Recorder implements Reporter {
  readonly steps: StepProgress[] = [];
  readonly lines: OperationLogLine[] = [];
  /** What a server that takes it over would go on with. */
  undoing: Undo | null = null;
  private readonly controller = new AbortController();
  constructor(
    private readonly onStep: (step: StepProgress, recorder: Recorder) => void | Promise<void> = () => {},
  ) {}
  get signal(): AbortSignal {
    return this.controller.signal;
  }
  async step(progress: StepProgress): Promise<void> {
    this.steps.push(progress);
    await this.onStep(progress, this);
  }
  async undo(why: Undo): Promise<void> {
    await this.assertHeld();
    this.undoing = why;
  }
  async assertHeld(): Promise<void> {
    if (this.signal.reason instanceof LeaseLost) {
      throw this.signal.reason;
    }
  }
  log(line: OperationLogLine): void {
    this.lines.push(line);
  }
  abort(reason: unknown): void {
    this.controller.abort(reason);
  }
  /** Final state of each step, e.g. `FETCH_SOURCE DONE`. */
  summary(): string[] {
    const last = new Map(this.steps.map(({ step, state }) => [step, state]));
    return [...last].map(([step, state]) => `${step} ${state}`);
  }
}

export type SpecFields = Partial<Omit<z.input<typeof recipeSpecSchema>, "env" | "files">> &
  Partial<Pick<RenderedSpec, "env" | "files" | "mode">>;

/** A rendered spec from recipe fields; env and files are given as rendered. */
export function specOf(fields: SpecFields): RenderedSpec {
  const { env = [], files = [], mode = "REPLICATED", ...recipe } = fields;
  const parsed = recipeSpecSchema.parse({
    image: null,
    source: null,
    command: null,
    args: null,
    workingDir: null,
    readiness: null,
    liveness: null,
    restart: null,
    resources: null,
    endpointMode: null,
    serviceAccount: null,
    ...recipe,
  });
  return { ...parsed, mode, env, files };
}

export const quick = { monitor: 0, deadline: 30, drain: 5 };
export const healthProbe = { httpGet: { path: "/health" }, tcp: null, exec: null, period: 1, timeout: 2 };

export function newRef(name = "orders", environmentId = newId("environment")): ServiceRef {
  return {
    serviceId: newId("service"),
    environmentId,
    environment: "DEV",
    name,
    adopted: null,
  };
}

export function targetOf(ref: ServiceRef, spec: RenderedSpec, facts: Partial<Target> = {}): Target {
  return {
    ref,
    stamp: { operationId: newId("operation"), fence: 1 },
    spec,
    fingerprint: "f",
    recipe: "node-service",
    replicas: 1,
    commit: null,
    image: null,
    registryCredential: null,
    secrets: new Map(),
    gitCredential: null,
    ...facts,
  };
}

/** One driver with a home of its own. */
export class Bench {
  private constructor(
    readonly home: string,
    readonly driver: Driver,
  ) {}

  static async open(row: Pick<DriverRow, "create">): Promise<Bench> {
    const home = await mkdtemp(join(tmpdir(), "rebake-driver-test-"));
    return new Bench(home, row.create(home));
  }

  async close(): Promise<void> {
    await this.driver.close();
    await rm(this.home, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Where the service's first port is published, e.g. `http://127.0.0.1:20001`. */
  async url(ref: ServiceRef): Promise<string> {
    const { ports } = await this.driver.inspect(ref);
    return `http://${ports[0]!.address}`;
  }

  async json<T = Record<string, string>>(ref: ServiceRef, path: string): Promise<T> {
    const response = await fetch((await this.url(ref)) + path);
    return (await response.json()) as T;
  }
}

/** Living processes of a group; zombies do not count. */
export function livingIn(group: number): string[] {
  const lines = execFileSync("ps", ["-Ao", "pgid=,stat=,args="]).toString().split("\n");
  return lines.filter((line) => {
    const [pgid, state] = line.trim().split(/\s+/);
    return Number(pgid) === group && !state?.startsWith("Z");
  });
}

/** Living processes whose command line is exactly that. */
export function livingAs(command: string): string[] {
  const lines = execFileSync("ps", ["-Ao", "stat=,args="]).toString().split("\n");
  return lines.filter(
    (line) => /^\S+\s+/.test(line) && !line.startsWith("Z") && line.replace(/^\S+\s+/, "") === command,
  );
}

/** Living processes that have that text in their environment or arguments, each as its group and the beginning of these. */
export function livingOf(text: string): string[] {
  const options = process.platform === "linux" ? ["axeww"] : ["-AEww"];
  const lines = execFileSync("ps", [...options, "-o", "pgid=,stat=,args="], { maxBuffer: 64e6 }).toString();
  return lines.split("\n").flatMap((line) => {
    const [, group, state, rest] = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return rest?.includes(text) && !state!.startsWith("Z") ? [`${group} ${rest.slice(0, 80)}`] : [];
  });
}
