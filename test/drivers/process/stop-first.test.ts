import { expect } from "chai";
import { LeaseLost } from "../../../src/errors.js";
import { Recorder } from "../bench.js";
import { Rig } from "../conformance/rig.js";
import { processRow } from "./row.js";

describe("a replacement that stops the old processes first", () => {
  const rig = new Rig(processRow);
  before(() => rig.open());
  after(() => rig.close());

  it("leaves them alone when the lease is lost on the way there", () =>
    rig.during(async ({ app, about, deploy, ref, replace, target }) => {
      const spec = app({ rollout: { order: "STOP_FIRST" } });
      const old = await deploy(target(ref(), spec, { commit: rig.first }));
      const { id } = await about(old.ref);
      const lost = new LeaseLost("opn_1");
      const report = new Recorder();
      report.assertHeld = async () => {
        if (report.summary().some((step) => step === "INSTALL DONE" || step === "INSTALL SKIPPED")) {
          throw lost;
        }
      };
      const next = target(old.ref, spec, { commit: rig.second });
      expect(await replace(old, next, report).catch((error: unknown) => error)).to.equal(lost);
      expect((await about(old.ref)).id).to.equal(id);
    }));
});
