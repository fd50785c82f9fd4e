import { expect } from "chai";
import type { Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { foreignServices } from "../../../src/drivers/kubernetes/foreign.js";
import type { Mirror } from "../../../src/drivers/kubernetes/mirror.js";
import { engineName, labels } from "../../../src/drivers/kubernetes/names.js";
import { newRef } from "../bench.js";
import { daemonSetOf, deploymentOf } from "./pod-fixture.js";

const marked = (workload: Workload, name: string, installation?: string): Workload => ({
  ...workload,
  metadata: {
    ...workload.metadata,
    name,
    ...(installation !== undefined && { labels: { [labels.installation]: installation } }),
  },
});
const withImage = (workload: Workload, image: string): Workload => ({
  ...workload,
  spec: { ...workload.spec, template: { spec: { containers: [{ name: "c", image }] } } },
});
const found = (deployments: Workload[], daemonSets: Workload[] = []) => {
  const of = { Deployment: deployments, DaemonSet: daemonSets };
  const mirror = { allWorkloads: (kind: keyof typeof of) => of[kind] } as unknown as Mirror;
  return foreignServices(mirror, "i1");
};

describe("what others run in a namespace", () => {
  it("is told with what it is and how it does, without the digest of its image", () => {
    const shop = withImage(deploymentOf(3, { readyReplicas: 2 }), `shop:1@sha256:${"0".repeat(64)}`);
    expect(found([marked(shop, "shop")])).to.deep.equal([
      {
        ...{ name: "shop", image: "shop:1", mode: "REPLICATED", replicas: 3, running: 2 },
        createdAt: new Date("2026-01-01T00:00:00Z"),
        installation: null,
      },
    ]);
    expect(found([], [marked(daemonSetOf(2, { numberReady: 1 }), "agent")])[0]).to.deep.include({
      ...{ name: "agent", image: null, mode: "GLOBAL", replicas: 2, running: 1 },
    });
    expect(
      found([marked(deploymentOf(1, { readyReplicas: undefined } as object), "new")])[0]!.running,
    ).to.equal(0);
  });

  it("is not what this installation runs, but what another one does", () => {
    const all = found([
      marked(deploymentOf(1), "own", "i1"),
      marked(deploymentOf(1), "theirs", "i2"),
      marked(deploymentOf(1), "nobodys"),
    ]);
    expect(all.map(({ name, installation }) => [name, installation])).to.deep.equal([
      ["nobodys", null],
      ["theirs", "i2"],
    ]);
  });

  it("has names of its own, by which it is found when it is adopted", () => {
    const all = found(
      [marked(deploymentOf(1), "agent"), marked(deploymentOf(1), "shop", "i1")],
      [marked(daemonSetOf(1), "agent"), marked(daemonSetOf(1), "shop"), marked(daemonSetOf(1), "alone")],
    );
    const names = all.map(({ name }) => name);
    expect(names).to.deep.equal(["agent", "alone", "daemonset/agent", "daemonset/shop"]);
    const engineNames = names.map((adopted) => engineName({ ...newRef(), adopted }));
    expect(engineNames).to.deep.equal(["agent", "alone", "agent", "shop"]);
  });
});
