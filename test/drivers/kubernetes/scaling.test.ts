import { expect } from "chai";
import type { KubeObject, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import type { Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import { Mirror } from "../../../src/drivers/kubernetes/mirror.js";
import { annotations } from "../../../src/drivers/kubernetes/names.js";
import { Scaling } from "../../../src/drivers/kubernetes/scale.js";
import { OperationFailure } from "../../../src/errors.js";
import { silent } from "../../support/silent.js";
import { healthProbe, Recorder } from "../bench.js";
import { deploymentOf, ended, type PodFacts, podOf, running, waiting } from "./pod-fixture.js";
import { ScriptedApi } from "./scripted-api.js";
import { aTarget, programs } from "./spec-arbitraries.js";

const deployment = "/apis/apps/v1/namespaces/shop/deployments/orders";
const cancelled = () => new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it.");
const crashing: PodFacts = {
  app: { state: waiting("CrashLoopBackOff"), lastState: ended(1), restartCount: 3 },
};
const ready: PodFacts = { ready: true, app: { state: running } };
/** Told to go long ago, by a node that says nothing any more. */
const lost: PodFacts = { ...ready, going: true };
const ownedBy = ({ metadata: { uid, name } }: KubeObject, kind: string) => [
  { uid, kind, name, controller: true },
];

describe("a scaling, as the API tells of it", () => {
  let api: ScriptedApi;
  let cluster: Cluster;
  let mirror: Mirror;
  /** Names of its pods. */
  let pods: string[];

  beforeEach(async () => {
    pods = [];
    api = await ScriptedApi.open();
    cluster = await api.cluster();
    const nothing = () => {};
    mirror = new Mirror({
      ...{ cluster, namespace: "shop" },
      ...{ changed: nothing, allChanged: nothing, trouble: nothing },
    });
  });

  afterEach(async () => {
    const closed = mirror.close();
    cluster.close();
    await closed;
    await api.close();
  });

  /** A Deployment with so many replicas, as Rebake has asked for them, and its pods. */
  function deployed(replicas: number, all: PodFacts[]): void {
    const notes = { [annotations.applied]: JSON.stringify({ replicas }), "rebake/scaled-from": "1" };
    const workload = api.put("deployments", "orders", deploymentOf(replicas, {}, { annotations: notes }));
    const set = api.put("replicasets", "orders-1", {
      metadata: { ownerReferences: ownedBy(workload, "Deployment") },
    });
    for (const facts of all) {
      const pod = podOf("opn_1", facts);
      const metadata = { ...pod.metadata, ownerReferences: ownedBy(set, "ReplicaSet") };
      api.put("pods", metadata.name, { ...pod, metadata });
      pods.push(metadata.name);
    }
  }

  /** The next change of its number is done, and pods that are too many are gone at once; `kept`: when others are. */
  function takesChange(kept?: number, taken = () => {}): void {
    api.next(`PATCH ${deployment}`, (request, response) => {
      taken();
      const chunks: Buffer[] = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => {
        const operations = JSON.parse(Buffer.concat(chunks).toString()) as { path: string; value: any }[];
        const valueAt = (path: string) => operations.find((one) => one.path === path)!.value;
        const marks = { annotations: valueAt("/metadata/annotations") };
        const replicas: number = valueAt("/spec/replicas");
        const changed = api.put("deployments", "orders", deploymentOf(replicas, {}, marks));
        for (const name of pods.splice(kept ?? replicas)) {
          api.remove("pods", name);
        }
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(changed));
      });
    });
  }

  const scale = (replicas: number, from: number, report = new Recorder()) =>
    new Scaling(
      { cluster, namespace: "shop", mirror, programs, features: { daemonSurge: false }, log: silent },
      aTarget({ readiness: healthProbe }, { replicas }),
      from,
      report,
    ).run();
  const changes = () => api.queriesOf(`PATCH ${deployment}`).length;

  it("to fewer does not wait for a pod whose node is away", async () => {
    deployed(3, [ready, lost, ready]);
    takesChange(2);
    expect(await scale(1, 3)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
  });

  it("to fewer that is cancelled while pods end goes back to the number of before", async () => {
    const ending = { deletionTimestamp: new Date(Date.now() + 30_000).toISOString() };
    deployed(2, [ready, { ...ready, metadata: ending }]);
    const report = new Recorder();
    takesChange(2, () => report.abort(cancelled()));
    takesChange();
    expect(await scale(1, 2, report)).to.have.property("verdict", "CANCELLED");
    expect(changes()).to.equal(2);
    expect(mirror.workload("Deployment", "orders")!.spec.replicas).to.equal(2);
  });

  it("that is undone does not wait for a pod whose node is away", async () => {
    deployed(1, [ready, lost]);
    const report = new Recorder();
    takesChange(2, () => report.abort(cancelled()));
    takesChange(2);
    expect(await scale(2, 1, report)).to.have.property("verdict", "CANCELLED");
    expect(mirror.workload("Deployment", "orders")!.spec.replicas).to.equal(1);
  });

  it("to the number that there is leaves all of them alone, also while one crashes", async () => {
    deployed(3, [ready, ready, crashing]);
    expect(await scale(3, 3)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    const report = new Recorder();
    report.abort(cancelled());
    expect((await scale(3, 3, report)).verdict).to.equal("CANCELLED");
    expect(changes()).to.equal(0);
  });

  it("to the number that somebody has set by hand takes none of those away", async () => {
    deployed(1, [ready, ready, crashing]);
    const found = (await cluster.get<Workload>("deployment", deployment))!;
    api.put("deployments", "orders", { ...found, spec: { ...found.spec, replicas: 3 } } as Workload);
    takesChange();
    expect(await scale(3, 1)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(mirror.workload("Deployment", "orders")!.spec.replicas).to.equal(3);
  });

  it("that an earlier server has begun goes back to the number of before it", async () => {
    deployed(3, [ready, ready, crashing]);
    takesChange();
    expect(await scale(3, 2)).to.have.property("verdict", "FAILED");
    expect(mirror.workload("Deployment", "orders")!.spec.replicas).to.equal(2);
  });
});
