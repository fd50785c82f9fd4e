/**
 * A rebuild of the Kubernetes driver against the same change by `kubectl apply` and `kubectl rollout status`, both until
 * the new pods serve and have been watched; and what the API server is asked meanwhile. Needs TEST_KUBECONFIG and kubectl.
 */
import { execFile } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import pino from "pino";
import { containerBundle } from "../../src/deployer/container-bundle.js";
import { createKubernetesDriver, type KubernetesDriver } from "../../src/drivers/kubernetes/index.js";
import { manifestOf, typeOf } from "../../src/drivers/kubernetes/manifest.js";
import { labels } from "../../src/drivers/kubernetes/names.js";
import type { ServiceRef, Target } from "../../src/operations/driver.js";
import { newRef, Recorder, specOf, targetOf } from "../drivers/bench.js";
import { Cluster } from "../drivers/kubernetes/cluster.js";
import { publish, summarise } from "./support/table.js";

const rounds = 7;
const replicas = 2;
const installation = "bench";
const image = "node:20-bookworm";
/** For how long the cluster is watched without any work, in seconds. */
const idleSeconds = 60;

const app = `require("node:http").createServer((_, response) => response.end("ok")).listen(3000);
process.on("SIGTERM", () => process.exit(0));`;

function targetFor(driver: KubernetesDriver, ref: ServiceRef, round: number): Target {
  const { spec } = driver.project(
    specOf({
      command: ["node", "-e", app],
      env: [{ name: "ROUND", value: [`${round}`] }],
      ports: [{ name: "http", target: 3000 }],
      readiness: { httpGet: { path: "/", port: null }, tcp: null, exec: null, period: 1, timeout: 2 },
      rollout: { monitor: 1, deadline: 60, drain: 1 },
    }),
  );
  return targetOf(ref, spec, { image, replicas });
}

/** In ms, until the new ones serve and were watched, and until nothing of the old is left. */
async function rebuild(driver: KubernetesDriver, old: Target | null, target: Target) {
  const began = performance.now();
  let served = 0;
  const recorder = new Recorder(({ step, state }) => {
    if (step === "CUT_OVER" && state === "DONE") {
      served = performance.now() - began;
    }
  });
  const { verdict, cause } = await driver.replace(old, target, recorder);
  if (verdict !== "SUCCEEDED") {
    throw new Error(`${verdict}: ${cause?.message}`);
  }
  return { served, whole: performance.now() - began };
}

function kubectl(namespace: string, args: string[], input?: string): Promise<unknown> {
  const env = { ...process.env, KUBECONFIG: process.env.TEST_KUBECONFIG };
  const running = promisify(execFile)("kubectl", ["--namespace", namespace, ...args], { env });
  running.child.stdin!.end(input);
  return running;
}

/** The same, as somebody does it who has the manifest in a file. */
async function byKubectl(namespace: string, target: Target): Promise<number> {
  const programs = { installation: "by-hand", deployer: containerBundle().text };
  const { kind, name, workload } = manifestOf(target, programs, { daemonSurge: false });
  const selector = { matchLabels: { [labels.serviceId]: target.ref.serviceId } };
  const manifest = {
    ...typeOf(kind),
    metadata: { ...workload.metadata, name },
    spec: { ...workload.spec, selector },
  };
  const began = performance.now();
  await kubectl(namespace, ["apply", "--filename", "-"], JSON.stringify(manifest));
  await kubectl(namespace, ["rollout", "status", `deployment/${name}`]);
  return performance.now() - began;
}

/** What was asked since `before`. */
function asked(
  now: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
): Record<string, number> {
  const counts = [...now].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

if (!process.env.TEST_KUBECONFIG) {
  console.log("kubernetes: skipped, TEST_KUBECONFIG is not set");
} else {
  const cluster = new Cluster(process.env.TEST_KUBECONFIG);
  const namespace = `rebake-bench-${process.pid}`;
  const { kubeconfig } = cluster;
  const connection = {
    ...{ kubeconfig, context: null, inCluster: false, server: null, token: null, ca: null },
    namespace,
  };
  const driver = createKubernetesDriver({
    installation,
    connections: { environments: async () => [], of: async () => connection },
    log: pino({ level: "silent" }),
  });
  const [ours, theirs] = [newRef("rebake"), newRef("kubectl")];
  const calls = async () => new Map(await driver.calls(ours.environmentId));
  try {
    let old = targetFor(driver, ours, 0);
    await rebuild(driver, null, old);
    await byKubectl(namespace, targetFor(driver, theirs, 0));
    const results: { rebake: number; whole: number; kubectl: number; calls: number }[] = [];
    for (let round = 1; round <= rounds; round++) {
      const measureKubectl = () => byKubectl(namespace, targetFor(driver, theirs, round));
      const first = round % 2 === 0 ? await measureKubectl() : null;
      const before = await calls();
      const next = targetFor(driver, ours, round);
      const { served, whole } = await rebuild(driver, old, next);
      const kinds = asked(await calls(), before);
      old = next;
      const count = Object.values(kinds).reduce((sum, one) => sum + one, 0);
      results.push({ rebake: served, whole, kubectl: first ?? (await measureKubectl()), calls: count });
      if (round === rounds) {
        console.log("Asked of the API server in the last rebuild:", kinds);
      }
    }
    const before = await calls();
    await wait(idleSeconds * 1000);
    console.log(`Asked of the API server in ${idleSeconds} s without work:`, asked(await calls(), before));
    await publish("kubernetes", "kubectl", [
      {
        what: "until the new ones serve",
        unit: "ms",
        rebake: summarise(results.map(({ rebake }) => rebake)),
        rival: summarise(results.map((result) => result.kubectl)),
      },
      {
        what: "added time",
        unit: "ms",
        rebake: summarise(results.map(({ rebake, kubectl }) => rebake - kubectl)),
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
        what: "requests to the API server per rebuild",
        unit: "requests",
        rebake: summarise(results.map(({ calls }) => calls)),
        rival: null,
      },
    ]);
  } finally {
    await driver.remove(ours, new Recorder());
    await driver.close();
    await cluster.deleteNamespace(namespace);
  }
}
