import { expect } from "chai";
import { operationOf } from "../../../src/drivers/kubernetes/pods.js";
import { OperationFailure } from "../../../src/errors.js";
import type { EngineCall, EngineProxy } from "../../support/engine-proxy.js";
import { Recorder } from "../bench.js";
import { expectLost, losingAfter as losingAfterCalls, losingAt, taken } from "../losing.js";
import type { Scene } from "./scene.js";
import { onKubernetes } from "./yard.js";

/** What the cluster is asked to change of what runs a service. */
const isChange = ({ method, path }: EngineCall) =>
  (method === "POST" && path.endsWith("/deployments")) ||
  (method === "PATCH" && path.endsWith("/deployments/orders"));
const isRemoval = ({ method, path }: EngineCall) =>
  method === "DELETE" && path.endsWith("/deployments/orders");
const changesOf = (proxy: EngineProxy) => proxy.calls.filter(isChange).length;
const losingAfter = (proxy: EngineProxy, changes: number) => losingAfterCalls(proxy, changes, isChange);

/** A service, and a line on which changes are counted from now on. */
async function deployed(scene: Scene, replicas = 1) {
  const proxy = await scene.behind();
  const ref = scene.ref();
  const old = await scene.deploy(scene.target(ref, scene.tiny(), { replicas }));
  proxy.calls.length = 0;
  return { proxy, ref, old, before: await scene.serving(ref), spec: (await scene.deployment(ref)).spec };
}

