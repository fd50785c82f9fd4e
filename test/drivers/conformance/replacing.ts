import { expect } from "chai";
import { OperationFailure } from "../../../src/errors.js";
import type { StepName } from "../../../src/operations/driver.js";
import { Recorder } from "../bench.js";
import type { Rig } from "./rig.js";
import type { AddCase } from "./stage.js";

const cancelled = () => new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it.");

/** How the old one goes, and when it comes back. */
export function replacing(it: AddCase, rig: Rig): void {
  it("ends an app that ignores SIGTERM, and what it started", async (stage) => {
    const { ref, app, env, target, deploy, replace, places, version } = stage;
    const service = ref();
    const stubborn = app({ env: env({ MODE: "stubborn", GRANDCHILD: "stubborn" }) });
    const old = await deploy(target(service, stubborn, { commit: rig.first }));
    const before = await places(service);
    await replace(old, target(service, app(), { commit: rig.second }));
    const after = await places(service);
    expect(before.size).to.equal(1);
    expect(after.size).to.equal(1);
    expect([...after]).not.to.include([...before][0]);
    expect(await version(service)).to.equal("two");
  });

  it("switches back when the new one crashes after the cut-over", async (stage) => {
    const { ref, app, target, deploy, replace, url, until, version, tasks, beginLoad, ask } = stage;
    const service = ref();
    const old = await deploy(target(service, app(), { commit: rig.first }));
    const address = await url(service);
    const load = beginLoad(address, ["/health"]);
    // Long enough for a request to meet it, where connections are spread over the old and the new.
    const spec = app({ rollout: { monitor: rig.row.watchesBeside ? 20 : 5 } });
    const replaced = replace(old, target(service, spec, { commit: rig.second }));
    await until("the new one serves, and crashes", async () => {
      const answer = await ask(`${address}/exit?code=4&version=two`);
      return (await answer.text()) === "bye";
    });
    const outcome = await replaced;
    await load.end();
    expect(outcome.verdict).to.be.oneOf(rig.row.watchesBeside ? ["FAILED", "ROLLED_BACK"] : ["ROLLED_BACK"]);
    expect(outcome.cause).to.include({ code: "APP_EXITED", exitCode: 4 });
    expect(await version(service)).to.equal("one");
    // Where the engine rolls, the old one that was already going may still be ending beside the one in its place.
    const there = (await tasks(old)).filter(({ state }) => !rig.row.rolls || state !== "STOPPING");
    expect(there).to.have.length(1);
  });

  it("keeps all replicas serving when one of the new ones crashes", async (stage) => {
    const { ref, app, crashingAt, target, deploy, replace, url, tasks, version, beginLoad } = stage;
    const service = ref();
    const old = await deploy(target(service, app(), { commit: rig.first, replicas: 3 }));
    const load = beginLoad(await url(service));
    const spec = app({ env: await crashingAt(3) });
    const outcome = await replace(old, target(service, spec, { commit: rig.second, replicas: 3 }));
    await load.endUnfailed();
    expect(outcome.verdict).to.be.oneOf(rig.row.rolls ? ["FAILED", "ROLLED_BACK"] : ["FAILED"]);
    expect(outcome.cause).to.include({ code: "APP_EXITED", exitCode: 3 });
    // Where the engine rolls, one of the old ones whose turn it was may still be ending.
    const states = (await tasks(old)).map(({ state }) => state);
    const left = states.filter((state) => !rig.row.rolls || state !== "STOPPING");
    expect(left).to.deep.equal(Array(3).fill("RUNNING"));
    for (let request = 0; request < rig.row.requestsToMeetAll; request++) {
      expect(await version(service)).to.equal("one");
    }
  });

  for (const at of ["FETCH_SOURCE", "INSTALL", "START", "READY", "CUT_OVER"] satisfies StepName[]) {
    it(`leaves the old one alone when cancelled at ${at}`, async (stage) => {
      const { ref, app, env, target, deploy, replace, about, tasks } = stage;
      const service = ref();
      const old = await deploy(target(service, app(), { commit: rig.first }));
      const before = await about(service);
      const report = new Recorder(({ step, state }, recorder) => {
        if (step === at && state === "RUNNING") {
          recorder.abort(cancelled());
        }
      });
      // It gets no further by itself, however late a busy engine is looked at. Once it serves, the old one stays for as long
      // as new ones are watched, where these are watched beside it.
      const isServing = at === "CUT_OVER";
      const isPreparing = at === "FETCH_SOURCE" || at === "INSTALL";
      const spec = app({
        env: env(isServing ? {} : { MODE: "silent" }),
        ...(isServing && rig.row.watchesBeside && { rollout: { monitor: 20 } }),
      });
      const commit = isPreparing ? rig.broken.hanging : rig.second;
      const outcome = await replace(old, target(service, spec, { commit }), report);
      expect(outcome.verdict).to.equal("CANCELLED");
      expect(outcome.cause?.code).to.equal("CANCELLED_BY_USER");
      const after = await about(service);
      expect(after.version).to.equal("one");
      if (at !== "CUT_OVER" || !rig.row.rolls) {
        expect(after.id).to.equal(before.id);
      }
      expect(await tasks(old)).to.have.length(1);
      expect(report.steps.at(-1)).to.include({ step: at, state: "FAILED" });
    });
  }

  it("switches back when cancelled at the very moment of the cut-over", async (stage) => {
    const { ref, app, target, deploy, replace, version } = stage;
    const service = ref();
    const old = await deploy(target(service, app(), { commit: rig.first }));
    const report = new Recorder(({ step, done }, recorder) => {
      if (step === "CUT_OVER" && done > 0) {
        recorder.abort(cancelled());
      }
    });
    const outcome = await replace(old, target(service, app(), { commit: rig.second }), report);
    expect(outcome.verdict).to.equal("CANCELLED");
    expect(await version(service)).to.equal("one");
  });

  it("switches back when cancelled while the old one drains", async (stage) => {
    const { ref, app, target, deploy, replace, until, version } = stage;
    const service = ref();
    const old = await deploy(target(service, app(), { commit: rig.first }));
    const report = new Recorder();
    const spec = app({ rollout: { monitor: 60 } });
    const replaced = replace(old, target(service, spec, { commit: rig.second }), report);
    await until("the new one serves", async () => (await version(service)) === "two");
    report.abort(cancelled());
    expect(await replaced).to.have.property("verdict", "CANCELLED");
    expect(await version(service)).to.equal("one");
  });

  it("goes through with it when cancelled after the old one began to end", async (stage) => {
    const { ref, app, target, deploy, replace, version } = stage;
    const service = ref();
    const old = await deploy(target(service, app(), { commit: rig.first }));
    const report = new Recorder(({ step }, recorder) => {
      if (step === "TERMINATE_OLD") {
        recorder.abort(cancelled());
      }
    });
    const outcome = await replace(old, target(service, app(), { commit: rig.second }), report);
    expect(outcome.verdict).to.equal("SUCCEEDED");
    expect(await version(service)).to.equal("two");
  });

  it("stops the old one first when told to, and starts it again when the new one fails", async (stage) => {
    const { ref, app, env, target, deploy, replace, version } = stage;
    const service = ref();
    const rollout = { order: "STOP_FIRST" as const };
    const old = await deploy(target(service, app({ rollout }), { commit: rig.first }));
    const crashing = app({ rollout, env: env({ MODE: "crash" }) });
    const failed = await replace(old, target(service, crashing, { commit: rig.second }));
    expect(failed.verdict).to.equal("ROLLED_BACK");
    expect(await version(service)).to.equal("one");
    const two = target(service, app({ rollout }), { commit: rig.second });
    expect(await replace(old, two)).to.have.property("verdict", "SUCCEEDED");
    expect(await version(service)).to.equal("two");
  });

  it("gives the new one all its time when the old one, stopped first, takes longer than that to end", async (stage) => {
    const { ref, app, env, target, deploy, replace, version } = stage;
    const service = ref();
    const rollout = { order: "STOP_FIRST" as const, deadline: 20, drain: 25 };
    const stubborn = app({ rollout, env: env({ MODE: "stubborn" }) });
    const old = await deploy(target(service, stubborn, { commit: rig.first }));
    const begun = Date.now();
    const outcome = await replace(old, target(service, app({ rollout }), { commit: rig.second }));
    expect(outcome.cause, outcome.cause?.message).to.equal(null);
    // A process that has served its last request is ended after ten seconds, whatever its drain.
    expect(Date.now() - begun).to.be.above(rig.row.rolls ? 20_000 : 9_000);
    expect(await version(service)).to.equal("two");
  });
}
