import type { Config, Surroundings } from "./config.js";
import { isEngineHost } from "./domain/swarm-connection.js";
import { driverKinds } from "./operations/driver.js";

/** One environment variable: all there is to say about it, for `readConfig` and for the README's table. */
export interface ConfigRow {
  readonly key: keyof Config;
  readonly name: string;
  /** The default as people read it in the README. */
  readonly default: string;
  /** What it is for, as in the README. */
  readonly meaning: string;
  /** Completes "set it to …" in an error. */
  readonly allowed: string;
  /** Whether a wrong value must not be repeated in an error. */
  readonly secret: boolean;
  /** The value when the variable is not set. */
  fallback(surroundings: Surroundings): unknown;
  /** The value, undefined when what was given is wrong. */
  parse(given: string): unknown;
}

function variable<K extends keyof Config>(row: {
  key: K;
  name: string;
  default: string;
  meaning: string;
  allowed: string;
  secret?: boolean;
  fallback: Config[K] | ((surroundings: Surroundings) => Config[K]);
  parse(given: string): Config[K] | undefined;
}): ConfigRow {
  const { fallback } = row;
  return {
    ...row,
    secret: row.secret ?? false,
    fallback: typeof fallback === "function" ? fallback : () => fallback,
  };
}

const GiB = 1024 ** 3;

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** Every variable Rebake reads, in the order of the README. */
export const configTable: readonly ConfigRow[] = [
  variable({
    key: "port",
    name: "PORT",
    default: "4000",
    meaning: "Port of the API; 0 lets the system choose one.",
    allowed: "a port from 0 to 65535",
    fallback: 4000,
    parse: integer(0, 65_535),
  }),
  variable({
    key: "host",
    name: "HOST",
    default: "127.0.0.1",
    meaning: "Address the API listens on; `0.0.0.0` for all.",
    allowed: "an address or a host name of this machine",
    fallback: "127.0.0.1",
    parse: hostName,
  }),
  variable({
    key: "databaseUrl",
    name: "DATABASE_URL",
    default: "embedded",
    meaning: "PostgreSQL 14 or newer, `postgres://user:password@host:5432/database`; without it one is run.",
    allowed: "an address like postgres://user:password@host:5432/database",
    secret: true,
    fallback: null,
    parse: postgresUrl,
  }),
  variable({
    key: "home",
    name: "REBAKE_HOME",
    default: ".rebake",
    meaning: "Folder of this server's files: embedded database, keys, cache, logs of services.",
    allowed: "the path of a folder",
    fallback: ".rebake",
    parse: path,
  }),
  variable({
    key: "secretKey",
    name: "REBAKE_SECRET_KEY",
    default: "a file in the home",
    meaning: "Key that encrypts secrets: 32 bytes in base64, as `openssl rand -base64 32` prints.",
    allowed: "32 bytes in base64, as `openssl rand -base64 32` prints",
    secret: true,
    fallback: null,
    parse: key32,
  }),
  variable({
    key: "logLevel",
    name: "REBAKE_LOG_LEVEL",
    default: "info",
    meaning: "Least level that is logged: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.",
    allowed: "fatal, error, warn, info, debug, trace or silent",
    fallback: "info",
    parse: oneOf(...logLevels),
  }),
  variable({
    key: "logFormat",
    name: "REBAKE_LOG_FORMAT",
    default: "pretty on a terminal, else json",
    meaning: "`pretty` for people, `json` for one JSON object a line.",
    allowed: "json or pretty",
    fallback: ({ isTty }) => (isTty ? "pretty" : "json"),
    parse: oneOf("json", "pretty"),
  }),
  variable({
    key: "corsOrigins",
    name: "REBAKE_CORS_ORIGINS",
    default: "none",
    meaning: "Origins that browsers may call from, separated by commas, or `*` for all.",
    allowed: "origins like https://app.example.com separated by commas, or *",
    fallback: [],
    parse: origins,
  }),
  variable({
    key: "introspection",
    name: "REBAKE_INTROSPECTION",
    default: "on",
    meaning: "Whether clients may read the schema: `on` or `off`.",
    allowed: "on or off",
    fallback: true,
    parse: onOrOff,
  }),
  variable({
    key: "leaseSeconds",
    name: "REBAKE_LEASE_SECONDS",
    default: "10",
    meaning: "Seconds after which another server takes over the work of one that went silent: 1 to 300.",
    allowed: "a whole number from 1 to 300",
    fallback: 10,
    parse: integer(1, 300),
  }),
  variable({
    key: "serviceHost",
    name: "REBAKE_SERVICE_HOST",
    default: "127.0.0.1",
    meaning: "Address on which services of `PROCESS` environments listen.",
    allowed: "an address or a host name of this machine",
    fallback: "127.0.0.1",
    parse: hostName,
  }),
  variable({
    key: "servicePorts",
    name: "REBAKE_SERVICE_PORTS",
    default: "20000-20999",
    meaning: "Ports handed out to services of `PROCESS` environments, first and last.",
    allowed: "two ports from 1 to 65535, the smaller one first, like 20000-20999",
    fallback: Object.freeze({ first: 20_000, last: 20_999 }),
    parse: portRange,
  }),
  variable({
    key: "concurrency",
    name: "REBAKE_CONCURRENCY",
    default: "2",
    meaning: "Operations this server works on at once: 1 to 64.",
    allowed: "a whole number from 1 to 64",
    fallback: 2,
    parse: integer(1, 64),
  }),
  variable({
    key: "checkSeconds",
    name: "REBAKE_CHECK_SECONDS",
    default: "60",
    meaning: "Seconds between two looks for new commits on a branch that services follow; 0: never.",
    allowed: "a whole number from 0 to 86400",
    fallback: 60,
    parse: integer(0, 86_400),
  }),
  variable({
    key: "cacheMaxBytes",
    name: "REBAKE_CACHE_MAX_BYTES",
    default: "5368709120",
    meaning: "Bytes of cached sources and dependencies above which the least recently used go.",
    allowed: "a whole number of bytes from 0 to 9007199254740991",
    fallback: 5 * GiB,
    parse: integer(0, Number.MAX_SAFE_INTEGER),
  }),
  variable({
    key: "cacheMaxAgeDays",
    name: "REBAKE_CACHE_MAX_AGE_DAYS",
    default: "30",
    meaning: "Days after which unused cached sources and dependencies go: 1 to 3650.",
    allowed: "a whole number from 1 to 3650",
    fallback: 30,
    parse: integer(1, 3650),
  }),
  variable({
    key: "eventRetentionDays",
    name: "REBAKE_EVENT_RETENTION_DAYS",
    default: "30",
    meaning: "Days for which events can be replayed: 1 to 3650.",
    allowed: "a whole number from 1 to 3650",
    fallback: 30,
    parse: integer(1, 3650),
  }),
  variable({
    key: "notify",
    name: "REBAKE_NOTIFY",
    default: "on",
    meaning:
      "Whether servers wake each other with LISTEN and NOTIFY, which needs a session; `off`: they look every half second.",
    allowed: "on or off",
    fallback: true,
    parse: onOrOff,
  }),
  variable({
    key: "install",
    name: "REBAKE_INSTALL",
    default: "examples",
    meaning: "What an empty database starts with: `examples` or `none`.",
    allowed: "examples or none",
    fallback: "examples",
    parse: oneOf("examples", "none"),
  }),
  variable({
    key: "installDriver",
    name: "REBAKE_INSTALL_DRIVER",
    default: "PROCESS",
    meaning: "What runs the services that an empty database starts with: `PROCESS`, `SWARM` or `KUBERNETES`.",
    allowed: "PROCESS, SWARM or KUBERNETES",
    fallback: "PROCESS",
    parse: oneOf(...driverKinds),
  }),
  variable({
    key: "installImagePrefix",
    name: "REBAKE_INSTALL_IMAGE_PREFIX",
    default: "none",
    meaning:
      "Registry and path that the images of these services come from, like `registry.example.com/library`.",
    allowed: "a registry and path like registry.example.com/library",
    fallback: null,
    parse: imagePrefix,
  }),
  variable({
    key: "swarmHost",
    name: "REBAKE_SWARM_HOST",
    default: "unix:///var/run/docker.sock",
    meaning: "Engine, a manager of a swarm, that runs them with `SWARM`; `tcp://host:2376` for another host.",
    allowed: "unix:///path/of/the/socket or tcp://host:port",
    fallback: "unix:///var/run/docker.sock",
    parse: engineHost,
  }),
  variable({
    key: "swarmCertPath",
    name: "REBAKE_SWARM_CERT_PATH",
    default: "none",
    meaning:
      "Folder with `ca.pem`, `cert.pem` and `key.pem` for that engine, as `DOCKER_CERT_PATH` has them.",
    allowed: "the path of a folder",
    fallback: null,
    parse: path,
  }),
  variable({
    key: "kubeconfig",
    name: "REBAKE_KUBECONFIG",
    default: "the cluster that the server runs in",
    meaning:
      "File with a kubeconfig for the cluster that runs them with `KUBERNETES`; it is read once and has to have everything in it.",
    allowed: "the path of a file",
    fallback: null,
    parse: path,
  }),
  variable({
    key: "kubeContext",
    name: "REBAKE_KUBE_CONTEXT",
    default: "the current one",
    meaning: "Context of that kubeconfig.",
    allowed: "the name of one of its contexts",
    fallback: null,
    parse: path,
  }),
  variable({
    key: "kubeNamespace",
    name: "REBAKE_KUBE_NAMESPACE",
    default: "rebake",
    meaning: "Namespace of that cluster for these services; made when it is missing.",
    allowed: "a DNS label: lower-case letters, digits and hyphens, at most 63 characters",
    fallback: "rebake",
    parse: dnsLabel,
  }),
  variable({
    key: "advertiseUrl",
    name: "REBAKE_ADVERTISE_URL",
    default: "found out",
    meaning:
      "Where containers reach this server, to fetch the examples' code with `SWARM` and `KUBERNETES`; unless given, an address of this host.",
    allowed: "an address like http://192.168.1.10:4000, without user and query",
    fallback: null,
    parse: httpAddress,
  }),
];