onKubernetes("a server that takes a rebuild on Kubernetes over", (it) => {
  const points: { name: string; report: (proxy: EngineProxy) => Recorder }[] = [
    { name: "right after the cluster took it", report: (proxy) => losingAfter(proxy, 1) },
    {
      name: "while the cluster rolls",
      report: () => losingAt(({ step, done, of }) => step === "READY" && done > 0 && done < of),
    },
    {
      name: "when all are ready, and the old ones still end",
      report: () => losingAt(({ step, state }) => step === "CUT_OVER" && state === "DONE"),
    },
  ];
  for (const { name, report } of points) {
    it(`goes on ${name}: the cluster is asked to change it once`, async (scene) => {
      const { proxy, ref, old } = await deployed(scene, 2);
      const next = scene.target(ref, scene.tiny(), { replicas: 2 });
      await expectLost(scene.replace(old, next, report(proxy)));
      const again = new Recorder();
      const outcome = await scene.replace(old, taken(next), again, scene.successor());
      expect(outcome).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
      expect(changesOf(proxy)).to.equal(1);
      expect(again.summary()).to.include.members(["READY DONE", "CUT_OVER DONE"]);
      await scene.expectStands(next);
      expect(await scene.serving(ref)).to.have.length(2);
    });
  }

  it("goes on when only what goes into containers was made, and leaves nothing over", async (scene) => {
    const { proxy, ref, old } = await deployed(scene);
    const files = (text: string) => [{ path: "/etc/app.conf", content: [text], mode: "0644" }];
    const isPart = ({ method, path }: EngineCall) => method === "PATCH" && /\/configmaps\//.test(path);
    const next = scene.target(ref, scene.tiny("", { files: files("next") }));
    await expectLost(scene.replace(old, next, losingAfterCalls(proxy, 1, isPart)));
    expect(changesOf(proxy)).to.equal(0);
    const outcome = await scene.replace(old, taken(next), new Recorder(), scene.successor());
    expect(outcome).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(changesOf(proxy)).to.equal(1);
    await scene.expectStands(next);
    const parts = (await scene.remains()).filter((one) => one.startsWith("ConfigMap"));
    expect(parts).to.have.length(1);
  });

  it("finds a first deploy, and asks for nothing again", async (scene) => {
    const proxy = await scene.behind();
    const next = scene.target(scene.ref(), scene.tiny());
    await expectLost(scene.replace(null, next, losingAfter(proxy, 1)));
    expect(await scene.replace(null, taken(next), new Recorder(), scene.successor())).to.deep.equal({
      verdict: "SUCCEEDED",
      cause: null,
    });
    expect(changesOf(proxy)).to.equal(1);
  });

  it("leaves nothing of a first deploy that fails", async (scene) => {
    const proxy = await scene.behind();
    const next = scene.target(scene.ref(), scene.tiny("crash"));
    await expectLost(scene.replace(null, next, losingAfter(proxy, 1)));
    const outcome = await scene.replace(null, taken(next), new Recorder(), scene.successor());
    expect(outcome.cause).to.include({ code: "APP_EXITED" });
    expect(outcome.verdict).to.equal("FAILED");
    expect(await scene.remains()).to.deep.equal([]);
  });

  it("undoes what fails, though it has not seen what was there before", async (scene) => {
    const { proxy, ref, old, before, spec } = await deployed(scene);
    const next = scene.target(ref, scene.tiny("crash", { rollout: { monitor: 3 } }));
    await expectLost(scene.replace(old, next, losingAfter(proxy, 1)));
    const outcome = await scene.replace(old, taken(next), new Recorder(), scene.successor());
    expect(outcome.cause).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(outcome.verdict).to.equal("FAILED");
    expect((await scene.deployment(ref)).spec).to.deep.equal(spec);
    expect(await scene.serving(ref)).to.deep.equal(before);
    expect(changesOf(proxy)).to.equal(2);
    await scene.expectStands(old);
    expect(await scene.driver.drift(old)).to.deep.equal([]);
  });

  it("undoes it to what somebody had made of it by hand, which goes on being drift", async (scene) => {
    const { proxy, ref, old } = await deployed(scene);
    await scene.kubectl("set", "env", scene.named(ref), "BY_HAND=1");
    await scene.kubectl("rollout", "status", scene.named(ref));
    await scene.until("the old one is gone", async () => (await scene.living(ref)).length === 1);
    const [before, { spec }] = [await scene.serving(ref), await scene.deployment(ref)];
    const next = scene.target(ref, scene.tiny("crash"));
    await expectLost(scene.replace(old, next, losingAfter(proxy, 1)));
    const outcome = await scene.replace(old, taken(next), new Recorder(), scene.successor());
    expect(outcome.cause).to.include({ code: "APP_EXITED" });
    expect((await scene.deployment(ref)).spec).to.deep.equal(spec);
    expect(await scene.serving(ref)).to.deep.equal(before);
    await scene.until("it is seen", async () => (await scene.driver.inspect(ref)).drifted, 5);
    expect(await scene.driver.drift(old)).to.have.length(1);
  });

  it("brings an undoing that was cut off to its end, and does not try again", async (scene) => {
    const { proxy, ref, old, before } = await deployed(scene);
    const next = scene.target(ref, scene.tiny("crash"));
    const first = losingAfter(proxy, 2);
    await expectLost(scene.replace(old, next, first));
    const again = new Recorder();
    again.undoing = first.undoing;
    const { verdict, cause } = await scene.replace(old, taken(next), again, scene.successor());
    expect(cause, cause?.message).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(verdict).to.equal("FAILED");
    expect(again.steps).to.deep.equal([first.undoing!.step]);
    expect(changesOf(proxy)).to.equal(2);
    expect(await scene.serving(ref)).to.deep.equal(before);
    await scene.expectStands(old);
  });

  it("does not push again over somebody's rollback meanwhile", async (scene) => {
    const { proxy, ref, old, before } = await deployed(scene);
    const next = scene.target(ref, scene.tiny("", { rollout: { monitor: 20 } }));
    await expectLost(scene.replace(old, next, losingAfter(proxy, 1)));
    await scene.kubectl("rollout", "undo", scene.named(ref));
    const { verdict, cause } = await scene.replace(old, taken(next), new Recorder(), scene.successor());
    expect(cause, cause?.message).to.have.property("code", "CHANGED_ON_ENGINE");
    expect(verdict).to.equal("FAILED");
    expect(changesOf(proxy)).to.equal(1);
    await scene.until("the new one is gone", async () => (await scene.living(ref)).length === 1);
    expect(await scene.serving(ref)).to.deep.equal(before);
    expect(operationOf((await scene.living(ref))[0]!)).to.equal(old.stamp.operationId);
  });

  it("does not take somebody's change meanwhile for its own", async (scene) => {
    const { proxy, ref, old } = await deployed(scene);
    const next = scene.target(ref, scene.tiny("", { rollout: { monitor: 5 } }));
    await expectLost(scene.replace(old, next, losingAfter(proxy, 1)));
    await scene.kubectl("set", "env", scene.named(ref), "BY_HAND=1");
    const { verdict, cause } = await scene.replace(old, taken(next), new Recorder(), scene.successor());
    expect(cause, cause?.message).to.have.property("code", "CHANGED_ON_ENGINE");
    expect(cause!.message).to.include("env.BY_HAND");
    expect(verdict).to.equal("FAILED");
    const [app] = (await scene.deployment(ref)).spec.template.spec.containers;
    expect(app!.env).to.deep.include({ name: "BY_HAND", value: "1" });
  });

  it("goes on with a cancelling, and waits until nothing of the new one is left", async (scene) => {
    const { proxy, ref, old, before } = await deployed(scene);
    const next = scene.target(ref, scene.tiny("silent"));
    await expectLost(scene.replace(old, next, losingAfter(proxy, 1)));
    const report = new Recorder();
    report.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
    const { verdict, cause } = await scene.replace(old, taken(next), report, scene.successor());
    expect(verdict).to.equal("CANCELLED");
    expect(cause).to.have.property("code", "CANCELLED_BY_USER");
    expect(await scene.serving(ref)).to.deep.equal(before);
    await scene.expectStands(old);
    expect(changesOf(proxy)).to.equal(2);
  });

  for (const [from, to] of [
    [1, 2],
    [2, 1],
  ] as const) {
    it(`goes on with a scaling from ${from} to ${to}: the cluster is asked to change it once`, async (scene) => {
      const { proxy, ref, old, before } = await deployed(scene, from);
      await expectLost(scene.driver.scale({ ...old, replicas: to }, from, losingAfter(proxy, 1)));
      const outcome = await scene.successor().scale({ ...taken(old), replicas: to }, from, new Recorder());
      expect(outcome).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
      expect(changesOf(proxy)).to.equal(1);
      const serving = await scene.serving(ref);
      expect(serving).to.have.length(to);
      expect(serving.filter((uid) => before.includes(uid))).to.have.length(Math.min(from, to));
    });
  }

  it("goes on with a scaling that cannot be done, and leaves the old number", async (scene) => {
    const { proxy, ref, old, before } = await deployed(scene);
    await scene.kubectl("create", "quota", "few", "--hard=pods=1");
    await expectLost(scene.driver.scale({ ...old, replicas: 2 }, 1, losingAfter(proxy, 1)));
    const { verdict, cause } = await scene
      .successor()
      .scale({ ...taken(old), replicas: 2 }, 1, new Recorder());
    expect(cause, cause?.message).to.have.property("code", "ENGINE_REFUSED");
    expect(cause!.message).to.include("exceeded quota: few");
    expect(verdict).to.equal("FAILED");
    expect((await scene.deployment(ref)).spec.replicas).to.equal(1);
    expect(await scene.serving(ref)).to.deep.equal(before);
    expect(await scene.driver.drift(old)).to.deep.equal([]);
  });

  it("goes on with a removal", async (scene) => {
    const { proxy, ref } = await deployed(scene);
    await expectLost(scene.driver.remove(ref, losingAfterCalls(proxy, 1, isRemoval)));
    const outcome = await scene.successor().remove(ref, new Recorder());
    expect(outcome).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(await scene.living(ref)).to.deep.equal([]);
    expect(await scene.remains()).to.deep.equal([]);
  });
});
