import { expect } from "chai";
import { kubernetesConnection } from "../../../src/domain/kubernetes-connection.js";
import { createKubernetesDriver, type KubernetesDriver } from "../../../src/drivers/kubernetes/index.js";
import { annotations, labels } from "../../../src/drivers/kubernetes/names.js";
import { LeaseLost, OperationFailure, RequestError } from "../../../src/errors.js";
import type { Outcome, ServiceRef, Target } from "../../../src/operations/driver.js";
import { eventually } from "../../support/eventually.js";
import { silent } from "../../support/silent.js";
import { newRef, Recorder, specOf, targetOf } from "../bench.js";
import { taken } from "../losing.js";
import { podOf } from "./pod-fixture.js";
import { answer, ScriptedApi } from "./scripted-api.js";

describe("an environment whose connection is changed", () => {
  let api: ScriptedApi;
  let driver: KubernetesDriver;
  let token: string;
  let ref: ServiceRef;
  let target: Target;

  beforeEach(async () => {
    api = await ScriptedApi.open();
    token = "old";
    ref = newRef("orders", "env_1");
    const spec = specOf({ command: ["x"], rollout: { monitor: 0 } });
    target = taken(targetOf(ref, spec, { image: "shop@sha256:1" }));
    driver = createKubernetesDriver({
      installation: "i1",
      connections: {
        environments: async () => ["env_1"],
        of: async () => kubernetesConnection.parse({ server: api.url, token, namespace: "shop" }),
      },
      log: silent,
    });
    deployed(2);
    putPod("one");
    putPod("two");
  });

  afterEach(async () => {
    await driver.close();
    await api.close();
  });

  /** The operation is under way: an earlier claim had the cluster take it. */
  function deployed(replicas: number): void {
    const template = { spec: { containers: [{ name: "app" }] } };
    api.put("deployments", "orders", {
      metadata: {
        ...{ uid: "u1", generation: 1, labels: { [labels.serviceId]: ref.serviceId } },
        annotations: {
          [annotations.operation]: target.stamp.operationId,
          [annotations.applied]: JSON.stringify({ replicas }),
          [annotations.before]: JSON.stringify({ spec: { replicas, template }, owners: [], leaving: [] }),
        },
      },
      ...{ spec: { replicas, selector: {}, template } },
    } as never);
    const owner = { uid: "u1", kind: "Deployment", name: "orders", controller: true };
    api.put("replicasets", "orders-1", { metadata: { uid: "u2", ownerReferences: [owner] } as never });
  }

  function putPod(name: string): void {
    const owner = { uid: "u2", kind: "ReplicaSet", name: "orders-1", controller: true };
    const pod = podOf("opn_old", { ready: true });
    const { [labels.operation]: operation } = pod.metadata.labels!;
    const marks = { [labels.operation]: operation!, [labels.serviceId]: ref.serviceId };
    api.put("pods", name, {
      ...pod,
      metadata: { ...pod.metadata, name, labels: marks, ownerReferences: [owner] } as never,
    });
  }

  const one = () => targetOf(ref, target.spec, { ...target, replicas: 1 });
  const asWhom = () => new Set(api.asked.map(({ authorization }) => authorization));
  const asked = (what: string) => eventually(() => api.queriesOf(what).length > 0);
  /** Somebody changes the connection; the driver comes to know. */
  async function changed(): Promise<void> {
    token = "new";
    await driver.restore();
  }
  async function expectLeft(work: Promise<Outcome>): Promise<void> {
    const ended: unknown = await work.catch((error: unknown) => error);
    expect(ended, JSON.stringify(ended)).to.be.instanceOf(LeaseLost);
    api.asked.length = 0;
  }

  it("has a removal left to the next claim, which goes on with the new one", async () => {
    const removing = driver.remove(ref, new Recorder());
    await asked("GET /apis/apps/v1/namespaces/shop/daemonsets/orders");
    await changed();
    await expectLeft(removing);
    const again = driver.remove(ref, new Recorder());
    await asked("DELETE /apis/apps/v1/namespaces/shop/deployments/orders");
    api.remove("pods", "one");
    api.remove("pods", "two");
    expect(await again).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect([...asWhom()]).to.deep.equal(["Bearer new"]);
  });

  it("has a scaling left to the next claim, which goes on with the new one", async () => {
    const scaling = driver.scale(one(), new Recorder());
    await asked("PATCH /apis/apps/v1/namespaces/shop/deployments/orders");
    await changed();
    await expectLeft(scaling);
    const again = driver.scale(one(), new Recorder());
    await asked("list horizontalpodautoscalers");
    api.remove("pods", "two");
    expect((await again).verdict).to.equal("UNPROVEN");
    expect([...asWhom()]).to.deep.equal(["Bearer new"]);
    expect(api.queriesOf("PATCH /apis/apps/v1/namespaces/shop/deployments/orders")).to.deep.equal([]);
  });

  it("has a rebuild left to the next claim, and nothing is undone", async () => {
    const rebuilding = driver.replace(null, target, new Recorder());
    await asked("GET /apis/apps/v1/namespaces/shop/deployments/orders");
    await changed();
    await expectLeft(rebuilding);
    expect(api.queriesOf("PATCH")).to.deep.equal([]);
  });

  it("has also the end of what was cancelled left to the next claim", async () => {
    api.remove("pods", "two");
    const report = new Recorder();
    const rebuilding = driver.replace(null, target, report);
    await asked("GET /apis/apps/v1/namespaces/shop/deployments/orders");
    report.abort(new OperationFailure("CANCELLED_BY_USER", "Cancelled by somebody."));
    await asked("PATCH /apis/apps/v1/namespaces/shop/deployments/orders");
    await changed();
    await expectLeft(rebuilding);
  });

  it("has who follows what a service prints told to do so anew", async () => {
    const log = (pod: string) => `GET /api/v1/namespaces/shop/pods/${pod}/log`;
    for (const pod of ["one", "two"]) {
      api.next(log(pod), answer(200));
    }
    const { signal } = new AbortController();
    const lines = driver.logs(ref, { tail: 0, follow: true, signal })[Symbol.asyncIterator]();
    const next = lines.next().catch((error: unknown) => error);
    await eventually(() => api.queriesOf(log("one")).length > 1);
    await changed();
    const ended = await next;
    expect(ended).to.be.instanceOf(RequestError).with.property("code", "UNAVAILABLE");
    expect((ended as Error).message).to.match(/connection was changed/);
  });
});