function integer(least: number, most: number): (given: string) => number | undefined {
  return (given) => {
    const value = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN;
    return value >= least && value <= most ? value : undefined;
  };
}

function oneOf<const T extends string>(...allowed: T[]): (given: string) => T | undefined {
  return (given) => allowed.find((each) => each === given);
}

function hostName(given: string): string | undefined {
  return /^[A-Za-z0-9_.:%-]{1,253}$/.test(given) ? given : undefined;
}

function path(given: string): string | undefined {
  return given.includes("\0") ? undefined : given;
}

function dnsLabel(given: string): string | undefined {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(given) ? given : undefined;
}

function imagePrefix(given: string): string | undefined {
  const prefix = given.replace(/\/+$/, "");
  return /^[\w.-]+(:\d{1,5})?(\/[a-z0-9._-]+)*$/.test(prefix) && prefix.length <= 255 ? prefix : undefined;
}

function engineHost(given: string): string | undefined {
  return isEngineHost(given) ? given : undefined;
}

function httpAddress(given: string): string | undefined {
  const url = URL.canParse(given) ? new URL(given) : null;
  const isPlain = url && /^https?:$/.test(url.protocol) && !url.username && !url.password;
  return isPlain && !url.search && !url.hash ? url.href.replace(/\/+$/, "") : undefined;
}

