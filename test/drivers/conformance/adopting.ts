import { expect } from "chai";
import { LeaseLost } from "../../../src/errors.js";
import type { Outcome, StepName, Target } from "../../../src/operations/driver.js";
import { Recorder } from "../bench.js";
import type { Rig } from "./rig.js";
import type { AddCase } from "./stage.js";

const steps = ["FETCH_SOURCE", "INSTALL", "START", "READY", "CUT_OVER", "TERMINATE_OLD"] satisfies StepName[];

/** Loses the lease as soon as a step is reported as running. */
function losing(at: StepName): Recorder {
  return new Recorder(({ step, state }) => {
    if (step === at && state === "RUNNING") {
      throw new LeaseLost("opn_x");
    }
  });
}

async function expectLost(work: Promise<Outcome>): Promise<void> {
  expect(await work.catch((reason: unknown) => reason)).to.be.instanceOf(LeaseLost);
}

/** As the next server has it, which holds the lease under a higher fence. */
function taken(target: Target): Target {
  return { ...target, stamp: { ...target.stamp, fence: target.stamp.fence + 1 } };
}

/** What one server leaves when it loses its lease another goes on with, and what people do by hand is not lost on it. */
export function adopting(it: AddCase, rig: Rig): void {
  for (const at of steps) {
    it(`lets another server go on when the lease is lost at ${at}`, async (stage) => {
      const { ref, app, target, deploy, replace, version, places, successor } = stage;
      const service = ref();
      const old = await deploy(target(service, app(), { commit: rig.first }));
      const next = target(service, app(), { commit: rig.second });
      await expectLost(replace(old, next, losing(at)));
      expect(await version(service)).to.be.oneOf(rig.row.rolls ? ["one", "two"] : ["one"]);
      const driver = await successor();
      const report = new Recorder();
      expect(await replace(old, taken(next), report, driver)).to.have.property("verdict", "SUCCEEDED");
      expect(await replace(old, taken(next), new Recorder(), driver)).to.have.property(
        "verdict",
        "SUCCEEDED",
      );
      expect(await version(service)).to.equal("two");
      const observed = await driver.inspect(service);
      expect(observed.operationId).to.equal(next.stamp.operationId);
      expect(observed.tasks, JSON.stringify(observed.tasks)).to.have.length(1);
      expect((await places(service)).size).to.equal(1);
    });
  }

  it("lets another server go on with a scaling", async (stage) => {
    const { ref, app, target, deploy, scale, successor, ids } = stage;
    const made = await deploy(target(ref(), app(), { commit: rig.first }));
    const before = await ids(made);
    await expectLost(scale(made, 3, losing("READY")));
    const driver = await successor();
    const outcome = await driver.scale({ ...taken(made), replicas: 3 }, made.replicas, new Recorder());
    expect(outcome).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    const after = await ids(made);
    expect(after.size).to.equal(3);
    expect([...after]).to.include.members([...before]);
  });

  it("lets another server go on with a removal", async (stage) => {
    const { ref, app, target, deploy, successor } = stage;
    const service = ref();
    await deploy(target(service, app(), { commit: rig.first }));
    await expectLost(rig.driver.remove(service, losing("TERMINATE_OLD")));
    const driver = await successor();
    expect(await driver.remove(service, new Recorder())).to.have.property("verdict", "SUCCEEDED");
    expect(await rig.ground.remains(service)).to.deep.equal([]);
  });

  it("puts right with the next rebuild what somebody changed by hand", async (stage) => {
    const { ref, app, target, deploy, replace, inspect, until, version } = stage;
    const service = ref();
    const old = await deploy(target(service, app(), { commit: rig.first }));
    expect(await rig.driver.drift(old)).to.deep.equal([]);
    await rig.ground.changeByHand(service, []);
    if (rig.row.drifts) {
      await until("it is seen", async () => (await inspect(service)).drifted);
      expect(await rig.driver.drift(old)).not.to.deep.equal([]);
    }
    const next = target(service, app(), { commit: rig.second });
    expect(await replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(await version(service)).to.equal("two");
    expect(await inspect(service)).to.include({ state: "RUNNING", drifted: false });
    expect(await rig.driver.drift(next)).to.deep.equal([]);
  });

  it("never overwrites unsaid what somebody changes by hand in the middle", async (stage) => {
    const { ref, app, target, deploy, replace, inspect, about } = stage;
    const service = ref();
    const old = await deploy(target(service, app(), { commit: rig.first }));
    const before = await about(service);
    const besides = await rig.ground.living(service);
    let changed = false;
    const report = new Recorder(async ({ step, state }) => {
      if (step === "READY" && state === "RUNNING" && !changed) {
        changed = true;
        await rig.ground.changeByHand(service, besides);
      }
    });
    const outcome = await replace(old, target(service, app(), { commit: rig.second }), report);
    expect(changed).to.equal(true);
    if (rig.row.drifts) {
      const { drifted } = await inspect(service);
      expect(drifted || outcome.cause !== null, JSON.stringify(outcome)).to.equal(true);
      expect((await about(service)).version).to.be.oneOf(["one", "two"]);
    } else {
      expect(outcome.verdict).to.equal("FAILED");
      expect((await about(service)).id).to.equal(before.id);
    }
  });
}
