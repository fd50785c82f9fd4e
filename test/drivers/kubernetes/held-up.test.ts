import { expect } from "chai";
import type { Pod, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { isHeldUp, lingering } from "../../../src/drivers/kubernetes/held-up.js";
import { daemonSetOf, deploymentOf, type PodFacts, podOf } from "./pod-fixture.js";

describe("what new pods on Kubernetes wait for", () => {
  const leaving = (facts: PodFacts = {}) =>
    podOf("opn_0", { ...facts, metadata: { deletionTimestamp: new Date().toISOString() } });
  const recreated = deploymentOf(2);
  recreated.spec.strategy = { type: "Recreate" };
  const held = (workload: Workload, coming: Pod[], others = [leaving()]) =>
    isHeldUp(workload, coming, others, 2);

  it("is the end of old ones in whose place they come", () => {
    expect(held(recreated, [])).to.equal(true);
    expect(held(daemonSetOf(2), [podOf("opn_1", { ready: true })])).to.equal(true);
    expect(held(recreated, [], [podOf("opn_0")])).to.equal(false);
    expect(held(recreated, [], [])).to.equal(false);
  });

  it("is not that of one that is lost with its node, or told to have ended", () => {
    const lost = podOf("opn_0", { going: true });
    expect(held(recreated, [], [lost])).to.equal(false);
    expect(lingering(recreated, [lost])).to.deep.equal([lost]);
    const over = leaving({ status: { phase: "Failed" } });
    expect(held(recreated, [], [over])).to.equal(false);
    expect(lingering(recreated, [over])).to.deep.equal([]);
  });

  it("is not that of any where they come beside the old ones, or are on their way", () => {
    expect(held(deploymentOf(2), [])).to.equal(false);
    expect(held(recreated, [podOf("opn_1")])).to.equal(false);
    expect(held(recreated, [podOf("opn_1", { ready: true }), podOf("opn_1", { ready: true })])).to.equal(
      false,
    );
  });
});
