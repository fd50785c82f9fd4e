import pino from "pino";
import { createProcessDriver } from "../../../src/drivers/process/index.js";
import type { Target } from "../../../src/operations/driver.js";
import type { DriverRow } from "../bench.js";

export const processRow: DriverRow = {
  name: "PROCESS",
  create: (home) =>
    createProcessDriver({
      home,
      host: "127.0.0.1",
      servicePorts: { from: 21_000, to: 21_400 },
      log: pino({ level: process.env.TEST_LOG ?? "silent" }),
      cacheMaxBytes: 1e9,
      cacheMaxAgeSeconds: 86_400,
    }),
};

/** Targets as text, for a server in another process. */
export function encode(targets: Target[]): string {
  return JSON.stringify(targets.map((target) => ({ ...target, secrets: [...target.secrets] })));
}

export function decode(text: string): Target[] {
  const targets = JSON.parse(text) as (Omit<Target, "secrets"> & { secrets: [string, string][] })[];
  return targets.map((target) => ({ ...target, secrets: new Map(target.secrets) }));
}
