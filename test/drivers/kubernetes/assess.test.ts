import { expect } from "chai";
import fc from "fast-check";
import { type DeployerReport, reportMarker } from "../../../src/deployer/deployer.js";
import { TaskReports } from "../../../src/drivers/engine/task-reports.js";
import type { Pod, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { assess, rolloutStatus, stepOf } from "../../../src/drivers/kubernetes/assess.js";
import type { SpecFields } from "../bench.js";
import { daemonSetOf, deploymentOf, ended, podOf, running, waiting } from "./pod-fixture.js";
import { aTarget, source } from "./spec-arbitraries.js";

const mine = "opn_1";
const probe = { httpGet: { path: "/", port: null }, tcp: null, exec: null };
const target = (replicas: number, fields: SpecFields = {}) =>
  aTarget({ ports: [{ name: "http", target: 80 }], readiness: probe, ...fields }, { replicas });

function reporting(lines: [Pod, DeployerReport][]): TaskReports {
  const reports = new TaskReports("n", { isMine: () => true, tell: () => {}, changed: () => {} });
  lines.forEach(([{ metadata }, report], index) => {
    reports.add({
      stamp: `2026-01-01T00:00:${String(index).padStart(2, "0")}Z`,
      taskId: metadata.uid,
      stream: "stdout",
      line: `${reportMarker("n")}${JSON.stringify(report)}`,
    });
  });
  return reports;
}

const none = reporting([]);
const seen = (of: ReturnType<typeof target>, workload: Workload, pods: Pod[], reports = none, oldTotal = 0) =>
  assess(of, workload, pods, reports, oldTotal);
const shown = (views: ReturnType<typeof assess>["views"]) =>
  [...views].map(([step, { state, done, of }]) => `${step} ${state} ${done}/${of}`);

const deadline = {
  conditions: [
    {
      type: "Progressing",
      status: "False" as const,
      reason: "ProgressDeadlineExceeded",
      message: 'ReplicaSet "orders-1" has timed out progressing.',
    },
  ],
};
const progressing = (reason: string) => ({
  conditions: [{ type: "Progressing", status: "True" as const, reason }],
});

/** In the order in which kubectl looks. */
const rollouts: [what: string, workload: Workload, state: string][] = [
  ["nobody has looked at the change", deploymentOf(2, { observedGeneration: 1 }), "WAITING"],
  [
    "nobody has looked at the change, and the one before it has failed",
    deploymentOf(2, { observedGeneration: 1, ...deadline }),
    "WAITING",
  ],
  ["nobody has looked at all", { ...deploymentOf(2), status: undefined } as unknown as Workload, "WAITING"],
  ["its time has passed", deploymentOf(2, { updatedReplicas: 1, ...deadline }), "STUCK"],
  ["its time has passed, though all are there", deploymentOf(2, deadline), "STUCK"],
  ["too few are new", deploymentOf(2, { updatedReplicas: 1, replicas: 3 }), "WAITING"],
  ["old ones are there", deploymentOf(2, { replicas: 3 }), "WAITING"],
  ["too few were ready for long enough", deploymentOf(2, { availableReplicas: 1 }), "WAITING"],
  [
    "a new set was made",
    deploymentOf(2, { updatedReplicas: 0, ...progressing("NewReplicaSetCreated") }),
    "WAITING",
  ],
  ["all are there", deploymentOf(2, progressing("NewReplicaSetAvailable")), "DONE"],
  ["none is asked for", deploymentOf(0, { replicas: undefined, updatedReplicas: undefined }), "DONE"],
  ["the last of those that are not asked for ends", deploymentOf(0, { replicas: 1 }), "WAITING"],
  ["nobody has looked at the change of a DaemonSet", daemonSetOf(2, { observedGeneration: 1 }), "WAITING"],
  ["a node has the old one of a DaemonSet", daemonSetOf(2, { updatedNumberScheduled: 1 }), "WAITING"],
  ["one of a DaemonSet is not available", daemonSetOf(2, { numberAvailable: 1 }), "WAITING"],
  ["all nodes have theirs of a DaemonSet", daemonSetOf(2), "DONE"],
  ["no node is to have one of a DaemonSet", daemonSetOf(0, { numberAvailable: undefined }), "DONE"],
];

describe("whether a rollout on Kubernetes is done", () => {
  for (const [what, workload, state] of rollouts) {
    it(`is ${state} while ${what}`, () => {
      expect(rolloutStatus(workload).state).to.equal(state);
    });
  }

  it("is told with what the cluster says of its time", () => {
    expect(rolloutStatus(deploymentOf(1, deadline))).to.deep.equal({
      state: "STUCK",
      reason: "ProgressDeadlineExceeded",
      message: 'ReplicaSet "orders-1" has timed out progressing.',
    });
  });
});

describe("what is seen of a rollout on Kubernetes", () => {
  it("counts pods through the steps that their deployers report", () => {
    const [one, two] = [
      podOf(mine, { app: null, prepare: { state: running } }),
      podOf(mine, { app: null, prepare: { state: running } }),
    ];
    const reports = reporting([
      [one, { step: "FETCH_SOURCE", state: "RUNNING" }],
      [two, { step: "FETCH_SOURCE", state: "RUNNING" }],
      [one, { step: "FETCH_SOURCE", state: "DONE", detail: "fetched" }],
      [one, { step: "INSTALL", state: "RUNNING" }],
    ]);
    const { views, complete } = seen(
      target(2, { source }),
      deploymentOf(2, { updatedReplicas: 2, availableReplicas: 0 }),
      [one, two],
      reports,
    );
    expect(shown(views)).to.deep.equal([
      "FETCH_SOURCE RUNNING 1/2",
      "INSTALL RUNNING 0/2",
      "START PENDING 0/2",
      "READY PENDING 0/2",
    ]);
    expect(complete).to.equal(false);
  });

  it("takes a pod whose app has begun to be past what comes before, whatever was heard of it", () => {
    const pod = podOf(mine, { prepare: { state: ended(0) } });
    const { views } = seen(target(1, { source }), deploymentOf(1, { availableReplicas: 0 }), [pod]);
    expect(shown(views)).to.deep.equal([
      "FETCH_SOURCE DONE 1/1",
      "INSTALL DONE 1/1",
      "START DONE 1/1",
      "READY RUNNING 0/1",
    ]);
  });

  it("says how all of them came by it, when that is the same", () => {
    const pods = [1, 2].map(() => podOf(mine, { app: null, prepare: { state: running } }));
    const told = (details: string[]) =>
      seen(
        target(2, { source }),
        deploymentOf(2),
        pods,
        reporting(
          pods.map((pod, index) => [pod, { step: "FETCH_SOURCE", state: "DONE", detail: details[index]! }]),
        ),
      ).views.get("FETCH_SOURCE")!.detail;
    expect(told(["fetched", "fetched"])).to.equal("fetched");
    expect(told(["fetched", "from cache"])).to.equal(undefined);
  });

  it("is complete only when the cluster is done, none of the old is to stay and all were seen ready", () => {
    const ready = podOf(mine, { ready: true });
    const old = podOf("opn_0", { ready: true });
    const going = podOf("opn_0", { ready: true, going: true });
    const behind = deploymentOf(1, { availableReplicas: 0 });
    expect(seen(target(1), behind, [ready]).complete).to.equal(false);
    expect(seen(target(1), deploymentOf(1), [ready, old]).complete).to.equal(false);
    expect(seen(target(1), deploymentOf(1), [podOf(mine)]).complete).to.equal(false);
    expect(seen(target(1), deploymentOf(1), [going]).complete).to.equal(false);
    expect(seen(target(1), deploymentOf(1), [ready, going]).complete).to.equal(true);
    expect(seen(target(0), deploymentOf(0), []).complete).to.equal(true);
    expect(seen(target(1, { mode: "GLOBAL" }), daemonSetOf(2), [ready])).to.include({
      of: 2,
      complete: false,
    });
  });

  it("is not complete where no node fits a DaemonSet, though the cluster takes that for done", () => {
    const { of, complete, views } = seen(target(1, { mode: "GLOBAL" }), daemonSetOf(0), []);
    expect([of, complete]).to.deep.equal([1, false]);
    expect(shown(views)).to.include("START RUNNING 0/1");
  });

  it("counts none that has ended, or goes, among the new ones", () => {
    const evicted = podOf(mine, { status: { phase: "Failed", reason: "Evicted" } });
    const { mine: counted, ready } = seen(target(1), deploymentOf(1), [
      evicted,
      podOf(mine, { ready: true, going: true }),
    ]);
    expect([counted, ready]).to.deep.equal([[], 0]);
  });

  it("tells of the cut-over while the new ones are watched, and of the old that still end", () => {
    const ready = podOf(mine, { ready: true });
    const going = podOf("opn_0", { going: true });
    const before = seen(target(1), deploymentOf(1, { availableReplicas: 0 }), [ready, going], none, 1);
    expect(shown(before.views).at(-1)).to.equal("CUT_OVER RUNNING 1/1");
    const after = seen(target(1), deploymentOf(1), [ready, going], none, 1);
    expect(shown(after.views).slice(-2)).to.deep.equal(["CUT_OVER DONE 1/1", "TERMINATE_OLD RUNNING 0/1"]);
    const first = seen(target(1), deploymentOf(1), [ready]);
    expect(shown(first.views).at(-1)).to.equal("TERMINATE_OLD SKIPPED 0/0");
  });

  it("keeps its counts within bounds and in the order of the steps, whatever pods there are", () => {
    const phases = {
      placed: () => podOf(mine, { app: null, prepare: {} }),
      preparing: () => podOf(mine, { app: null, prepare: { state: running } }),
      prepared: () =>
        podOf(mine, { app: { state: waiting("PodInitializing") }, prepare: { state: ended(0) } }),
      begun: () => podOf(mine, { prepare: { state: ended(0) } }),
      crashed: () => podOf(mine, { prepare: { state: ended(0) }, app: { state: ended(1), restartCount: 1 } }),
      ready: () => podOf(mine, { prepare: { state: ended(0) }, ready: true }),
      going: () => podOf(mine, { prepare: { state: ended(0) }, ready: true, going: true }),
      old: () => podOf("opn_0", { ready: true }),
      oldGoing: () => podOf("opn_0", { going: true }),
    };
    const phase = fc.constantFrom(...(Object.keys(phases) as (keyof typeof phases)[]));
    const count = fc.nat(3);
    fc.assert(
      fc.property(
        fc.array(phase, { maxLength: 6 }),
        fc.record({ replicas: count, updatedReplicas: count, availableReplicas: count }),
        fc.record({ of: count, oldTotal: count, hasSource: fc.boolean() }),
        (chosen, status, { of, oldTotal, hasSource }) => {
          const pods = chosen.map((one) => phases[one]());
          const fields = hasSource ? { source } : {};
          const found = seen(target(of, fields), deploymentOf(of, status), pods, none, oldTotal);
          const views = [...found.views.values()];
          for (const { state, done, of: all } of views) {
            expect(done).to.be.within(0, all);
            expect(state === "DONE").to.equal(
              state === "SKIPPED" ? false : done === all && state !== "RUNNING",
            );
          }
          const counts = ["FETCH_SOURCE", "INSTALL", "START", "READY"] as const;
          const done = counts
            .map((step) => found.views.get(step)!)
            .filter(({ state }) => state !== "SKIPPED");
          expect(done.map((one) => one.done)).to.deep.equal(
            done.map((one) => one.done).sort((a, b) => b - a),
          );
          if (found.complete) {
            expect(found.views.get("READY")).to.include({ state: "DONE", done: of });
            expect(found.views.get("CUT_OVER")).to.include({ state: "DONE", done: of });
            expect(found.views.has("TERMINATE_OLD")).to.equal(true);
            expect(rolloutStatus(deploymentOf(of, status)).state).to.equal("DONE");
          } else {
            expect(found.views.get("CUT_OVER")?.state ?? "RUNNING").to.equal("RUNNING");
            expect(found.views.has("TERMINATE_OLD")).to.equal(false);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("knows the step in which a pod was when it failed", () => {
    const of = target(1, { source });
    const preparing = podOf(mine, { app: null, prepare: { state: running } });
    expect(stepOf(podOf(mine, { app: null, prepare: {} }), of, none)).to.equal("START");
    expect(stepOf(preparing, of, none)).to.equal("FETCH_SOURCE");
    const fetched: [Pod, DeployerReport] = [preparing, { step: "FETCH_SOURCE", state: "DONE" }];
    expect(stepOf(preparing, of, reporting([fetched]))).to.equal("INSTALL");
    const prepared = { prepare: { state: ended(0) } };
    const making = podOf(mine, { ...prepared, app: { state: waiting("PodInitializing") } });
    expect(stepOf(making, of, none)).to.equal("START");
    expect(stepOf(podOf(mine, prepared), of, none)).to.equal("READY");
    expect(stepOf(podOf(mine, { app: { state: ended(1) } }), target(1), none)).to.equal("READY");
    expect(stepOf(podOf(mine, { app: null }), target(1), none)).to.equal("START");
    const failed: DeployerReport = {
      step: "INSTALL",
      state: "FAILED",
      cause: { code: "INSTALL_FAILED", message: "npm failed", exitCode: 1, lastLines: [] },
    };
    expect(stepOf(preparing, of, reporting([fetched, [preparing, failed]]))).to.equal("INSTALL");
  });
});
