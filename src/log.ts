import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from "pino";
import type { Config } from "./config.js";
import { consoleLine } from "./log-console.js";

/** What every part logs with; make one for a part with `log.child({ part: "worker" })`. */
export type Log = Logger;

/** Names whose values never reach a log, at the top of an entry or two levels below it. */
const secretNames = [
  "authorization",
  "Authorization",
  "cookie",
  "password",
  "passphrase",
  "token",
  "secret",
  "secrets",
  "secretKey",
  "plaintext",
  "credential",
  "credentials",
  "gitCredential",
  "registryCredential",
  "connection",
  "swarm",
  "kubernetes",
  "kubeconfig",
  "key",
  "databaseUrl",
  "DATABASE_URL",
  "REBAKE_SECRET_KEY",
];
const redacted = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/**
 * The server's log: one JSON object a line, or readable lines for people.
 * @param stream where lines go; standard output, written synchronously, unless given
 */
export function createLog(
  config: Pick<Config, "logLevel" | "logFormat">,
  stream: DestinationStream = destination({ fd: 1, sync: true }),
): Log {
  const target = config.logFormat === "json" ? stream : readable(stream);
  return pino(
    {
      level: config.logLevel,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redacted, censor: "[hidden]" },
    },
    target,
  );
}

function readable(stream: DestinationStream): DestinationStream {
  const colours = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  return { write: (line) => stream.write(consoleLine(line, colours)) };
}
