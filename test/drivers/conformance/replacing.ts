import { expect } from "chai";
import { LeaseLost, OperationFailure } from "../../../src/errors.js";
import type { StepName } from "../../../src/operations/driver.js";
import { livingIn, quick, Recorder, targetOf, until } from "../bench.js";
import { Load } from "../load.js";
import type { AddCase, Rig } from "./rig.js";

/** How the old one goes, and when it comes back. */
export function replacing(it: AddCase, rig: Rig): void {
  const { ref, app, env, replace, deploy, version } = rig;

  it("ends an app that ignores SIGTERM, and what it started", async () => {
    const service = ref();
    const old = await deploy(
      targetOf(service, app({ env: env({ MODE: "stubborn", GRANDCHILD: "stubborn" }) }), {
        commit: rig.first,
      }),
    );
    const pid = Number((await rig.bench.json(service, "/about")).pid);
    await replace(old, targetOf(service, app(), { commit: rig.second }));
    expect(livingIn(pid)).to.deep.equal([]);
    expect(await version(service)).to.equal("two");
  });

  it("switches back when the new one crashes after the cut-over", async () => {
    const service = ref();
    const old = await deploy(targetOf(service, app(), { commit: rig.first }));
    const url = await rig.bench.url(service);
    const load = new Load(url, ["/health"]);
    load.begin();
    const spec = app({ env: env({ MODE: "crash-later" }), rollout: { ...quick, monitor: 5 } });
    const outcome = await replace(old, targetOf(service, spec, { commit: rig.second }));
    expect(outcome.verdict).to.equal("ROLLED_BACK");
    expect(outcome.cause).to.include({ code: "APP_EXITED", exitCode: 4 });
    expect(await version(service)).to.equal("one");
    expect((await rig.bench.driver.inspect(service)).tasks).to.have.length(1);
    await load.end();
  });

  for (const at of ["FETCH_SOURCE", "INSTALL", "START", "READY", "CUT_OVER"] satisfies StepName[]) {
    it(`leaves the old one alone when cancelled at ${at}`, async () => {
      const service = ref();
      const old = await deploy(targetOf(service, app(), { commit: rig.first }));
      const { pid } = await rig.bench.json(service, "/about");
      const report = new Recorder(({ step, state }, recorder) => {
        if (step === at && state === "RUNNING") {
          recorder.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
        }
      });
      const outcome = await replace(old, targetOf(service, app(), { commit: rig.second }), report);
      expect(outcome.verdict).to.equal("CANCELLED");
      expect(outcome.cause?.code).to.equal("CANCELLED_BY_USER");
      expect((await rig.bench.json(service, "/about")).pid).to.equal(pid);
      expect((await rig.bench.driver.inspect(service)).tasks).to.have.length(1);
      expect(report.steps.at(-1)).to.include({ step: at, state: "FAILED" });
    });
  }

  it("switches back when cancelled at the very moment of the cut-over", async () => {
    const service = ref();
    const old = await deploy(targetOf(service, app(), { commit: rig.first }));
    const report = new Recorder(({ step, done }, recorder) => {
      if (step === "CUT_OVER" && done > 0) {
        recorder.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
      }
    });
    const outcome = await replace(old, targetOf(service, app(), { commit: rig.second }), report);
    expect(outcome.verdict).to.equal("CANCELLED");
    expect(await version(service)).to.equal("one");
  });

  it("switches back when cancelled while the old one drains", async () => {
    const service = ref();
    const old = await deploy(targetOf(service, app(), { commit: rig.first }));
    const report = new Recorder();
    const spec = app({ rollout: { ...quick, monitor: 60 } });
    const replaced = replace(old, targetOf(service, spec, { commit: rig.second }), report);
    await until("the new one serves", async () => (await version(service)) === "two");
    report.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
    expect(await replaced).to.have.property("verdict", "CANCELLED");
    expect(await version(service)).to.equal("one");
  });

  it("goes through with it when cancelled after the old one began to end", async () => {
    const service = ref();
    const old = await deploy(targetOf(service, app(), { commit: rig.first }));
    const report = new Recorder(({ step }, recorder) => {
      if (step === "TERMINATE_OLD") {
        recorder.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
      }
    });
    expect(await replace(old, targetOf(service, app(), { commit: rig.second }), report)).to.have.property(
      "verdict",
      "SUCCEEDED",
    );
    expect(await version(service)).to.equal("two");
  });

  it("disposes of the new one and rejects when the lease is lost", async () => {
    const service = ref();
    const old = await deploy(targetOf(service, app(), { commit: rig.first }));
    const report = new Recorder(({ step }) => {
      if (step === "READY") {
        throw new LeaseLost("opn_x");
      }
    });
    const target = targetOf(service, app(), { commit: rig.second });
    const error = await replace(old, target, report).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(LeaseLost);
    expect(await version(service)).to.equal("one");
    expect(await replace(old, target)).to.have.property("verdict", "SUCCEEDED");
    expect(await replace(old, target)).to.have.property("verdict", "SUCCEEDED");
    expect(await version(service)).to.equal("two");
  });

  it("stops the old one first when told to, and starts it again when the new one fails", async () => {
    const service = ref();
    const rollout = { ...quick, order: "STOP_FIRST" as const };
    const old = await deploy(targetOf(service, app({ rollout }), { commit: rig.first }));
    const failed = await replace(
      old,
      targetOf(service, app({ rollout, env: env({ MODE: "crash" }) }), { commit: rig.second }),
    );
    expect(failed.verdict).to.equal("ROLLED_BACK");
    expect(await version(service)).to.equal("one");
    const two = targetOf(service, app({ rollout }), { commit: rig.second });
    expect(await replace(old, two)).to.have.property("verdict", "SUCCEEDED");
    expect(await version(service)).to.equal("two");
  });
}