function postgresUrl(given: string): string | undefined {
  // `postgres://user:password@/database?host=/run/postgresql` is usual, but no URL: it lacks a host.
  const complete = given.replace("@/", "@socket/");
  const url = URL.canParse(complete) ? new URL(complete) : null;
  return url?.protocol === "postgres:" || url?.protocol === "postgresql:" ? given : undefined;
}

function key32(given: string): Buffer | undefined {
  const bytes = Buffer.from(given, "base64");
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(given);
  return isBase64 && bytes.length === 32 ? bytes : undefined;
}

function origins(given: string): readonly string[] | "*" | undefined {
  if (given === "*") {
    return "*";
  }
  const list = given.split(",").map((each) => each.trim());
  return list.every(isOrigin) ? Object.freeze(list) : undefined;
}

function isOrigin(given: string): boolean {
  const url = URL.canParse(given) ? new URL(given) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === given;
}

function portRange(given: string): Config["servicePorts"] | undefined {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(given)?.map(Number) ?? [];
  const isRange = first !== undefined && last !== undefined && first >= 1 && first <= last && last <= 65_535;
  return isRange ? Object.freeze({ first, last }) : undefined;
}

function onOrOff(given: string): boolean | undefined {
  return given === "on" ? true : given === "off" ? false : undefined;
}
