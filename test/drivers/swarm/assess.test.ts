import { expect } from "chai";
import type { DeployerReport } from "../../../src/deployer/deployer.js";
import { reportMarker } from "../../../src/deployer/deployer.js";
import { TaskReports } from "../../../src/drivers/engine/task-reports.js";
import { assess, stepOf } from "../../../src/drivers/swarm/assess.js";
import type { EngineService, EngineTask } from "../../../src/drivers/swarm/engine-types.js";
import { newRef, specOf, targetOf } from "../bench.js";
import { serviceOf, taskOf } from "./task-fixture.js";

const source = {
  repository: "https://git.example.com/app.git",
  branch: "main",
  commit: null,
  path: null,
  credential: null,
};
const probe = { httpGet: { path: "/", port: null }, tcp: null, exec: null };
const mine = "opn_new";

function target(replicas: number, fields: Parameters<typeof specOf>[0] = {}) {
  const spec = specOf({ ports: [{ name: "http", target: 80 }], readiness: probe, ...fields });
  return targetOf(newRef(), spec, { replicas, stamp: { operationId: mine, fence: 1 } });
}

function reporting(lines: [EngineTask, DeployerReport][]): TaskReports {
  const reports = new TaskReports("n", { isMine: () => true, tell: () => {}, changed: () => {} });
  lines.forEach(([{ ID }, report], index) => {
    const line = `${reportMarker("n")}${JSON.stringify(report)}`;
    reports.add({
      stamp: `2026-01-01T00:00:${String(index).padStart(2, "0")}Z`,
      taskId: ID,
      stream: "stdout",
      line,
    });
  });
  return reports;
}

const none = reporting([]);
const seen = (
  of: ReturnType<typeof target>,
  service: EngineService,
  tasks: EngineTask[],
  reports = none,
  oldTotal = 0,
  held = false,
) => assess(of, service, tasks, reports, { oldTotal, held });
const shown = (views: ReturnType<typeof assess>["views"]) =>
  [...views].map(([step, { state, done, of }]) => `${step} ${state} ${done}/${of}`);

