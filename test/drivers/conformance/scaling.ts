import { expect } from "chai";
import { newId } from "../../../src/domain/id.js";
import { OperationFailure } from "../../../src/errors.js";
import type { Outcome, Target } from "../../../src/operations/driver.js";
import { livingIn, quick, Recorder, targetOf, until } from "../bench.js";
import { Load } from "../load.js";
import type { AddCase, Rig } from "./rig.js";

/** What is owed when the number of replicas changes, and when the same is started anew. */
export function scaling(it: AddCase, rig: Rig): void {
  const { ref, app, env, replace, deploy } = rig;

  const scale = (target: Target, replicas: number, report = new Recorder()): Promise<Outcome> =>
    rig.bench.driver.scale({ ...target, replicas }, report);
  const tasks = async ({ ref }: Target) => (await rig.bench.driver.inspect(ref)).tasks;
  const pids = async (target: Target): Promise<Set<string>> => {
    const seen = new Set<string>();
    const wanted = (await tasks(target)).length;
    await until("every replica answered", async () => {
      seen.add((await rig.bench.json(target.ref, "/about")).pid!);
      return seen.size >= wanted;
    });
    return seen;
  };

  it("adds replicas, of the commit that runs, without touching the others", async () => {
    const target = await deploy(targetOf(ref(), app(), { commit: rig.first, replicas: 2 }));
    const before = await pids(target);
    const report = new Recorder();
    expect(await scale(target, 4, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(report.summary()).to.deep.equal(["START DONE", "READY DONE"]);
    expect((await tasks(target)).map(({ instance, state }) => [instance, state])).to.deep.equal(
      [1, 2, 3, 4].map((number) => [number, "RUNNING"]),
    );
    const after = await pids(target);
    expect([...after])
      .to.have.length(4)
      .and.to.include.members([...before]);
    expect((await rig.bench.json(target.ref, "/about")).commit).to.equal(rig.first);
  });

  it("takes the replicas with the highest numbers away and leaves nothing of them", async () => {
    const target = await deploy(
      targetOf(ref(), app({ env: env({ GRANDCHILD: "1" }) }), { commit: rig.first, replicas: 3 }),
    );
    const before = await pids(target);
    const report = new Recorder();
    expect((await scale(target, 1, report)).verdict).to.equal("SUCCEEDED");
    expect(report.summary()).to.deep.equal(["TERMINATE_OLD DONE"]);
    expect((await tasks(target)).map(({ instance }) => instance)).to.deep.equal([1]);
    const [stays] = await pids(target);
    for (const pid of before) {
      expect(livingIn(Number(pid)).length > 0, pid).to.equal(pid === stays);
    }
  });

  it("goes down to none and up again at the same address", async () => {
    const target = await deploy(targetOf(ref(), app(), { commit: rig.first }));
    const url = await rig.bench.url(target.ref);
    expect((await scale(target, 0)).verdict).to.equal("SUCCEEDED");
    expect((await fetch(url)).status).to.equal(503);
    expect((await rig.bench.driver.inspect(target.ref)).state).to.equal("STOPPED");
    expect((await scale(target, 2)).verdict).to.equal("SUCCEEDED");
    expect((await fetch(url)).status).to.equal(200);
    expect(await tasks(target)).to.have.length(2);
  });

  it("leaves the old number when a new replica crashes", async () => {
    const target = await deploy(targetOf(ref(), app({ env: env({ CRASH_AT: "3" }) }), { commit: rig.first }));
    const before = await pids(target);
    const outcome = await scale(target, 3);
    expect(outcome).to.have.property("verdict", "FAILED");
    expect(outcome.cause).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(await tasks(target)).to.have.length(1);
    expect(await pids(target)).to.deep.equal(before);
  });

  it("leaves the old number when cancelled", async () => {
    const target = await deploy(targetOf(ref(), app(), { commit: rig.first }));
    const report = new Recorder(({ step, state }, recorder) => {
      if (step === "READY" && state === "RUNNING") {
        recorder.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
      }
    });
    expect((await scale(target, 3, report)).verdict).to.equal("CANCELLED");
    expect(await tasks(target)).to.have.length(1);
  });

  it("fails no request while it goes up and down under load", async () => {
    const target = await deploy(targetOf(ref(), app(), { commit: rig.first }));
    const load = new Load(await rig.bench.url(target.ref));
    load.begin();
    await scale(target, 3);
    await scale(target, 1);
    await scale(target, 2);
    const { count, failures } = await load.end();
    expect(failures).to.deep.equal([]);
    expect(count).to.be.greaterThan(50);
  });

  it("restarts replicas that a scaling has added, and ends them with the rest", async () => {
    const target = await deploy(targetOf(ref(), app(), { commit: rig.first }));
    await scale(target, 2);
    const added = (await tasks(target)).find(({ instance }) => instance === 2)!;
    await fetch(`http://${added.address}/exit?code=9`);
    await until("it was started again", async () => {
      const one = (await tasks(target)).find(({ instance }) => instance === 2);
      return one?.restarts === 1 && one.state === "RUNNING";
    });
    const all = await pids(target);
    await rig.bench.driver.remove(target.ref, new Recorder());
    for (const pid of all) {
      expect(livingIn(Number(pid))).to.deep.equal([]);
    }
  });

  it("starts just what runs anew, without downtime, for a restart", async () => {
    const target = await deploy(targetOf(ref(), app(), { commit: rig.first, replicas: 2 }));
    await scale(target, 3);
    const before = await pids(target);
    const load = new Load(await rig.bench.url(target.ref));
    load.begin();
    const again = { ...target, replicas: 3, stamp: { operationId: newId("operation"), fence: 1 } };
    expect((await replace(target, again)).verdict).to.equal("SUCCEEDED");
    expect((await load.end()).failures).to.deep.equal([]);
    const after = await pids(target);
    expect([...after].filter((pid) => before.has(pid))).to.deep.equal([]);
    expect(after.size).to.equal(3);
    expect((await rig.bench.json(target.ref, "/about")).commit).to.equal(rig.first);
  });

  it("says beforehand what cannot be done without downtime", () => {
    const rolling = app();
    const stopFirst = app({ rollout: { ...quick, order: "STOP_FIRST" } });
    expect(rig.bench.driver.downtime(rolling, rolling)).to.equal(null);
    expect(rig.bench.driver.downtime(rolling, stopFirst)).to.include("STOP_FIRST");
  });
}
