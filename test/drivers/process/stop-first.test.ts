import { expect } from "chai";
import { LeaseLost } from "../../../src/errors.js";
import { quick, Recorder, targetOf } from "../bench.js";
import { Rig } from "../conformance/rig.js";
import { processRow } from "./row.js";

describe("a replacement that stops the old processes first", () => {
  const rig = new Rig(processRow);
  before(() => rig.open());
  after(() => rig.close());
  afterEach(() => rig.removeServices());

  it("leaves them alone when the lease is lost on the way there", async () => {
    const { app, bench } = rig;
    const rollout = { ...quick, order: "STOP_FIRST" as const };
    const old = await rig.deploy(targetOf(rig.ref(), app({ rollout }), { commit: rig.first }));
    const { pid } = await bench.json(old.ref, "/about");
    const lost = new LeaseLost("opn_1");
    const report = new Recorder();
    report.assertHeld = async () => {
      if (report.summary().some((step) => step === "INSTALL DONE" || step === "INSTALL SKIPPED")) {
        throw lost;
      }
    };
    const next = targetOf(old.ref, app({ rollout }), { commit: rig.second });
    expect(await rig.replace(old, next, report).catch((error: unknown) => error)).to.equal(lost);
    expect((await bench.json(old.ref, "/about")).pid).to.equal(pid);
  });
});
