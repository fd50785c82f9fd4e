import { expect } from "chai";
import type { KubeService } from "../../../src/drivers/kubernetes/api-types.js";
import { operationOf } from "../../../src/drivers/kubernetes/pods.js";
import type { Outcome, Target } from "../../../src/operations/driver.js";
import { Recorder } from "../bench.js";
import type { Scene } from "./scene.js";
import { nginxImage, onKubernetes } from "./yard.js";

/** Has somebody do something to the service while it is rebuilt: as soon as a new pod has begun. */
async function meanwhile(
  scene: Scene,
  hand: (old: Target, next: Target) => Promise<unknown>,
  monitor = 30,
): Promise<{ old: Target; next: Target; outcome: Outcome; before: string[] }> {
  const ref = scene.ref();
  const old = await scene.deploy(scene.target(ref, scene.tiny("", { env: { VERSION: "1" } })));
  const before = await scene.serving(ref);
  const next = scene.target(ref, scene.tiny("", { env: { VERSION: "2" }, rollout: { monitor } }));
  let done = false;
  const report = new Recorder(async ({ step, state }) => {
    if (step === "READY" && state === "RUNNING" && !done) {
      done = true;
      await hand(old, next);
    }
  });
  return { old, next, outcome: await scene.replace(old, next, report), before };
}

function expectChanged({ verdict, cause }: Outcome, says: RegExp): void {
  expect(cause, cause?.message).to.have.property("code", "CHANGED_ON_ENGINE");
  expect(cause!.message).to.match(says);
  expect(verdict).to.equal("FAILED");
}

const containerOf = async (scene: Scene, { ref }: Target) =>
  (await scene.deployment(ref)).spec.template.spec.containers[0]!;

