import { expect } from "chai";
import type { Workload } from "../../../src/drivers/kubernetes/api-types.js";
import { objectPath } from "../../../src/drivers/kubernetes/paths.js";
import type { ServiceRef, Target } from "../../../src/operations/driver.js";
import { Recorder } from "../bench.js";
import { expectLost, losingAfter, taken } from "../losing.js";
import type { Fields } from "../scene.js";
import type { TinyMode } from "../tiny-app.js";
import type { Scene } from "./scene.js";
import { nginxImage, onKubernetes } from "./yard.js";

/** The next pod of a node is made when the one before is gone with all that it had there. */
const rollout = { deadline: 240 };

const global = (scene: Scene, mode: TinyMode | "" = "", fields: Fields = {}) => ({
  ...scene.tiny(mode, { ...fields, rollout: { ...rollout, ...fields.rollout } }),
  mode: "GLOBAL" as const,
});

const daemonSet = async (scene: Scene, name = "orders"): Promise<Workload> =>
  (await scene.yard.api.get<Workload>("daemonset", objectPath("DaemonSet", scene.namespace, name))) ??
  expect.fail(`there is no DaemonSet ${name}`);

async function deployed(scene: Scene): Promise<{ ref: ServiceRef; old: Target }> {
  const ref = scene.ref();
  return { ref, old: await scene.deploy(scene.target(ref, global(scene))) };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begun = Date.now();
  await work();
  return (Date.now() - begun) / 1000;
}

/** What somebody else made of it. */
const agent = (nodeSelector: Record<string, string> = {}) => ({
  ...{ apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "agent", labels: { team: "web" } } },
  spec: {
    selector: { matchLabels: { app: "agent" } },
    template: {
      metadata: { labels: { app: "agent" } },
      spec: {
        nodeSelector,
        containers: [{ name: "web", image: nginxImage }],
        terminationGracePeriodSeconds: 2,
      },
    },
  },
});

