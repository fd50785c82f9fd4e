import { randomInt } from "node:crypto";
import { expect } from "chai";
import type { FieldChange } from "../../../src/domain/changes.js";
import type { KubeService } from "../../../src/drivers/kubernetes/api-types.js";
import type { Target } from "../../../src/operations/driver.js";
import { Recorder } from "../bench.js";
import type { Scene } from "./scene.js";
import { nginxImage, nodeImage, onKubernetes } from "./yard.js";

const env = (name: string, ...more: string[]) => ["containers", "app", "env", name, ...more];
const change = (path: string[], before: string | null, after: string | null): FieldChange => ({
  ...{ path, before, after, secret: false },
});
const sidecar = { name: "helper", image: nginxImage };
const patch = (spec: object) => JSON.stringify({ spec: { template: { spec } } });

/** What somebody did to a service is put right by its next rebuild, all of it. */
async function expectPutRight(scene: Scene, old: Target): Promise<void> {
  const next = scene.target(old.ref, old.spec, { secrets: old.secrets });
  expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
  await scene.expectStands(next);
  expect(await scene.driver.drift(next)).to.deep.equal([]);
}

onKubernetes("what is done by hand on Kubernetes while nothing is under way", (it) => {
  /** What kubectl is told to do to the service, and what is said of it. */
  const changes: { name: string; args: (name: string) => string[]; says: FieldChange[] }[] = [
    {
      name: "a variable of the recipe",
      args: (name) => ["set", "env", name, "VERSION=2"],
      says: [change(env("VERSION", "value"), "1", "2")],
    },
    {
      name: "a variable of somebody's own",
      args: (name) => ["set", "env", name, "TOKEN=Ibis-1180-Tuba"],
      says: [{ path: env("TOKEN", "value"), before: null, after: null, secret: true }],
    },
    {
      name: "a variable of the recipe that is taken away",
      args: (name) => ["set", "env", name, "VERSION-"],
      says: [change(env("VERSION", "value"), "1", null)],
    },
    {
      name: "another image",
      args: (name) => ["set", "image", name, `app=${nginxImage}`],
      says: [change(["containers", "app", "image"], nodeImage, nginxImage)],
    },
    {
      name: "the number of replicas",
      args: (name) => ["scale", name, "--replicas=2"],
      says: [change(["replicas"], "1", "2")],
    },
    {
      name: "a limit",
      args: (name) => ["set", "resources", name, "--limits=memory=128Mi"],
      says: [change(["containers", "app", "resources", "limits", "memory"], null, "134217728")],
    },
    {
      name: "another container",
      args: (name) => ["patch", name, "--patch", patch({ containers: [sidecar] })],
      says: [
        change(["containers", "helper", "image"], null, nginxImage),
        change(["containers", "helper", "imagePullPolicy"], null, "IfNotPresent"),
        change(["containers", "helper", "terminationMessagePath"], null, "/dev/termination-log"),
        change(["containers", "helper", "terminationMessagePolicy"], null, "File"),
      ],
    },
    {
      name: "a restart",
      args: (name) => ["rollout", "restart", name],
      says: [],
    },
  ];

  for (const { name, args, says } of changes) {
    it(`${name} is drift, told with before and after, until the next rebuild puts it right`, async (scene) => {
      const heard: boolean[] = [];
      const driver = scene.successor();
      scene.driver = driver;
      const ref = scene.ref();
      const old = await scene.deploy(scene.target(ref, scene.tiny("", { env: { VERSION: "1" } })));
      expect(await driver.drift(old)).to.deep.equal([]);
      driver.onChange(({ serviceId }) => heard.push(serviceId === ref.serviceId));
      await scene.kubectl(...args(scene.named(ref)));
      await scene.until("it is told", () => heard.includes(true), 5);
      await scene.until("it is seen", async () => (await driver.inspect(ref)).drifted, 5);
      const told = await driver.drift(old);
      if (says.length > 0) {
        expect(told).to.deep.equal(says);
      } else {
        const [restarted] = told;
        expect(told).to.have.length(1);
        expect(restarted!.path.join(".")).to.include("restartedAt");
      }
      await expectPutRight(scene, old);
    });
  }

  it("an edit of a secret's variable shows neither what it was nor what it is", async (scene) => {
    const ref = scene.ref();
    const secrets = new Map([["v1", "Otter-5520-Banjo"]]);
    const spec = { ...scene.tiny(), env: [{ name: "TOKEN", value: [{ secret: "v1" }] }] };
    const old = await scene.deploy(scene.target(ref, spec, { secrets }));
    await scene.kubectl("set", "env", scene.named(ref), "TOKEN=Ibis-1180-Tuba");
    await scene.until("it is seen", async () => (await scene.driver.inspect(ref)).drifted, 5);
    const told = JSON.stringify(await scene.driver.drift(old));
    expect(told).to.include("TOKEN").and.not.to.include("Otter").and.not.to.include("Ibis");
    await expectPutRight(scene, old);
  });

  it("a pause is drift, and does not keep the next rebuild from being done", async (scene) => {
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    await scene.kubectl("rollout", "pause", scene.named(ref));
    await scene.until("it is seen", async () => (await scene.driver.inspect(ref)).drifted, 5);
    expect(await scene.driver.drift(old)).to.deep.equal([change(["paused"], null, "true")]);
    await expectPutRight(scene, old);
  });

  it("stays when a rebuild fails, and goes on being seen", async (scene) => {
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    await scene.kubectl("set", "env", scene.named(ref), "BY_HAND=1");
    await scene.kubectl("rollout", "status", scene.named(ref));
    const { spec } = await scene.deployment(ref);
    const before = await scene.serving(ref);
    const told = await scene.driver.drift(old);
    expect(told).to.have.length(1);
    const { cause } = await scene.replace(old, scene.target(ref, scene.tiny("crash")));
    expect(cause, cause?.message).to.have.property("code", "APP_EXITED");
    expect((await scene.deployment(ref)).spec).to.deep.equal(spec);
    expect(await scene.serving(ref)).to.include.members(before);
    await scene.until("it is seen", async () => (await scene.driver.inspect(ref)).drifted, 5);
    expect(await scene.driver.drift(old)).to.deep.equal(told);
  });

  it("a label and an annotation of the Deployment itself are no drift, and stay", async (scene) => {
    const ref = scene.ref();
    const label = (name: string, value: string) => ({ labels: [{ name, value }] });
    const old = await scene.deploy(scene.target(ref, scene.tiny("", label("tier", "one"))));
    await scene.kubectl("label", scene.named(ref), "team=shop");
    await scene.kubectl("annotate", scene.named(ref), "on-call=joe");
    expect(await scene.driver.inspect(ref)).to.include({ drifted: false });
    expect(await scene.driver.drift(old)).to.deep.equal([]);
    const next = scene.target(ref, scene.tiny("", label("kind", "two")));
    expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    const { labels, annotations } = (await scene.deployment(ref)).metadata;
    expect(labels).to.include({ team: "shop", kind: "two" }).and.not.to.have.property("tier");
    expect(annotations).to.include({ "on-call": "joe" });
  });

  it("a rollback is drift, told against what was deployed, until the next rebuild puts it right", async (scene) => {
    const ref = scene.ref();
    const app = (VERSION: string) => scene.target(ref, scene.tiny("", { env: { VERSION } }));
    const first = await scene.deploy(app("1"));
    const second = app("2");
    expect(await scene.replace(first, second)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(await scene.driver.drift(second)).to.deep.equal([]);
    await scene.kubectl("rollout", "undo", scene.named(ref));
    const { operationId } = first.stamp;
    await scene.until(
      "it is seen",
      async () => (await scene.driver.inspect(ref)).operationId === operationId,
    );
    const told = await scene.driver.drift(second);
    expect(told).to.deep.include(change(env("VERSION", "value"), "2", "1"));
    expect(JSON.stringify(told.map(({ path }) => path))).not.to.match(
      /terminationMessage|dnsPolicy|strategy/,
    );
    await expectPutRight(scene, second);
  });

  const service = (...path: string[]) => ["service", ...path];
  const id = "rebake/service-id";
  const services: { name: string; args: (id: string) => string[]; says: (id: string) => FieldChange[] }[] = [
    {
      name: "a Service that is deleted",
      args: () => ["delete", "service/orders"],
      says: () => [change(service("metadata", "name"), "orders", null)],
    },
    {
      name: "a Service whose selector is edited",
      args: () => ["set", "selector", "service/orders", "app=theirs"],
      says: (own) => [
        change(service("spec", "selector", "app"), null, "theirs"),
        change(service("spec", "selector", id), own, null),
      ],
    },
    {
      name: "a Service whose port is edited",
      args: () => ["patch", "service/orders", "--type=json", "--patch", portPatch("/spec/ports/0/port", 80)],
      says: () => [
        change(service("spec", "ports", "3000/TCP", "name"), "http", null),
        change(service("spec", "ports", "3000/TCP", "targetPort"), "3000", null),
        change(service("spec", "ports", "80/TCP", "name"), null, "http"),
        change(service("spec", "ports", "80/TCP", "targetPort"), null, "3000"),
      ],
    },
  ];
  const portPatch = (path: string, value: number) => JSON.stringify([{ op: "replace", path, value }]);

  for (const { name, args, says } of services) {
    it(`${name} is drift, until the next rebuild puts it right`, async (scene) => {
      const driver = scene.successor();
      scene.driver = driver;
      const ref = scene.ref();
      const heard: string[] = [];
      const old = await scene.deploy(scene.target(ref, scene.tiny()));
      expect(await driver.inspect(ref)).to.include({ drifted: false });
      driver.onChange(({ serviceId }) => heard.push(serviceId));
      await scene.kubectl(...args(ref.serviceId));
      await scene.until("it is told", () => heard.includes(ref.serviceId), 10);
      await scene.until("it is seen", async () => (await driver.inspect(ref)).drifted, 10);
      expect(await driver.drift(old)).to.deep.equal(says(ref.serviceId));
      await expectPutRight(scene, old);
      const [found] = await scene.list<KubeService>("Service");
      expect(found!.spec.selector).to.deep.equal({ [id]: ref.serviceId });
      expect(found!.spec.ports!.map(({ name: called, port }) => [called, port])).to.deep.equal([
        ["http", 3000],
      ]);
    });
  }

  it("what the cluster makes of a Service is no drift, nor is a port by its name", async (scene) => {
    const ref = scene.ref();
    const published = randomInt(30_100, 32_768);
    const listening = (target: number) => scene.tiny("", { ports: [{ name: "http", target, published }] });
    const first = await scene.deploy(scene.target(ref, listening(3000)));
    expect(await scene.driver.drift(first)).to.deep.equal([]);
    expect(await scene.driver.inspect(ref)).to.include({ drifted: false });
    const second = scene.target(ref, listening(4000));
    expect(await scene.replace(first, second)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    const [found] = await scene.list<KubeService>("Service");
    expect(found!.spec.ports![0]).to.include({ targetPort: "http", nodePort: published });
    await scene.expectStands(second);
    expect(await scene.driver.drift(second)).to.deep.equal([]);
    const { cause } = await scene.replace(second, scene.target(ref, scene.tiny("crash")));
    expect(cause, cause?.message).to.have.property("code", "APP_EXITED");
    await scene.expectStands(second);
    expect(await scene.driver.drift(second)).to.deep.equal([]);
  });

  it("a removal is drift", async (scene) => {
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    await scene.kubectl("delete", "--wait=false", scene.named(ref));
    await scene.until("it is seen", async () => (await scene.driver.inspect(ref)).state === "STOPPED", 5);
    expect(await scene.driver.drift(old)).to.deep.equal([change(["service"], "deployed", null)]);
  });
});

onKubernetes("a service whose replicas an autoscaler decides", (it) => {
  it("keeps the autoscaler's number through a rebuild and an undoing, and is not scaled by others", async (scene) => {
    const ref = scene.ref();
    const first = await scene.deploy(scene.target(ref, scene.tiny()));
    await scene.kubectl("autoscale", scene.named(ref), "--min=1", "--max=3");
    await scene.kubectl("scale", scene.named(ref), "--replicas=2");
    const second = scene.target(ref, scene.tiny());
    expect(await scene.replace(first, second)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect((await scene.deployment(ref)).spec.replicas).to.equal(2);
    expect(await scene.serving(ref)).to.have.length(2);
    await scene.kubectl("scale", scene.named(ref), "--replicas=1");
    await scene.until("one is left", async () => (await scene.serving(ref)).length === 1);
    expect(await scene.driver.drift(second)).to.deep.equal([]);
    expect(await scene.driver.inspect(ref)).to.include({ state: "RUNNING", drifted: false });
    let scaled = false;
    const report = new Recorder(async ({ step, state }) => {
      if (step === "READY" && state === "RUNNING" && !scaled) {
        scaled = true;
        await scene.kubectl("scale", scene.named(ref), "--replicas=2");
      }
    });
    const { cause } = await scene.replace(second, scene.target(ref, scene.tiny("crash")), report);
    expect(cause, cause?.message).to.have.property("code", "APP_EXITED");
    expect((await scene.deployment(ref)).spec.replicas).to.equal(2);
    await scene.expectStands(second);
    const outcome = await scene.driver.scale({ ...second, replicas: 3 }, 1, new Recorder());
    expect(outcome.verdict).to.equal("FAILED");
    expect(outcome.cause).to.include({ code: "ENGINE_REFUSED" });
    expect(outcome.cause!.message).to.match(/HorizontalPodAutoscaler decides how many replicas orders has/);
    expect((await scene.deployment(ref)).spec.replicas).to.equal(2);
  });
});
