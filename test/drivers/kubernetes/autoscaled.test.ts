import type { IncomingMessage, ServerResponse } from "node:http";
import { expect } from "chai";
import { EngineAway } from "../../../src/drivers/engine/answers.js";
import type { Workload } from "../../../src/drivers/kubernetes/api-types.js";
import type { Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import { Mirror } from "../../../src/drivers/kubernetes/mirror.js";
import { annotations, labels } from "../../../src/drivers/kubernetes/names.js";
import { pushTarget } from "../../../src/drivers/kubernetes/push.js";
import { OperationFailure } from "../../../src/errors.js";
import { silent } from "../../support/silent.js";
import { Recorder } from "../bench.js";
import { deploymentOf } from "./pod-fixture.js";
import { answer, refusal, type Script, ScriptedApi } from "./scripted-api.js";
import { aTarget, manifest, orders, programs } from "./spec-arbitraries.js";

const path = "/apis/apps/v1/namespaces/shop/deployments/orders";
const autoscalers = "list horizontalpodautoscalers";
const forbidden = refusal(403, "Forbidden", "horizontalpodautoscalers is forbidden");
const busy = Array.from({ length: 6 }, () =>
  refusal(429, "TooManyRequests", "too busy", { "retry-after": "0.001" }),
);

describe("a rebuild where an autoscaler may decide how many replicas there are", () => {
  let api: ScriptedApi;
  let cluster: Cluster;
  let mirror: Mirror;

  beforeEach(async () => {
    api = await ScriptedApi.open();
    cluster = await api.cluster();
    const nothing = () => {};
    const tell = { changed: nothing, allChanged: nothing, trouble: nothing };
    mirror = new Mirror({ cluster, namespace: "shop", ...tell });
    await mirror.ready(AbortSignal.timeout(10_000));
  });

  afterEach(async () => {
    const closed = mirror.close();
    cluster.close();
    await closed;
    await api.close();
  });

  /** Of a service with two replicas, which Rebake has asked for, and of which there are to be `found` now. */
  function deployed(found: number, applied: object | null = { replicas: 2 }): Workload {
    const notes: Record<string, string> = applied ? { [annotations.applied]: JSON.stringify(applied) } : {};
    const metadata = { labels: { [labels.serviceId]: orders.serviceId }, annotations: notes };
    return api.put("deployments", "orders", deploymentOf(found, {}, metadata)) as Workload;
  }

  /** What a rebuild of it asks for: how many there are to be, and whether that is Rebake's own number. */
  async function rebuilt(seen: Workload): Promise<{ replicas: number; isOwn: boolean }> {
    const context = { cluster, namespace: "shop", mirror, programs, features: { daemonSurge: false } };
    const target = aTarget({}, { replicas: 2, stamp: { operationId: "opn_2", fence: 1 } });
    api.next("GET /api/v1/namespaces/shop", answer(200, { metadata: { name: "shop" } }));
    const asked = new Promise<any[]>((resolve) => {
      api.next(`PATCH ${path}`, async (request: IncomingMessage, response: ServerResponse) => {
        resolve(JSON.parse(Buffer.concat(await request.toArray()).toString()));
        answer(200, seen)(request, response);
      });
    });
    const made = manifest({}, { replicas: 2, stamp: target.stamp });
    await pushTarget({ ...context, log: silent }, target, made, seen, new Recorder());
    const at = (wanted: string) => asked.then((all) => all.find((one) => one.path === wanted)!.value);
    const { replicas } = await at("/spec");
    const applied = JSON.parse((await at("/metadata/annotations"))[annotations.applied]);
    expect(applied.replicas).to.be.oneOf([undefined, replicas]);
    return { replicas, isOwn: applied.replicas !== undefined };
  }

  const refusedWith = (seen: Workload) =>
    rebuilt(seen).then(
      () => null,
      (error: unknown) => error,
    );

  it("asks for its own number when there is none, and where the cluster knows no autoscalers", async () => {
    expect(await rebuilt(deployed(5))).to.deep.equal({ replicas: 2, isOwn: true });
    api.next(autoscalers, answer(404, "404 page not found"));
    expect(await rebuilt(deployed(5))).to.deep.equal({ replicas: 2, isOwn: true });
  });

  it("leaves the autoscaler's number, also when the API server had too much to do first", async () => {
    const scaleTargetRef = { kind: "Deployment", name: "orders" };
    const one = { metadata: {}, spec: { scaleTargetRef } };
    api.put("horizontalpodautoscalers", "orders", one);
    api.next(autoscalers, busy[0]!);
    expect(await rebuilt(deployed(5))).to.deep.equal({ replicas: 5, isOwn: false });
  });

  const awayFor: Record<string, Script[]> = {
    "has too much to do for long": busy,
    "has lost what it was listing": [refusal(410, "Expired", "too old")],
  };
  for (const [what, scripts] of Object.entries(awayFor)) {
    it(`changes nothing while it is not known because the API server ${what}`, async () => {
      api.next(autoscalers, ...scripts);
      expect(await refusedWith(deployed(5))).to.be.instanceOf(EngineAway);
      expect(api.queriesOf(`PATCH ${path}`)).to.have.length(0);
    });
  }

  it("fails when the API refuses to say it for another reason, and changes nothing", async () => {
    api.next(autoscalers, refusal(401, "Unauthorized", "who are you?"));
    const error = await refusedWith(deployed(5));
    expect(error).to.be.instanceOf(OperationFailure);
    expect((error as OperationFailure).cause).to.have.property("code", "ENGINE_REFUSED");
    expect(api.queriesOf(`PATCH ${path}`)).to.have.length(0);
  });

  it("where it may not see autoscalers leaves a number that is not the one it had asked for", async () => {
    const cases: [found: number, applied: object | null, replicas: number, isOwn: boolean][] = [
      [2, { replicas: 2 }, 2, true],
      [3, { replicas: 3 }, 2, true],
      [5, { replicas: 2 }, 5, false],
      [5, {}, 5, false],
      [5, null, 5, false],
    ];
    for (const [found, applied, replicas, isOwn] of cases) {
      api.next(autoscalers, forbidden);
      expect(await rebuilt(deployed(found, applied)), JSON.stringify([found, applied])).to.deep.equal({
        ...{ replicas, isOwn },
      });
    }
  });
});
