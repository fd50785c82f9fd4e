import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import pino from "pino";
import { newId } from "../../../src/domain/id.js";
import { createProcessDriver } from "../../../src/drivers/process/index.js";
import type { ServiceRef, Target } from "../../../src/operations/driver.js";
import { type Bench, livingOf } from "../bench.js";
import type { DriverRow, Ground } from "../row.js";

/** First port of this test run: several may run on one host. A server in another process is told them. */
export const firstPort = Number(process.env.TEST_FIRST_PORT ?? 20_000 + (process.pid % 400) * 30);
process.env.TEST_FIRST_PORT = String(firstPort);
const lastPort = firstPort + 29;

export const processRow: DriverRow = {
  name: "PROCESS",
  lacks: null,
  create: (home) =>
    createProcessDriver({
      home,
      host: "127.0.0.1",
      servicePorts: { from: firstPort, to: lastPort - 5 },
      log: pino({ level: process.env.TEST_LOG ?? "silent" }),
      cacheMaxBytes: 1e9,
      cacheMaxAgeSeconds: 86_400,
    }),
  open: async (bench) => new ProcessGround(bench),
  environmentId: newId("environment"),
  parallel: 1,
  timeout: 20_000,
  patience: { most: 15, pause: 20 },
  fields: {},
  port: {},
  probe: { period: 1, timeout: 2, failureThreshold: 3 },
  rollout: { monitor: 0, deadline: 30, drain: 5 },
  shortDeadline: 3,
  sparePorts: [lastPort, lastPort - 1],
  missingImage: {
    image: { prefix: null, name: "nope", tag: "1", pullPolicy: "ALWAYS", credential: null },
    pinned: "nope:1",
    matters: false,
  },
  unapplied: {
    fields: {
      image: { name: "node", tag: "20", pullPolicy: "NEVER" },
      workingDir: "/srv",
      networks: ["back"],
      resources: { memory: 5_000_000 },
    },
    ignored: ["image", "networks", "resources.memory", "workingDir"],
    left: { image: null, workingDir: null, networks: [], resources: null },
  },
  rolls: false,
  watchesBeside: false,
  drifts: false,
  numbered: true,
  balances: "REQUESTS",
  crashesToBackOff: 1,
  requestsToMeetAll: 12,
  cachedInstall: /^from cache$/,
  crashMessage: (code) => new RegExp(`exit code ${code}`),
  version: /node \d+.*npm \d+.*git \d+/,
};

/** This host: services are processes, their repositories its folders. */
class ProcessGround implements Ground {
  constructor(private readonly bench: Bench) {}

  url(ref: ServiceRef): Promise<string> {
    return this.bench.url(ref);
  }

  async serve(folder: string): Promise<string> {
    return pathToFileURL(folder).href;
  }

  /** A host has one server: it comes back to what it has lost. */
  async successor() {
    return { driver: this.bench.driver, close: async () => undefined };
  }

  /** By the folder that each of its processes has in its environment. */
  async living(ref: ServiceRef): Promise<string[]> {
    return livingOf(`${join(this.bench.home, "services", ref.environmentId, ref.serviceId)}/`);
  }

  async numbering() {
    return {};
  }

  async remains(ref: ServiceRef): Promise<string[]> {
    const { home } = this.bench;
    const folder = join(home, "services", ref.environmentId, ref.serviceId);
    const ports = join(home, "ports.json");
    const published = existsSync(ports) && readFileSync(ports, "utf8").includes(ref.serviceId);
    return [
      ...(await this.living(ref)),
      ...(existsSync(folder) ? [folder] : []),
      ...(published ? [`port of ${ref.serviceId}`] : []),
    ];
  }

  /** There is nothing to change but that its processes live. */
  async changeByHand(ref: ServiceRef, besides: string[]): Promise<void> {
    for (const line of (await this.living(ref)).filter((one) => !besides.includes(one))) {
      process.kill(-Number(line.split(" ")[0]), "SIGKILL");
    }
  }

  async takePort(port: number) {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
    return {
      fields: { ports: [{ name: "http", target: 3000, published: port }] },
      release: () => new Promise<void>((resolve) => squatter.close(() => resolve())),
    };
  }

  async expectUnavailable(url: string): Promise<void> {
    const response = await fetch(url);
    expect(response.status).to.equal(503);
    expect(await response.json()).to.include({ code: "NOT_READY" });
  }

  async expectGone(url: string): Promise<void> {
    expect(await fetch(url).catch((error: unknown) => error)).to.be.instanceOf(Error);
  }

  async close(): Promise<void> {}
}

/** Targets as text, for a server in another process. */
export function encode(targets: Target[]): string {
  return JSON.stringify(targets.map((target) => ({ ...target, secrets: [...target.secrets] })));
}

export function decode(text: string): Target[] {
  const targets = JSON.parse(text) as (Omit<Target, "secrets"> & { secrets: [string, string][] })[];
  return targets.map((target) => ({ ...target, secrets: new Map(target.secrets) }));
}
