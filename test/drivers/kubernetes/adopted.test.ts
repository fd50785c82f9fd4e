import { expect } from "chai";
import type { KubeService, Pod, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { labels } from "../../../src/drivers/kubernetes/names.js";
import { objectPath } from "../../../src/drivers/kubernetes/paths.js";
import type { ServiceRef } from "../../../src/operations/driver.js";
import { Recorder } from "../bench.js";
import { expectLost, losingAfter, taken } from "../losing.js";
import { tinyCommand } from "../tiny-app.js";
import type { Scene } from "./scene.js";
import { nginxImage, nodeImage, onKubernetes } from "./yard.js";

const marks = { app: "shop", tier: "web" };
const template = {
  metadata: { labels: marks, annotations: { "shop.example/owner": "joe" } },
  spec: {
    containers: [
      {
        name: "web",
        image: nodeImage,
        command: tinyCommand,
        env: [
          { name: "REBAKE_PORT", value: "3000" },
          { name: "THEIRS", value: "1" },
        ],
        readinessProbe: { httpGet: { path: "/", port: 3000 }, periodSeconds: 1 },
        lifecycle: { preStop: { exec: { command: ["sleep", "1"] } } },
      },
      { name: "helper", image: nginxImage },
    ],
    terminationGracePeriodSeconds: 5,
  },
};
const deployment = (replicas: number) => ({
  ...{ apiVersion: "apps/v1", kind: "Deployment" },
  metadata: {
    name: "shop",
    labels: { app: "shop", team: "web" },
    annotations: { "shop.example/on-call": "joe" },
  },
  spec: { replicas, selector: { matchLabels: { app: "shop" } }, minReadySeconds: 1, template },
});
const service = {
  ...{ apiVersion: "v1", kind: "Service", metadata: { name: "shop" } },
  spec: { selector: { app: "shop" }, ports: [{ name: "web", port: 80, targetPort: 3000 }] },
};
const daemonSet = {
  ...{ apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "agent" } },
  spec: {
    selector: { matchLabels: { app: "agent" } },
    template: {
      metadata: { labels: { app: "agent" } },
      spec: { containers: [{ name: "web", image: nginxImage }], terminationGracePeriodSeconds: 2 },
    },
  },
};

/** What somebody made with `kubectl apply`, and Rebake takes over. */
async function adopt(
  scene: Scene,
  replicas = 1,
): Promise<{ ref: ServiceRef; made: Workload; pods: string[]; theirs: KubeService }> {
  await scene.apply(deployment(replicas), service);
  const ref = scene.ref({ adopted: "shop" });
  await scene.until("it runs", async () => (await scene.serving(ref)).length === replicas, 60);
  await scene.kubectl("rollout", "status", "deployment/shop");
  const made = await scene.deployment(ref);
  return { ref, made, pods: await scene.serving(ref), theirs: await serviceOf(scene) };
}

const serviceOf = async (scene: Scene) =>
  (await scene.yard.api.get<KubeService>("service", objectPath("Service", scene.namespace, "shop")))!;

/** All that somebody has said of it; the cluster itself counts its changes. */
function saidOf({ metadata, spec }: Workload) {
  const isCount = (key: string) => /^(deployment\.kubernetes\.io\/|deprecated\.daemonset\.)/.test(key);
  const notes = Object.entries(metadata.annotations ?? {}).filter(([key]) => !isCount(key));
  return { spec, labels: metadata.labels, annotations: Object.fromEntries(notes) };
}

async function expectAsItWas(scene: Scene, { ref, made, pods, theirs }: Awaited<ReturnType<typeof adopt>>) {
  const now = await scene.deployment(ref);
  expect(saidOf(now)).to.deep.equal(saidOf(made));
  expect(await scene.serving(ref), await scene.history()).to.deep.equal(pods);
  expect((await serviceOf(scene)).metadata.resourceVersion).to.equal(theirs.metadata.resourceVersion);
  expect(await scene.remains()).to.deep.equal([]);
  await scene.until("it is seen", async () => (await scene.driver.inspect(ref)).operationId === null);
  expect(await scene.driver.inspect(ref)).to.include({ state: "RUNNING", drifted: false });
}

