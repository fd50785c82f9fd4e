import { expect } from "chai";
import type { Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import { Mirror } from "../../../src/drivers/kubernetes/mirror.js";
import { labels } from "../../../src/drivers/kubernetes/names.js";
import { removeService } from "../../../src/drivers/kubernetes/remove.js";
import { silent } from "../../support/silent.js";
import { Recorder } from "../bench.js";
import { type PodFacts, podOf } from "./pod-fixture.js";
import { ScriptedApi } from "./scripted-api.js";
import { orders, programs } from "./spec-arbitraries.js";

describe("a removal, as the API tells of it", () => {
  let api: ScriptedApi;
  let cluster: Cluster;
  let mirror: Mirror;

  beforeEach(async () => {
    api = await ScriptedApi.open();
    cluster = await api.cluster();
    const nothing = () => {};
    const tell = { changed: nothing, allChanged: nothing, trouble: nothing };
    mirror = new Mirror({ cluster, namespace: "shop", ...tell });
  });

  afterEach(async () => {
    const closed = mirror.close();
    cluster.close();
    await closed;
    await api.close();
  });

  function runs(name: string, facts: PodFacts): void {
    const pod = podOf("opn_1", facts);
    const marks = { [labels.serviceId]: orders.serviceId };
    api.put("pods", name, { ...pod, metadata: { ...pod.metadata, name, labels: marks } });
  }

  it("waits for its pods, but not for one whose node is away", async () => {
    runs("lost", { ready: true, going: true });
    runs("ending", { metadata: { deletionTimestamp: new Date(Date.now() + 30_000).toISOString() } });
    const report = new Recorder(() => {
      if (report.steps.length === 1) {
        setTimeout(() => api.remove("pods", "ending"), 300);
      }
    });
    const context = { cluster, namespace: "shop", mirror, programs, features: { daemonSurge: false } };
    const outcome = await removeService({ ...context, log: silent }, orders, report);
    expect(outcome).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(report.steps.map(({ state, done, of }) => [state, done, of])).to.deep.equal([
      ["RUNNING", 0, 1],
      ["DONE", 1, 1],
    ]);
    expect(mirror.allPods().map(({ metadata }) => metadata.name)).to.deep.equal(["lost"]);
  });
});
