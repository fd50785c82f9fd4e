import { resolve } from "node:path";
import { type ConfigRow, configTable, type logLevels } from "./config-table.js";
import { StartError } from "./errors.js";
import type { DriverKind } from "./operations/driver.js";

export { configTable } from "./config-table.js";

/** Everything that can be set from outside; read once at start, never changed after. */
export interface Config {
  /** TCP port of the API; 0 lets the system choose. */
  readonly port: number;
  /** Address the API listens on. */
  readonly host: string;
  /** `postgres://…`, or null for the embedded PostgreSQL. Holds a password: never log it. */
  readonly databaseUrl: string | null;
  /** Absolute path of the folder that holds this server's files. */
  readonly home: string;
  /** 32 bytes, or null when the key is a file of the home. Never log it. */
  readonly secretKey: Buffer | null;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** Origins that browsers may call from, or `*` for all of them. */
  readonly corsOrigins: readonly string[] | "*";
  readonly introspection: boolean;
  /** How long a worker's claim on an operation lasts without a heartbeat, in seconds. */
  readonly leaseSeconds: number;
  /** Address on which services of `PROCESS` environments listen. */
  readonly serviceHost: string;
  /** Both ends included. */
  readonly servicePorts: PortRange;
  /** Operations this server works on at once. */
  readonly concurrency: number;
  readonly checkSeconds: number;
  /** Size above which cached sources and dependencies are cleaned up, in bytes. */
  readonly cacheMaxBytes: number;
  /** Age above which unused cache entries are cleaned up, in days. */
  readonly cacheMaxAgeDays: number;
  /** How long events can be replayed, in days. */
  readonly eventRetentionDays: number;
  /** Whether servers wake each other with LISTEN and NOTIFY; they look often when not. */
  readonly notify: boolean;
  /** What an empty database is filled with at its first start. */
  readonly install: InstallMode;
  readonly installDriver: DriverKind;
  /** Prefix of the images of what is installed: registry and path; null: as Docker Hub has them. */
  readonly installImagePrefix: string | null;
  /** The engine of the environment that is installed with `SWARM`: `unix:///…` or `tcp://host:port`. */
  readonly swarmHost: string;
  /** Absolute path of the folder with `ca.pem`, `cert.pem` and `key.pem` for that engine; null: without TLS. */
  readonly swarmCertPath: string | null;
  /** Absolute path of the kubeconfig for the environment that is installed with `KUBERNETES`; null: the cluster around this server. */
  readonly kubeconfig: string | null;
  /** One of its contexts; null: its current one. */
  readonly kubeContext: string | null;
  readonly kubeNamespace: string;
  /** Where services on engines reach this server, without a slash at the end; null: to be found out. */
  readonly advertiseUrl: string | null;
}

export type LogLevel = (typeof logLevels)[number];
export type LogFormat = "json" | "pretty";
export type InstallMode = "examples" | "none";
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** What the process looks like to `readConfig`; given by hand in tests. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  /** Whether standard output is a terminal. */
  isTty: boolean;
}

/**
 * Reads the configuration. A variable that is set to nothing counts as not set.
 * @throws StartError CONFIG_INVALID naming the variable, what was given (unless secret) and the remedy
 */
export function readConfig(surroundings: Surroundings = ofThisProcess()): Config {
  refuseUnknown(surroundings.env);
  const values: Record<string, unknown> = {};
  for (const row of configTable) {
    values[row.key] = valueFor(row, surroundings);
  }
  const config = values as unknown as { -readonly [K in keyof Config]: Config[K] };
  config.home = resolve(surroundings.cwd, config.home);
  config.swarmCertPath = config.swarmCertPath && resolve(surroundings.cwd, config.swarmCertPath);
  config.kubeconfig = config.kubeconfig && resolve(surroundings.cwd, config.kubeconfig);
  return Object.freeze(config);
}

function ofThisProcess(): Surroundings {
  return { env: process.env, cwd: process.cwd(), isTty: process.stdout.isTTY === true };
}

function valueFor(row: ConfigRow, surroundings: Surroundings): unknown {
  const given = surroundings.env[row.name]?.trim();
  if (given === undefined || given === "") {
    return row.fallback(surroundings);
  }
  const value = row.parse(given);
  if (value === undefined) {
    const what = row.secret ? "has a wrong value (not shown)" : `is ${JSON.stringify(given)}`;
    throw new StartError("CONFIG_INVALID", `${row.name} ${what}; set it to ${row.allowed}, or unset it.`);
  }
  return value;
}

function refuseUnknown(env: Surroundings["env"]): void {
  const known = configTable.map((row) => row.name);
  for (const name of Object.keys(env)) {
    if (name.startsWith("REBAKE_") && !known.includes(name)) {
      throw new StartError(
        "CONFIG_INVALID",
        `${name} is not a variable of Rebake; did you mean ${nearest(name, known)}? Correct or unset it.`,
      );
    }
  }
}

function nearest(name: string, known: string[]): string {
  return known.reduce((best, candidate) =>
    editDistance(name, candidate) < editDistance(name, best) ? candidate : best,
  );
}

function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const substitution = previous[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[to.length]!;
}