onKubernetes("a service with one on each node on Kubernetes", (it) => {
  it("that fits no node any more is put back, which says where to look", async (scene) => {
    const { ref, old } = await deployed(scene);
    const { spec } = await daemonSet(scene);
    const report = new Recorder();
    const next = scene.target(ref, global(scene, "", { placement: ["disk=ssd"] }));
    const { verdict, cause } = await scene.replace(old, next, report);
    expect(cause, cause?.message).to.have.property("code", "NO_SUITABLE_NODE");
    expect(cause!.message).to.match(
      /^No node of the cluster may run the service: .*placement.*labels and taints/,
    );
    // The cluster ends at once what does not fit any more.
    expect(verdict).to.equal("ROLLED_BACK");
    const told = report.steps.map(({ step, state }) => `${step} ${state}`);
    expect(told.at(-1)).to.equal("START FAILED");
    expect(told).not.to.include.members(["START DONE"]);
    expect((await daemonSet(scene)).spec).to.deep.equal(spec);
    expect(await scene.serving(ref)).to.have.length.greaterThan(0);
    await scene.expectStands(old);
  });

  it("that fits no node at its first deploy leaves nothing, also with less time than that has", async (scene) => {
    const spec = global(scene, "", { placement: ["disk=ssd"], rollout: { deadline: 10 } });
    const { verdict, cause } = await scene.replace(null, scene.target(scene.ref(), spec));
    expect(cause, cause?.message).to.have.property("code", "NO_SUITABLE_NODE");
    expect(verdict).to.equal("FAILED");
    expect(await scene.remains()).to.deep.equal([]);
  });

  it("that was meant for no node is put back at once, and can be removed", async (scene) => {
    await scene.apply(agent({ nobody: "1" }));
    const ref = scene.ref({ adopted: "agent" });
    await scene.until("it is seen", async () => (await daemonSet(scene, "agent")).status?.observedGeneration);
    const { spec } = await daemonSet(scene, "agent");
    const next = scene.target(ref, global(scene, "", { placement: ["disk=ssd"] }));
    const took = await seconds(async () => {
      const { verdict, cause } = await scene.replace(null, next);
      expect(cause, cause?.message).to.have.property("code", "NO_SUITABLE_NODE");
      expect(verdict).to.equal("FAILED");
    });
    expect(took).to.be.greaterThan(29).and.lessThan(90);
    expect((await daemonSet(scene, "agent")).spec).to.deep.equal(spec);
    const removed = await scene.driver.remove(ref, new Recorder());
    expect(removed).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(await scene.list("DaemonSet")).to.deep.equal([]);
  });

  it("of which no pod may be made fails early, in admission's words", async (scene) => {
    const { ref, old } = await deployed(scene);
    await scene.apply({
      ...{ apiVersion: "v1", kind: "LimitRange", metadata: { name: "small" } },
      spec: { limits: [{ type: "Container", max: { cpu: "1" } }] },
    });
    const report = new Recorder();
    const next = scene.target(ref, global(scene, "", { resources: { cpus: 2 } }));
    const took = await seconds(async () => {
      const { verdict, cause } = await scene.replace(old, next, report);
      expect(cause, cause?.message).to.have.property("code", "ENGINE_REFUSED");
      expect(cause!.message).to.match(
        /^The cluster does not let pods be made: .*maximum cpu usage per Container is 1, but limit is 2\.$/,
      );
      expect(verdict).to.equal("ROLLED_BACK");
    });
    expect(took).to.be.lessThan(rollout.deadline - 30);
    expect(report.summary()).to.include("START FAILED");
    expect(await scene.serving(ref)).to.have.length.greaterThan(0);
    await scene.expectStands(old);
  });

  it("says beforehand that it goes node by node; what is changed meanwhile stands, and is named", async (scene) => {
    const { ref, old } = await deployed(scene);
    let done = false;
    const report = new Recorder(async ({ step, state }) => {
      if (step === "READY" && state === "RUNNING" && !done) {
        done = true;
        await scene.kubectl("set", "env", "daemonset/orders", "BY_HAND=1");
      }
    });
    const next = scene.target(ref, global(scene, "", { rollout: { monitor: 30 } }));
    const { verdict, cause } = await scene.replace(old, next, report);
    expect(cause, cause?.message).to.have.property("code", "CHANGED_ON_ENGINE");
    expect(cause!.message).to.include("containers.app.env.BY_HAND.value");
    expect(verdict).to.equal("ROLLED_BACK");
    expect(report.steps.find(({ step }) => step === "START")!.detail).to.match(
      /^DOWNTIME: A DaemonSet is updated node by node/,
    );
    const [app] = (await daemonSet(scene)).spec.template.spec.containers;
    expect(app!.env).to.deep.include({ name: "BY_HAND", value: "1" });
    await scene.until("it is seen", async () => (await scene.driver.inspect(ref)).drifted);
    expect(await scene.driver.drift(next)).to.deep.equal([
      { path: ["containers", "app", "env", "BY_HAND", "value"], before: null, after: null, secret: true },
    ]);
  });

  it("is undone by another server to what somebody had made of it by hand, which goes on being drift", async (scene) => {
    const proxy = await scene.behind();
    const { ref, old } = await deployed(scene);
    await scene.kubectl("set", "env", "daemonset/orders", "BY_HAND=1");
    // What is undone is what the cluster had been told, whether or not it has come to that.
    const made = await daemonSet(scene);
    const isPatch = ({ method, path }: { method: string; path: string }) =>
      method === "PATCH" && path.endsWith("/daemonsets/orders");
    const next = scene.target(ref, global(scene, "crash"));
    proxy.calls.length = 0;
    await expectLost(scene.replace(old, next, losingAfter(proxy, 1, isPatch)));
    const { verdict, cause } = await scene.replace(old, taken(next), new Recorder(), scene.successor());
    expect(cause, cause?.message).to.include({ code: "APP_EXITED" });
    expect(verdict).to.be.oneOf(["ROLLED_BACK", "FAILED"]);
    const { spec, metadata } = await daemonSet(scene);
    expect(spec).to.deep.equal(made.spec);
    const applied = ["rebake/applied", "rebake/operation", "rebake/fingerprint"];
    for (const name of applied) {
      expect(metadata.annotations![name], name).to.equal(made.metadata.annotations![name]);
    }
    await scene.until("it is seen", async () => (await scene.driver.inspect(ref)).drifted);
    expect(await scene.driver.drift(old)).to.have.length(1);
  });

  it("that is somebody else's is Rebake's after its first rebuild, with the name and selector that it had", async (scene) => {
    await scene.apply(agent());
    const ref = scene.ref({ adopted: "agent" });
    await scene.until("it runs", async () => (await scene.serving(ref)).length > 0, 60);
    const made = await daemonSet(scene, "agent");
    const next = scene.target(ref, global(scene));
    expect(await scene.replace(null, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    const { metadata, spec } = await daemonSet(scene, "agent");
    expect(metadata.uid).to.equal(made.metadata.uid);
    expect(metadata.labels).to.include({ team: "web", "rebake/service-id": ref.serviceId });
    expect(spec.selector).to.deep.equal(made.spec.selector);
    expect(spec.template.spec.containers.map(({ name }) => name)).to.deep.equal(["app"]);
    await scene.expectStands(next);
    expect(await scene.driver.drift(next)).to.deep.equal([]);
  });
});
