import { expect } from "chai";
import { newId } from "../../../src/domain/id.js";
import { OperationFailure } from "../../../src/errors.js";
import { Recorder } from "../bench.js";
import type { Rig } from "./rig.js";
import type { AddCase } from "./stage.js";

/** What is owed when the number of replicas changes, and when the same is started anew. */
export function scaling(it: AddCase, rig: Rig): void {
  it("adds replicas, of the commit that runs, without touching the others", async (stage) => {
    const { ref, app, target, deploy, scale, tasks, ids, about } = stage;
    const made = await deploy(target(ref(), app(), { commit: rig.first, replicas: 2 }));
    const before = await ids(made);
    const report = new Recorder();
    expect(await scale(made, 4, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(report.summary()).to.deep.equal(["START DONE", "READY DONE"]);
    expect((await tasks(made)).map(({ instance, state }) => [instance, state])).to.deep.equal(
      [1, 2, 3, 4].map((number) => [number, "RUNNING"]),
    );
    const after = await ids(made);
    expect([...after])
      .to.have.length(4)
      .and.to.include.members([...before]);
    expect((await about(made.ref)).commit).to.equal(rig.first);
  });

  it("takes replicas away, where it can those with the highest numbers, and leaves nothing of them", async (stage) => {
    const { ref, app, env, target, deploy, scale, tasks, ids, places } = stage;
    const spec = app({ env: env({ GRANDCHILD: "1" }) });
    const made = await deploy(target(ref(), spec, { commit: rig.first, replicas: 3 }));
    const before = { ids: await ids(made), places: await places(made.ref) };
    const report = new Recorder();
    expect((await scale(made, 1, report)).verdict).to.equal("SUCCEEDED");
    expect(report.summary()).to.deep.equal(["TERMINATE_OLD DONE"]);
    const left = await tasks(made);
    expect(left).to.have.length(1);
    if (!rig.row.rolls) {
      expect(left[0]!.instance).to.equal(1);
    }
    expect([...before.ids]).to.include.members([...(await ids(made))]);
    const after = [...(await places(made.ref))];
    expect([before.places.size, after.length]).to.deep.equal([3, 1]);
    expect([...before.places]).to.include.members(after);
  });

  it("goes down to none and up again at the same address", async (stage) => {
    const { ref, app, target, deploy, scale, tasks, url, inspect, ask } = stage;
    const made = await deploy(target(ref(), app(), { commit: rig.first }));
    const address = await url(made.ref);
    expect((await scale(made, 0)).verdict).to.equal("SUCCEEDED");
    await rig.ground.expectUnavailable(address);
    expect((await inspect(made.ref)).state).to.equal("STOPPED");
    expect((await scale(made, 2)).verdict).to.equal("SUCCEEDED");
    expect(await url(made.ref)).to.equal(address);
    expect((await ask(address)).status).to.equal(200);
    expect(await tasks(made)).to.have.length(2);
  });

  it("leaves the old number when a new replica crashes", async (stage) => {
    const { ref, app, crashingAt, target, deploy, scale, tasks, ids } = stage;
    const made = await deploy(target(ref(), app({ env: await crashingAt(3) }), { commit: rig.first }));
    const before = await ids(made);
    const outcome = await scale(made, 3);
    expect(outcome).to.have.property("verdict", "FAILED");
    expect(outcome.cause).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(await tasks(made)).to.have.length(1);
    expect(await ids(made)).to.deep.equal(before);
  });

  it("leaves the old number when cancelled", async (stage) => {
    const { ref, app, target, deploy, scale, tasks } = stage;
    const made = await deploy(target(ref(), app(), { commit: rig.first }));
    const report = new Recorder(({ step, state }, recorder) => {
      if (step === "READY" && state === "RUNNING") {
        recorder.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
      }
    });
    expect((await scale(made, 3, report)).verdict).to.equal("CANCELLED");
    expect(await tasks(made)).to.have.length(1);
  });

  it("keeps all when asked for the same number again, also cancelled, and while one crashes", async (stage) => {
    const { ref, app, target, deploy, scale, tasks, inspect, until, ask } = stage;
    const one = await deploy(target(ref(), app(), { commit: rig.first }));
    await scale(one, 3);
    const made = { ...one, replicas: 3 };
    const cancelled = new Recorder();
    cancelled.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
    expect((await scale(made, 3, cancelled)).verdict).to.equal("CANCELLED");
    expect(await tasks(made)).to.have.length(3);
    const third = async () => (await tasks(made)).find(({ instance }) => instance === 3);
    for (let crashes = 1; crashes <= rig.row.crashesToBackOff; crashes++) {
      const { address } = await until("it runs", async () => {
        const task = await third();
        return task?.state === "RUNNING" && task.restarts === crashes - 1 ? task : null;
      });
      await ask(`http://${address}/exit?code=9`);
    }
    await until("it backs off", async () => (await third())?.state === "BACKING_OFF");
    expect(await scale(made, 3)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(await tasks(made)).to.have.length(3);
    await until("all serve", async () => (await inspect(made.ref)).state === "RUNNING");
    expect(await tasks(made)).to.have.length(3);
  });

  it("fails no request while it goes up and down under load", async (stage) => {
    const { ref, app, target, deploy, scale, url, beginLoad } = stage;
    const made = await deploy(target(ref(), app(), { commit: rig.first }));
    const load = beginLoad(await url(made.ref));
    await scale(made, 3);
    await scale(made, 1);
    await scale(made, 2);
    expect(await load.endUnfailed()).to.be.greaterThan(50);
  });

  it("restarts replicas that a scaling has added, and ends them with the rest", async (stage) => {
    const { ref, app, target, deploy, scale, tasks, until, ids, places, remove, ask } = stage;
    const made = await deploy(target(ref(), app(), { commit: rig.first }));
    await scale(made, 2);
    const added = (await tasks(made)).find(({ instance }) => instance === 2)!;
    await ask(`http://${added.address}/exit?code=9`);
    await until("it was started again", async () => {
      const one = (await tasks(made)).find(({ instance }) => instance === 2);
      return one?.restarts === 1 && one.state === "RUNNING";
    });
    await ids(made);
    expect((await places(made.ref)).size).to.equal(2);
    await remove(made.ref);
    expect(await rig.ground.living(made.ref)).to.deep.equal([]);
  });

  it("starts just what runs anew, without downtime, for a restart", async (stage) => {
    const { ref, app, target, deploy, replace, scale, url, ids, about, beginLoad } = stage;
    const made = await deploy(target(ref(), app(), { commit: rig.first, replicas: 2 }));
    await scale(made, 3);
    const before = await ids(made);
    const load = beginLoad(await url(made.ref));
    const again = { ...made, replicas: 3, stamp: { operationId: newId("operation"), fence: 1 } };
    expect((await replace(made, again)).verdict).to.equal("SUCCEEDED");
    await load.endUnfailed();
    const after = await ids(made);
    expect([...after].filter((id) => before.has(id))).to.deep.equal([]);
    expect(after.size).to.equal(3);
    expect((await about(made.ref)).commit).to.equal(rig.first);
  });

  it("says beforehand what cannot be done without downtime", ({ app }) => {
    const stopFirst = app({ rollout: { order: "STOP_FIRST" } });
    expect(rig.driver.downtime(app(), app(), rig.row.environmentId)).to.equal(null);
    expect(rig.driver.downtime(app(), stopFirst, rig.row.environmentId)).to.include("STOP_FIRST");
  });
}