describe("what is seen of a rollout on a swarm", () => {
  it("counts replicas through the steps that their deployers report", () => {
    const [one, two] = [taskOf(mine, "starting", { Slot: 1 }), taskOf(mine, "starting", { Slot: 2 })];
    const reports = reporting([
      [one, { step: "FETCH_SOURCE", state: "RUNNING" }],
      [two, { step: "FETCH_SOURCE", state: "RUNNING" }],
      [one, { step: "FETCH_SOURCE", state: "DONE", detail: "fetched" }],
      [one, { step: "INSTALL", state: "RUNNING" }],
    ]);
    const { views, complete } = seen(target(2, { source }), serviceOf(2), [one, two], reports);
    expect(shown(views).slice(0, 4)).to.deep.equal([
      "FETCH_SOURCE RUNNING 1/2",
      "INSTALL RUNNING 0/2",
      "START PENDING 0/2",
      "READY PENDING 0/2",
    ]);
    expect(complete).to.equal(false);
  });

  it("takes a replica that serves to be past all of them, whatever was heard of it", () => {
    const { views } = seen(target(1, { source }), serviceOf(1), [taskOf(mine, "running")]);
    expect(shown(views).slice(0, 4)).to.deep.equal([
      "FETCH_SOURCE DONE 1/1",
      "INSTALL DONE 1/1",
      "START DONE 1/1",
      "READY DONE 1/1",
    ]);
  });

  it("is complete only when the engine has ended its update and wants none of the old", () => {
    const ready = taskOf(mine, "running");
    const old = taskOf("opn_old", "running", { DesiredState: "shutdown" });
    const updating = serviceOf(1, { UpdateStatus: { State: "updating" } });
    expect(seen(target(1), updating, [ready]).complete).to.equal(false);
    expect(seen(target(1), serviceOf(1), [ready, { ...old, DesiredState: "running" }]).complete).to.equal(
      false,
    );
    expect(seen(target(1), serviceOf(1), [ready, old]).complete).to.equal(true);
    expect(seen(target(2), serviceOf(2), [ready]).complete).to.equal(false);
    expect(seen(target(0), serviceOf(0), []).complete).to.equal(true);
  });

  it("does not take a leftover of an earlier update for the end of this one", () => {
    const completed = serviceOf(1, { UpdateStatus: { State: "completed" } });
    expect(seen(target(1), completed, [taskOf("opn_old", "running")]).complete).to.equal(false);
  });

  it("tells of the cut-over once the new ones were watched, and of the old that still end", () => {
    const ready = taskOf(mine, "running");
    const old = taskOf("opn_old", "running", { DesiredState: "shutdown" });
    const before = seen(target(1), serviceOf(1), [ready, old], none, 1, false);
    expect(shown(before.views).at(-1)).to.equal("CUT_OVER RUNNING 1/1");
    const after = seen(target(1), serviceOf(1), [ready, old], none, 1, true);
    expect(shown(after.views).slice(-2)).to.deep.equal(["CUT_OVER DONE 1/1", "TERMINATE_OLD RUNNING 0/1"]);
    const first = seen(target(1), serviceOf(1), [ready], none, 0, true);
    expect(shown(first.views).at(-1)).to.equal("TERMINATE_OLD SKIPPED 0/0");
  });

  it("fails with any new replica that ended, and with none that was told to", () => {
    const told = taskOf(mine, "shutdown", { DesiredState: "shutdown" });
    const oldFailed = taskOf("opn_old", "failed", { DesiredState: "shutdown" });
    expect(seen(target(1), serviceOf(1), [told, oldFailed]).failed).to.equal(null);
    for (const state of ["failed", "rejected", "complete"]) {
      const ended = taskOf(mine, state, { DesiredState: "shutdown" });
      expect(seen(target(1), serviceOf(1), [ended]).failed, state).to.equal(ended);
    }
  });

  it("sees one that no node takes", () => {
    const status = { Err: "no suitable node (scheduling constraints not satisfied on 1 node)" };
    const waiting = taskOf(mine, "pending", { status });
    expect(seen(target(1), serviceOf(1), [waiting]).unplaced).to.equal(waiting);
  });

  it("is held up by old ones that still end while the engine keeps new ones ready", () => {
    const kept = taskOf(mine, "ready", { DesiredState: "ready" });
    const ending = taskOf("opn_old", "running", { DesiredState: "shutdown" });
    const heldUp = (...tasks: EngineTask[]) => seen(target(2), serviceOf(2), tasks).heldUp;
    expect(heldUp(kept, ending)).to.equal(true);
    expect(heldUp(taskOf(mine, "running"), kept, ending)).to.equal(true);
    expect(heldUp(taskOf(mine, "starting"), kept, ending)).to.equal(false);
    expect(heldUp(kept, { ...ending, Status: { ...ending.Status, State: "shutdown" } })).to.equal(false);
    expect(heldUp(kept, taskOf("opn_old", "running"))).to.equal(false);
    expect(heldUp(ending)).to.equal(false);
  });

  it("asks for one on each node of a GLOBAL service", () => {
    const tasks = ["a", "b"].map((NodeID) => taskOf(mine, "running", { Slot: 0, NodeID }));
    const of = target(1, { mode: "GLOBAL" });
    expect(seen(of, serviceOf(1), tasks)).to.include({ of: 2, ready: 2, complete: true });
    expect(
      seen(of, serviceOf(1), [tasks[0]!, taskOf("opn_old", "running", { Slot: 0, NodeID: "b" })]),
    ).to.include({
      of: 2,
      ready: 1,
      complete: false,
    });
  });

  it("knows the step in which a replica was when it failed", () => {
    const task = taskOf(mine, "failed", { status: { ContainerStatus: { PID: 0, ExitCode: 3 } } });
    const began: [EngineTask, DeployerReport][] = [
      [task, { step: "FETCH_SOURCE", state: "DONE" }],
      [task, { step: "INSTALL", state: "DONE" }],
      [task, { step: "START", state: "RUNNING" }],
    ];
    const of = target(1, { source });
    expect(stepOf(task, of, none)).to.equal("START");
    expect(stepOf(task, of, reporting(began.slice(0, 1)))).to.equal("INSTALL");
    expect(stepOf(task, of, reporting(began))).to.equal("READY");
    const failed: DeployerReport = {
      step: "INSTALL",
      state: "FAILED",
      cause: { code: "INSTALL_FAILED", message: "npm failed", exitCode: 1, lastLines: [] },
    };
    expect(stepOf(task, of, reporting([began[0]!, [task, failed]]))).to.equal("INSTALL");
  });
});
