import pino from "pino";
import { createProcessDriver } from "../../../src/drivers/process/index.js";
import type { Target } from "../../../src/operations/driver.js";
import type { DriverRow } from "../bench.js";

/** Ports of this test run: several may run on one host. A server in another process is told them. */
const firstPort = Number(process.env.TEST_FIRST_PORT ?? 20_000 + (process.pid % 400) * 30);
process.env.TEST_FIRST_PORT = String(firstPort);

export const processRow: DriverRow = {
  name: "PROCESS",
  ports: { from: firstPort, to: firstPort + 29 },
  create: (home) =>
    createProcessDriver({
      home,
      host: "127.0.0.1",
      servicePorts: { from: firstPort, to: firstPort + 24 },
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