onKubernetes("what is done by hand in the middle of a rebuild on Kubernetes", (it) => {
  it("another variable stands, and is named", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) =>
      scene.kubectl("set", "env", scene.named(ref), "BY_HAND=1"),
    );
    expectChanged(
      outcome,
      /Somebody changed the service .*\(containers\.app\.env\.BY_HAND\.value\).*nothing of that was written over/,
    );
    expect((await containerOf(scene, next)).env).to.deep.include({ name: "BY_HAND", value: "1" });
    expect(await scene.driver.inspect(next.ref)).to.include({ drifted: true });
    expect(await scene.driver.drift(next)).to.deep.equal([
      { path: ["containers", "app", "env", "BY_HAND", "value"], before: null, after: null, secret: true },
    ]);
  });

  it("another image stands, and is named", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) =>
      scene.kubectl("set", "image", scene.named(ref), `app=${nginxImage}`),
    );
    expectChanged(outcome, /\(containers\.app\.image\)/);
    expect((await containerOf(scene, next)).image).to.equal(nginxImage);
  });

  it("an edit of something that the recipe does not speak of stands, and is named", async (scene) => {
    const dns = { spec: { template: { spec: { hostname: "by-hand" } } } };
    const { next, outcome } = await meanwhile(scene, ({ ref }) =>
      scene.kubectl("patch", scene.named(ref), "--patch", JSON.stringify(dns)),
    );
    expectChanged(outcome, /\(hostname\)/);
    expect((await scene.deployment(next.ref)).spec.template.spec).to.include({ hostname: "by-hand" });
  });

  it("another number of replicas stands, and is named", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) =>
      scene.kubectl("scale", scene.named(ref), "--replicas=2"),
    );
    expectChanged(outcome, /\(replicas\)/);
    expect((await scene.deployment(next.ref)).spec.replicas).to.equal(2);
    expect(await scene.driver.drift(next)).to.deep.equal([
      { path: ["replicas"], before: "1", after: "2", secret: false },
    ]);
  });

  it("a rollback stands", async (scene) => {
    const { old, outcome, before } = await meanwhile(scene, ({ ref }) =>
      scene.kubectl("rollout", "undo", scene.named(ref)),
    );
    expectChanged(outcome, /Somebody changed the service .*\(.*containers\.app\.env\.VERSION\.value/);
    await scene.until("the new one is gone", async () => (await scene.living(old.ref)).length === 1);
    expect(await scene.serving(old.ref)).to.deep.equal(before);
    const [made] = await scene.living(old.ref);
    expect(operationOf(made!)).to.equal(old.stamp.operationId);
  });

  it("a pause stands, and is named", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) =>
      scene.kubectl("rollout", "pause", scene.named(ref)),
    );
    expectChanged(outcome, /\(paused\)/);
    expect((await scene.deployment(next.ref)).spec.paused).to.equal(true);
  });

  it("a restart stands, and is named", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) =>
      scene.kubectl("rollout", "restart", scene.named(ref)),
    );
    expectChanged(outcome, /restartedAt/);
    const { annotations } = (await scene.deployment(next.ref)).spec.template.metadata!;
    expect(annotations).to.have.property("kubectl.kubernetes.io/restartedAt");
  });

  it("a removal stands", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) =>
      scene.kubectl("delete", "--wait=false", scene.named(ref)),
    );
    expectChanged(outcome, /Somebody removed the service/);
    expect(await scene.list("Deployment")).to.deep.equal([]);
    expect(await scene.driver.inspect(next.ref)).to.include({ state: "STOPPED", operationId: null });
    expect(await scene.driver.drift(next)).to.deep.equal([
      { path: ["service"], before: "deployed", after: null, secret: false },
    ]);
    // The next one finds nothing, and makes it anew.
    const again = scene.target(next.ref, next.spec);
    expect(await scene.replace(next, again)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
  });

  it("a Service that is deleted is named, stays so, and is made again by the next rebuild", async (scene) => {
    const { old, next, outcome } = await meanwhile(scene, () => scene.kubectl("delete", "service/orders"));
    expectChanged(outcome, /Somebody removed the Service orders .*rebuild it/);
    await scene.until("the new one is gone", async () => (await scene.living(old.ref)).length === 1);
    expect(await scene.list("Service")).to.deep.equal([]);
    expect(await scene.driver.inspect(old.ref)).to.include({
      drifted: true,
      operationId: old.stamp.operationId,
    });
    expect(await scene.driver.drift(old)).to.deep.equal([
      { path: ["service", "metadata", "name"], before: "orders", after: null, secret: false },
    ]);
    const again = scene.target(next.ref, next.spec);
    expect(await scene.replace(old, again)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    await scene.expectStands(again);
  });

  it("a Service whose selector is edited is named, and stands", async (scene) => {
    const edit = JSON.stringify({ spec: { selector: { app: "theirs" } } });
    const { old, outcome } = await meanwhile(scene, () =>
      scene.kubectl("patch", "service/orders", "--patch", edit),
    );
    expectChanged(
      outcome,
      /Somebody changed the service .*\(service\.spec\.selector\.app\).*nothing of that/,
    );
    await scene.until("the new one is gone", async () => (await scene.living(old.ref)).length === 1);
    const [service] = await scene.list<KubeService>("Service");
    expect(service!.spec.selector).to.include({ app: "theirs" });
    expect(await scene.driver.drift(old)).to.deep.equal([
      { path: ["service", "spec", "selector", "app"], before: null, after: "theirs", secret: false },
    ]);
  });

  it("a Service that is edited stands also where the old one listens elsewhere", async (scene) => {
    const ref = scene.ref();
    const ports = (target: number) => ({ ports: [{ name: "http", target }] });
    const old = await scene.deploy(scene.target(ref, scene.tiny("", ports(3000))));
    const edit = JSON.stringify({ spec: { selector: { app: "theirs" } } });
    let done = false;
    const report = new Recorder(async ({ step, state }) => {
      if (step === "READY" && state === "RUNNING" && !done) {
        done = true;
        await scene.kubectl("patch", "service/orders", "--patch", edit);
      }
    });
    const next = scene.target(ref, scene.tiny("", { ...ports(4000), rollout: { monitor: 30 } }));
    expectChanged(await scene.replace(old, next, report), /\(service\.spec\.selector\.app\)/);
    const [service] = await scene.list<KubeService>("Service");
    expect(service!.spec.selector).to.include({ app: "theirs" });
    const paths = (await scene.driver.drift(old)).map(({ path }) => path.join("."));
    expect(paths).to.include("service.spec.selector.app").and.to.include("service.spec.ports.4000/TCP.name");
  });

  it("a new pod that is deleted is made again, and waited for", async (scene) => {
    const { next, outcome } = await meanwhile(
      scene,
      async ({ ref }, { stamp }) => {
        const pod = (await scene.living(ref)).find((one) => operationOf(one) === stamp.operationId);
        await scene.kubectl("delete", "--wait=false", `pod/${pod!.metadata.name}`);
      },
      5,
    );
    expect(outcome).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    await scene.expectStands(next);
  });

  it("what is changed while a failure is looked into is not written over", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    proxy.before = async ({ url }) => {
      if (/\/log\?.*tailLines=1000/.test(url)) {
        proxy.before = () => undefined;
        await scene.kubectl("set", "env", scene.named(ref), "BY_HAND=1", "MODE-");
      }
      return undefined;
    };
    const outcome = await scene.replace(old, scene.target(ref, scene.tiny("crash")));
    expectChanged(outcome, /env\.BY_HAND.*It was to be undone: Instance 1 ended with exit code 3/);
    expect(outcome.cause).to.deep.include({ exitCode: 3 });
    expect((await containerOf(scene, old)).env).to.deep.include({ name: "BY_HAND", value: "1" });
  });

  it("what is changed right before the cluster is asked is not written over", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    proxy.before = async ({ method, path }) => {
      if (method === "PATCH" && path.endsWith("/deployments/orders")) {
        proxy.before = () => undefined;
        await scene.kubectl("set", "env", scene.named(ref), "BY_HAND=1");
      }
      return undefined;
    };
    const outcome = await scene.replace(old, scene.target(ref, scene.tiny()));
    expectChanged(outcome, /env\.BY_HAND/);
    expect((await containerOf(scene, old)).env).to.deep.include({ name: "BY_HAND", value: "1" });
    const made = (await scene.living(ref)).map(operationOf);
    expect(new Set(made)).to.deep.equal(new Set([old.stamp.operationId]));
  });

  it("what is changed during a scaling is not written over", async (scene) => {
    const ref = scene.ref();
    // Until all were watched for as long it is not over, however late `kubectl` is.
    const old = await scene.deploy(scene.target(ref, scene.tiny("", { rollout: { monitor: 20 } })));
    let done = false;
    const report = new Recorder(async ({ step }) => {
      if (step === "READY" && !done) {
        done = true;
        await scene.kubectl("scale", scene.named(ref), "--replicas=2");
      }
    });
    expectChanged(await scene.driver.scale({ ...old, replicas: 3 }, 1, report), /\(replicas\)/);
    expect((await scene.deployment(ref)).spec.replicas).to.equal(2);
  });

  it("a pause from before does not keep the old one from standing again, and is put back then", async (scene) => {
    const ref = scene.ref();
    const stopFirst = { rollout: { order: "STOP_FIRST" as const } };
    const old = await scene.deploy(scene.target(ref, scene.tiny("", stopFirst)));
    await scene.kubectl("rollout", "pause", scene.named(ref));
    const { verdict, cause } = await scene.replace(old, scene.target(ref, scene.tiny("crash", stopFirst)));
    expect(cause, cause?.message).to.have.property("code", "APP_EXITED");
    expect([verdict, cause!.message.includes("put back")]).to.deep.equal(["ROLLED_BACK", false]);
    expect(await scene.serving(ref)).to.have.length(1);
    expect((await scene.deployment(ref)).spec.paused).to.equal(true);
    await scene.until("it is drift as before", async () => (await scene.driver.inspect(ref)).drifted);
    expect(await scene.driver.drift(old)).to.deep.equal([
      { path: ["paused"], before: null, after: "true", secret: false },
    ]);
  });

  it("a label and an annotation of the Deployment itself are nobody's concern, and stay when it is undone", async (scene) => {
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    const report = new Recorder(async ({ step, state }) => {
      if (step === "READY" && state === "RUNNING") {
        await scene.kubectl("label", "--overwrite", scene.named(ref), "team=shop");
        await scene.kubectl("annotate", "--overwrite", scene.named(ref), "on-call=joe");
      }
    });
    const { verdict, cause } = await scene.replace(old, scene.target(ref, scene.tiny("crash")), report);
    expect(cause, cause?.message).to.have.property("code", "APP_EXITED");
    expect(verdict).to.equal("FAILED");
    const { metadata } = await scene.deployment(ref);
    expect(metadata.labels).to.include({ team: "shop" });
    expect(metadata.annotations).to.include({ "on-call": "joe" });
    await scene.expectStands(old);
  });
});