onKubernetes("a service of somebody else's on Kubernetes", (it) => {
  it("is listed, and goes on as it was when it is adopted", async (scene) => {
    const adopted = await adopt(scene, 2);
    const { ref, made, pods } = adopted;
    await scene.apply(daemonSet);
    const agent = scene.ref({ adopted: "agent", name: "agent" });
    await scene.until("the agent runs", async () => (await scene.serving(agent)).length > 0);
    const foreign = await scene.until("both are listed", async () => {
      const found = await scene.driver.foreign(ref.environmentId);
      return found.length === 2 && found.every(({ running }) => running > 0) ? found : null;
    });
    expect(foreign.map(({ name, mode, installation }) => [name, mode, installation])).to.deep.equal([
      ["agent", "GLOBAL", null],
      ["shop", "REPLICATED", null],
    ]);
    expect(foreign[1]).to.include({ replicas: 2, running: 2, image: nodeImage });
    const observed = await scene.driver.inspect(ref);
    expect(observed).to.include({ state: "RUNNING", fingerprint: null, operationId: null, drifted: false });
    expect(observed.tasks.map(({ id }) => id)).to.have.members(pods);
    expect((await scene.deployment(ref)).metadata.resourceVersion).to.equal(made.metadata.resourceVersion);
    await expectAsItWas(scene, adopted);
  });

  it("is as it was when its first rebuild fails", async (scene) => {
    const adopted = await adopt(scene);
    const { verdict, cause } = await scene.replace(null, scene.target(adopted.ref, scene.tiny("crash")));
    expect(cause, cause?.message).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(verdict).to.equal("FAILED");
    await expectAsItWas(scene, adopted);
    const again = await scene.kubectl("get", "deployment/shop", "--show-managed-fields", "-o", "json");
    const owners = (JSON.parse(again) as Workload).metadata.managedFields!;
    expect(
      owners.some(({ manager, fieldsV1 }) => manager.startsWith("kubectl") && "f:spec" in fieldsV1),
    ).to.equal(true);
  });

  it("is as it was when its first rebuild fails with another server", async (scene) => {
    const proxy = await scene.behind();
    const adopted = await adopt(scene);
    const next = scene.target(adopted.ref, scene.tiny("crash"));
    const isPatch = ({ method, path }: { method: string; path: string }) =>
      method === "PATCH" && path.endsWith("/deployments/shop");
    await expectLost(scene.replace(null, next, losingAfter(proxy, 1, isPatch)));
    const { verdict, cause } = await scene.replace(null, taken(next), new Recorder(), scene.successor());
    expect(cause, cause?.message).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(verdict).to.equal("FAILED");
    await expectAsItWas(scene, adopted);
  });

  it("is Rebake's after its first rebuild, with the name, selector and Service that it had", async (scene) => {
    const { ref, made, pods, theirs } = await adopt(scene, 2);
    const gaps = scene.watchServing(ref);
    const next = scene.target(ref, scene.tiny("", { env: { VERSION: "2" } }), { replicas: 2 });
    expect(await scene.replace(null, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(await gaps.end(), "looks at which none served").to.equal(0);
    const { metadata, spec } = await scene.deployment(ref);
    expect(metadata.uid).to.equal(made.metadata.uid);
    expect(metadata.labels).to.include({ app: "shop", team: "web", [labels.serviceId]: ref.serviceId });
    expect(metadata.annotations).to.include({ "shop.example/on-call": "joe" });
    expect(spec.selector).to.deep.equal(made.spec.selector);
    expect(spec.template.metadata!.labels).to.include({ app: "shop" }).and.not.to.have.property("tier");
    expect(spec.template.metadata!.annotations).not.to.have.property("shop.example/owner");
    expect(spec.template.spec.containers.map(({ name }) => name)).to.deep.equal(["app"]);
    expect(spec.template.spec.containers[0]!.env!.map(({ name }) => name)).not.to.include("THEIRS");
    const serving = await scene.serving(ref);
    expect(serving).to.have.length(2);
    expect(serving.filter((uid) => pods.includes(uid))).to.deep.equal([]);
    await scene.expectStands(next);
    expect(await scene.driver.drift(next)).to.deep.equal([]);
    expect((await serviceOf(scene)).metadata.resourceVersion).to.equal(theirs.metadata.resourceVersion);
    const { seconds } = await scene.failsOver(next, "APP_EXITED", scene.tiny("crash"), { replicas: 2 });
    expect(seconds).to.be.lessThan(60);
  });

  it("is as it was, where the cluster runs one on each node, when its first rebuild fails", async (scene) => {
    await scene.apply(daemonSet);
    const ref = scene.ref({ adopted: "agent" });
    await scene.until("it runs", async () => (await scene.serving(ref)).length > 0, 60);
    const path = objectPath("DaemonSet", scene.namespace, "agent");
    const find = async () => (await scene.yard.api.get<Workload>("daemonset", path))!;
    const made = await find();
    const proxy = await scene.behind();
    // The next pod of a node is made when the one before is gone with all that it had there.
    const spec = scene.tiny("crash", { rollout: { deadline: 180 } });
    const next = scene.target(ref, { ...spec, mode: "GLOBAL" });
    const isPatch = ({ method, path: at }: { method: string; path: string }) =>
      method === "PATCH" && at.endsWith("/daemonsets/agent");
    await expectLost(scene.replace(null, next, losingAfter(proxy, 1, isPatch)));
    const { verdict, cause } = await scene.replace(null, taken(next), new Recorder(), scene.successor());
    expect(cause, cause?.message).to.include({ code: "APP_EXITED" });
    expect(verdict).to.equal("ROLLED_BACK");
    expect(saidOf(await find())).to.deep.equal(saidOf(made));
    await scene.until("it runs", async () => (await scene.serving(ref)).length > 0, 60);
    expect(await scene.remains()).to.deep.equal([]);
  });

  it("is not taken by who did not adopt it", async (scene) => {
    const { made, pods } = await adopt(scene);
    const ref = scene.ref({ name: "shop" });
    const { verdict, cause } = await scene.replace(null, scene.target(ref, scene.tiny()));
    expect(cause).to.have.property("code", "ENGINE_REFUSED");
    expect(cause!.message).to.include("has a Deployment shop already");
    expect(verdict).to.equal("FAILED");
    expect(saidOf(await scene.deployment(ref))).to.deep.equal(saidOf(made));
    expect(await scene.serving(ref)).to.deep.equal(pods);
    // What could not be deployed can be removed, and has nothing to wait for.
    expect(await scene.driver.remove(ref, new Recorder())).to.deep.equal({
      verdict: "SUCCEEDED",
      cause: null,
    });
    expect(saidOf(await scene.deployment(ref))).to.deep.equal(saidOf(made));
    expect(await scene.serving(ref)).to.deep.equal(pods);
  });

  it("goes without what is called as it is", async (scene) => {
    const labelled = { ...template, metadata: { labels: { app: "other" } } };
    const spec = { replicas: 1, selector: { matchLabels: { app: "other" } }, template: labelled };
    await scene.apply(daemonSet, { ...deployment(1), metadata: { name: "agent" }, spec });
    const ref = scene.ref({ adopted: "daemonset/agent" });
    await scene.until("both run", async () => (await scene.serving(ref)).length >= 2, 60);
    const made = await scene.deployment(ref);
    const spared = (await scene.list<Pod>("Pod")).filter(({ metadata }) => metadata.labels?.app === "other");
    const next = scene.target(ref, { ...scene.tiny("", { rollout: { deadline: 180 } }), mode: "GLOBAL" });
    expect(await scene.replace(null, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(await scene.driver.remove(ref, new Recorder())).to.deep.equal({
      verdict: "SUCCEEDED",
      cause: null,
    });
    expect((await scene.list("DaemonSet")).map(({ metadata }) => metadata.name)).to.deep.equal([]);
    expect(saidOf(await scene.deployment(ref))).to.deep.equal(saidOf(made));
    expect(await scene.serving(ref)).to.deep.equal(spared.map(({ metadata }) => metadata.uid));
  });
});
