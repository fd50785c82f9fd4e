import { expect } from "chai";
import { EngineAway } from "../../../src/drivers/engine/answers.js";
import type { KubeObject, KubeService, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import type { Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import { Mirror } from "../../../src/drivers/kubernetes/mirror.js";
import { eventually } from "../../support/eventually.js";
import { refusal, ScriptedApi } from "./scripted-api.js";

const ownedBy = ({ metadata: { uid, name } }: KubeObject, kind: string, more: object = {}) => ({
  metadata: { ownerReferences: [{ uid, kind, name, controller: true }], ...more },
});
const names = (all: KubeObject[]) => all.map(({ metadata }) => metadata.name);

describe("a copy of what runs in a namespace", () => {
  let api: ScriptedApi;
  let cluster: Cluster;
  let mirror: Mirror;
  /** Names of workloads of which something was told; `*`: of all. */
  let told: string[];
  let troubles: unknown[];

  beforeEach(async () => {
    api = await ScriptedApi.open();
    cluster = await api.cluster();
    [told, troubles] = [[], []];
  });

  afterEach(async () => {
    const closed = mirror.close();
    cluster.close();
    await closed;
    await api.close();
  });

  function begin(): Mirror {
    mirror = new Mirror({
      ...{ cluster, namespace: "shop" },
      changed: (workload) => told.push(workload),
      allChanged: () => told.push("*"),
      trouble: (error) => troubles.push(error),
    });
    return mirror;
  }
  const soon = () => AbortSignal.timeout(10_000);

  /** A Deployment with a set of its own, and pods of that. */
  function deployment(name: string, ...pods: string[]): Workload {
    const workload = api.put("deployments", name);
    const set = api.put("replicasets", `${name}-1`, ownedBy(workload, "Deployment"));
    for (const pod of pods) {
      api.put("pods", pod, ownedBy(set, "ReplicaSet"));
    }
    return workload as Workload;
  }

  it("knows workloads with their sets, pods and Services, the older pods first", async () => {
    const orders = deployment("orders", "b", "a");
    const set = api.put("replicasets", "orders-2", ownedBy(orders, "Deployment"));
    api.put("pods", "0", ownedBy(set, "ReplicaSet", { creationTimestamp: "2026-01-01T00:00:09Z" }));
    const agent = api.put("daemonsets", "agent") as Workload;
    api.put("pods", "agent-x", ownedBy(agent, "DaemonSet"));
    api.put("pods", "alone");
    api.put("services", "orders");
    begin();
    await mirror.ready(soon());
    expect(mirror.isFresh).to.equal(true);
    expect(mirror.workload("Deployment", "orders")!.metadata.uid).to.equal(orders.metadata.uid);
    expect(mirror.workload("DaemonSet", "orders")).to.equal(null);
    expect(names(mirror.allWorkloads("DaemonSet"))).to.deep.equal(["agent"]);
    expect(names(mirror.setsOf(orders))).to.have.members(["orders-1", "orders-2"]);
    expect(names(mirror.podsOf(orders))).to.deep.equal(["a", "b", "0"]);
    expect(names(mirror.podsOf(agent))).to.deep.equal(["agent-x"]);
    expect(names(mirror.allPods())).to.have.length(5);
    expect(mirror.service("orders")!.metadata.name).to.equal("orders");
    expect(mirror.service("nope")).to.equal(null);
  });

  it("tells of which workload something has changed", async () => {
    const orders = deployment("orders", "a");
    const agent = api.put("daemonsets", "agent");
    begin();
    await mirror.ready(soon());
    // All watch by now: what comes is told once.
    await eventually(() => api.watching === 5);
    const tells = async (what: string, change: () => unknown) => {
      told.length = 0;
      change();
      await eventually(() => told.includes(what), { what: `tell of ${what}` });
      expect(new Set(told)).to.deep.equal(new Set([what]));
    };
    await tells("orders", () => api.put("deployments", "orders"));
    await tells("orders", () => api.put("pods", "b", ownedBy(mirror.setsOf(orders)[0]!, "ReplicaSet")));
    await tells("orders", () => api.remove("pods", "b"));
    await tells("orders", () => api.put("services", "orders"));
    await tells("agent", () => api.put("pods", "agent-x", ownedBy(agent, "DaemonSet")));
    await tells("later", () => api.put("deployments", "later"));
    await tells("orders", () => api.remove("replicasets", "orders-1"));
    // A set may be gone before its pods.
    await tells("orders", () => api.remove("pods", "a"));
    await tells("orders", () => api.remove("deployments", "orders"));
    expect(names(mirror.podsOf(orders))).to.deep.equal([]);
  });

  it("does not take pods of what was deleted for those of what is made anew under its name", async () => {
    const before = deployment("orders", "a");
    begin();
    await mirror.ready(soon());
    await eventually(() => api.watching === 5);
    for (const [collection, name] of [
      ["deployments", "orders"],
      ["replicasets", "orders-1"],
      ["pods", "a"],
    ] as const) {
      api.remove(collection, name);
    }
    const after = deployment("orders", "a", "b");
    await eventually(() => mirror.podsOf(after).length === 2);
    expect(after.metadata.uid).not.to.equal(before.metadata.uid);
    expect(mirror.workload("Deployment", "orders")!.metadata.uid).to.equal(after.metadata.uid);
    await eventually(() => mirror.podsOf(before).length === 0 && mirror.setsOf(before).length === 0);
  });

  it("knows who owns what also after what was missed while the version expired", async () => {
    const before = deployment("orders", "a");
    begin();
    await mirror.ready(soon());
    await eventually(() => api.watching === 5);
    for (const collection of ["deployments", "replicasets", "pods"]) {
      api.next(`watch ${collection}`, refusal(410, "Expired", "too old"));
    }
    api.cut();
    api.remove("pods", "a");
    api.remove("replicasets", "orders-1");
    api.remove("deployments", "orders");
    const after = deployment("orders", "a", "b");
    await eventually(() => mirror.podsOf(after).length === 2);
    await eventually(() => mirror.workload("Deployment", "orders")!.metadata.uid === after.metadata.uid);
    expect([mirror.podsOf(before), mirror.setsOf(before)]).to.deep.equal([[], []]);
  });

  it("takes what was answered to a change ahead of the watch", async () => {
    const orders = deployment("orders");
    begin();
    await mirror.ready(soon());
    const put = { ...orders, metadata: { ...orders.metadata, resourceVersion: "1000", generation: 7 } };
    mirror.take("Deployment", put);
    expect(mirror.workload("Deployment", "orders")!.metadata.generation).to.equal(7);
    mirror.takeService({ metadata: { ...put.metadata, uid: "s" } } as KubeService);
    expect(mirror.service("orders")!.metadata.uid).to.equal("s");
  });

  it("lets whoever waits for it know when something of a workload was heard", async () => {
    deployment("orders");
    begin();
    await mirror.ready(soon());
    await eventually(() => api.watching === 5);
    let isHeard = false;
    const heard = mirror.heard("orders", soon()).then(() => {
      isHeard = true;
    });
    api.put("deployments", "other");
    await eventually(() => told.includes("other"));
    expect(isHeard).to.equal(false);
    api.put("deployments", "orders");
    await heard;
    const stop = new AbortController();
    const aborted = mirror.heard("orders", stop.signal);
    stop.abort();
    await aborted;
  });

  it("is not relied on until all is known, and says why not", async () => {
    api.next("list pods", refusal(403, "Forbidden", "pods is forbidden"));
    begin();
    expect(() => mirror.assertFresh()).to.throw(EngineAway, "it is not known yet how things are");
    const error: Error = await mirror.ready(soon()).then(
      () => expect.fail("it was ready"),
      (reason) => reason,
    );
    expect(error.message).to.equal("pods is forbidden");
    expect(() => mirror.assertFresh()).to.throw(EngineAway, "pods is forbidden");
    await eventually(() => mirror.isFresh);
    mirror.assertFresh();
    await mirror.ready(soon());
    expect(troubles).to.have.length(1);
  });

  it("does not keep anybody waiting who does not want to", async () => {
    api.next("list pods", () => {});
    begin();
    const error = await mirror.ready(AbortSignal.timeout(50)).then(
      () => expect.fail("it was ready"),
      (reason: Error) => reason,
    );
    expect(error).to.be.instanceOf(EngineAway);
  });

  it("tells once that the cluster is away, and once that it is back: all may have changed", async () => {
    deployment("orders");
    begin();
    await mirror.ready(soon());
    await eventually(() => api.watching === 5);
    told.length = 0;
    const bringBack = await api.goAway();
    await eventually(() => troubles.length > 0);
    expect(() => mirror.assertFresh()).to.throw(EngineAway);
    const asked = () => [...cluster.calls.values()].reduce((sum, count) => sum + count, 0);
    const before = asked();
    // Each of the five kinds was tried again in vain.
    await eventually(() => asked() >= before + 5);
    expect(told).to.deep.equal(["*"]);
    await bringBack();
    await eventually(() => mirror.isFresh, { deadline: 40_000 });
    expect(told).to.deep.equal(["*", "*"]);
    expect(troubles).to.have.length(1);
  });
});
