/**
 * A rebuild of the Swarm driver against the same change by `docker service update`, both until the new tasks serve and
 * have been watched; and what the engine is asked meanwhile. Needs TEST_SWARM_DOCKER_HOST (a unix socket) and
 * TEST_REGISTRY.
 */
import { execFile } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import pino from "pino";
import { createSwarmDriver } from "../../src/drivers/swarm/index.js";
import { engineName } from "../../src/drivers/swarm/names.js";
import type { Driver, ServiceRef, Target } from "../../src/operations/driver.js";
import { newRef, Recorder, specOf, targetOf } from "../drivers/bench.js";
import { EngineProxy } from "../support/engine-proxy.js";
import { publish, summarise } from "./support/table.js";

const run = promisify(execFile);
const rounds = 7;
const replicas = 2;
const installation = "bench";
/** For how long the engine is watched without any work, in seconds. */
const idleSeconds = 60;

const app = `require("node:http").createServer((_, response) => response.end("ok")).listen(3000)`;

function specFor(driver: Driver, round: number) {
  return driver.project(
    specOf({
      command: ["node", "-e", app],
      env: [{ name: "ROUND", value: [`${round}`] }],
      ports: [{ name: "http", target: 3000 }],
      endpointMode: "DNSRR",
      readiness: { httpGet: { path: "/", port: null }, tcp: null, exec: null, period: 1, timeout: 2 },
      rollout: { monitor: 1, deadline: 60, drain: 0 },
    }),
  ).spec;
}

interface Rebuilt {
  target: Target;
  /** In ms, until the new ones serve and were watched, and until nothing of the old is left. */
  served: number;
  whole: number;
}

async function rebuild(
  driver: Driver,
  ref: ServiceRef,
  old: Target | null,
  image: string,
  round: number,
): Promise<Rebuilt> {
  const began = performance.now();
  let served = 0;
  const recorder = new Recorder(({ step, state }) => {
    if (step === "CUT_OVER" && state === "DONE") {
      served = performance.now() - began;
    }
  });
  const target = targetOf(ref, specFor(driver, round), { image, replicas });
  const { verdict, cause } = await driver.replace(old, target, recorder);
  if (verdict !== "SUCCEEDED") {
    throw new Error(`${verdict}: ${cause?.message}`);
  }
  return { target, served, whole: performance.now() - began };
}

async function byCli(name: string, round: number): Promise<number> {
  const began = performance.now();
  await run("docker", ["service", "update", "--quiet", "--env-add", `ROUND=${round}`, name], {
    env: { ...process.env, DOCKER_HOST: process.env.TEST_SWARM_DOCKER_HOST },
  });
  return performance.now() - began;
}

/** What was asked since this was last called, by its kind. */
function takeCalls(proxy: EngineProxy): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const { method, path } of proxy.calls.splice(0)) {
    const kind = `${method} ${path.replace(/\/[a-z0-9]{25}(?=\/|$)|\/[0-9a-f]{64}(?=\/|$)/g, "/{id}")}`;
    counted[kind] = (counted[kind] ?? 0) + 1;
  }
  return counted;
}

const host = process.env.TEST_SWARM_DOCKER_HOST;
if (!host || !process.env.TEST_REGISTRY) {
  console.log("swarm: skipped, TEST_SWARM_DOCKER_HOST and TEST_REGISTRY are not set");
} else {
  const proxy = await EngineProxy.open(host);
  const connection = { host: proxy.host, ca: null, certificate: null, key: null };
  const driver = createSwarmDriver({
    installation,
    connections: { environments: async () => [], of: async () => connection },
    log: pino({ level: "silent" }),
  });
  const [ours, theirs] = [newRef("rebake"), newRef("cli")];
  try {
    const prefix = `${process.env.TEST_REGISTRY}/library`;
    const spec = {
      prefix,
      name: "node",
      tag: "20-bookworm",
      pullPolicy: "IF_NOT_PRESENT" as const,
      credential: null,
    };
    const image = (await driver.pinImage(ours.environmentId, spec, null, AbortSignal.timeout(120_000)))!;
    let { target: old } = await rebuild(driver, ours, null, image, 0);
    await rebuild(driver, theirs, null, image, 0);
    const results: { rebake: number; whole: number; cli: number; calls: number }[] = [];
    for (let round = 1; round <= rounds; round++) {
      const measureCli = () => byCli(engineName(installation, theirs), round);
      const first = round % 2 === 0 ? await measureCli() : null;
      takeCalls(proxy);
      const done = await rebuild(driver, ours, old, image, round);
      const calls = proxy.calls.length;
      const kinds = takeCalls(proxy);
      old = done.target;
      results.push({
        rebake: done.served,
        whole: done.whole,
        cli: first ?? (await measureCli()),
        calls,
      });
      if (round === rounds) {
        console.log("Asked of the engine in the last rebuild:", kinds);
      }
    }
    takeCalls(proxy);
    await wait(idleSeconds * 1000);
    console.log(`Asked of the engine in ${idleSeconds} s without work:`, takeCalls(proxy));
    const cli = summarise(results.map((result) => result.cli));
    await publish("swarm", "docker CLI", [
      {
        what: "until the new ones serve",
        unit: "ms",
        rebake: summarise(results.map(({ rebake }) => rebake)),
        rival: cli,
      },
      {
        what: "added time",
        unit: "ms",
        rebake: summarise(results.map(({ rebake, cli }) => rebake - cli)),
        rival: null,
        aim: "≤ 1000 ms",
      },
      {
        what: "until nothing of the old is left",
        unit: "ms",
        rebake: summarise(results.map(({ whole }) => whole)),
        rival: null,
      },
      {
        what: "requests to the engine per rebuild",
        unit: "requests",
        rebake: summarise(results.map(({ calls }) => calls)),
        rival: null,
      },
    ]);
  } finally {
    for (const ref of [ours, theirs]) {
      await driver.remove(ref, new Recorder());
    }
    await driver.close();
    await proxy.close();
  }
}
