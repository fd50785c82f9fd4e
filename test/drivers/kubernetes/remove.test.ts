import { expect } from "chai";
import type { KubeObject, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { labels } from "../../../src/drivers/kubernetes/names.js";
import { workloadOf } from "../../../src/drivers/kubernetes/owned.js";
import { removeService } from "../../../src/drivers/kubernetes/remove.js";
import type { ServiceRef } from "../../../src/operations/driver.js";
import { eventually } from "../../support/eventually.js";
import { newRef, Recorder } from "../bench.js";
import { Stage } from "./stage.js";

const known = (ref: ServiceRef) => ({ [labels.installation]: "i1", [labels.serviceId]: ref.serviceId });

describe("the removal of a service of a cluster, by what is its own", () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage.close());

  /** A workload with one pod that it controls, both with these labels. */
  function put(collection: "deployments" | "daemonsets", name: string, marks: Record<string, string> = {}) {
    const { api } = stage;
    const workload = api.put(collection, name, { metadata: { labels: marks } });
    const controlledBy = ({ metadata: { uid, name: owner } }: KubeObject, kind: string) => ({
      metadata: { labels: marks, ownerReferences: [{ uid, kind, name: owner, controller: true }] },
    });
    if (collection === "daemonsets") {
      api.put("pods", `${name}-daemon`, controlledBy(workload, "DaemonSet"));
    } else {
      const set = api.put("replicasets", `${name}-1`, controlledBy(workload, "Deployment"));
      api.put("pods", `${name}-1-x`, controlledBy(set, "ReplicaSet"));
    }
    return workload as Workload;
  }

  const removals = () =>
    stage.api.asked
      .filter(({ what }) => what.startsWith("DELETE"))
      .map(({ what, body }) => [what.split("/").slice(-2).join("/"), body?.preconditions?.uid]);

  /** As the cluster does it: a workload's pods end a moment after it. */
  async function remove(ref: ServiceRef, pods: string[]) {
    const context = await stage.context();
    const removed = removeService(context, ref, new Recorder());
    if (pods.length > 0) {
      await eventually(() => removals().length > 0);
    }
    for (const pod of pods) {
      stage.api.remove("pods", pod);
    }
    const late = new Promise((_, reject) => {
      setTimeout(() => reject(new Error("it does not end")), 3_000).unref();
    });
    expect(await Promise.race([removed, late])).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
  }

  const kinds = [
    { own: "daemonsets", other: "deployments", adopted: "daemonset/agent", pod: "agent-daemon" },
    { own: "deployments", other: "daemonsets", adopted: "agent", pod: "agent-1-x" },
  ] as const;
  for (const { own, other, adopted, pod } of kinds) {
    for (const isRebuilt of [true, false]) {
      it(`is of the ${own} that was adopted${isRebuilt ? " and rebuilt" : ""}, not of the ${other} of its name`, async () => {
        const ref = { ...newRef("agent"), adopted };
        const { metadata } = put(own, "agent", isRebuilt ? known(ref) : {});
        put(other, "agent");
        await remove(ref, [pod]);
        expect(removals()).to.deep.equal([[`${own}/agent`, metadata.uid]]);
      });
    }
  }

  it("leaves a Deployment alone when somebody has removed the DaemonSet that was adopted", async () => {
    const ref = { ...newRef("agent"), adopted: "daemonset/agent" };
    put("deployments", "agent");
    await remove(ref, []);
    expect(removals()).to.deep.equal([]);
    expect(workloadOf((await stage.context()).mirror, ref)).to.equal(null);
  });

  it("goes on with another server without what is called alike", async () => {
    const ref = { ...newRef("agent"), adopted: "agent" };
    put("daemonsets", "agent");
    stage.api.put("pods", "agent-1-x", { metadata: { labels: known(ref) } });
    const context = await stage.context();
    const removed = removeService(context, ref, new Recorder());
    setTimeout(() => stage.api.remove("pods", "agent-1-x"), 300);
    expect((await removed).verdict).to.equal("SUCCEEDED");
    expect(removals()).to.deep.equal([]);
  });

  for (const [whose, marks] of [
    ["somebody's", {}],
    ["another service's", { [labels.installation]: "i1", [labels.serviceId]: "svc_other" }],
  ] as const) {
    it(`ends though ${whose} pods run under the name of a service that could not be deployed`, async () => {
      put("deployments", "shop", marks);
      await remove(newRef("shop"), []);
      expect(removals()).to.deep.equal([]);
    });
  }
});
