import { expect } from "chai";
import { labels } from "../../../src/drivers/swarm/names.js";
import { OperationFailure } from "../../../src/errors.js";
import type { EngineCall, EngineProxy } from "../../support/engine-proxy.js";
import { Recorder } from "../bench.js";
import { expectLost, losingAfter as losingAfterCalls, losingAt, taken } from "../losing.js";
import type { Scene } from "./scene.js";
import { onSwarm } from "./yard.js";

/** What the engine is asked to change of services. */
const isChange = ({ method, path }: EngineCall) =>
  method === "POST" && /\/services\/(create|[^/]+\/update)$/.test(path);
const changesOf = (proxy: EngineProxy) => proxy.calls.filter(isChange).length;
const losingAfter = (proxy: EngineProxy, changes: number) => losingAfterCalls(proxy, changes, isChange);

/** A service, and a line on which changes are counted from now on. */
async function deployed(scene: Scene, replicas = 1) {
  const proxy = await scene.behind();
  const ref = scene.ref();
  const old = await scene.deploy(scene.target(ref, scene.tiny(), { replicas }));
  proxy.calls.length = 0;
  return { proxy, ref, old };
}

onSwarm("a server that takes a rebuild on Swarm over", (it, yard) => {
  const points: { name: string; report: (proxy: EngineProxy) => Recorder }[] = [
    { name: "right after the engine took it", report: (proxy) => losingAfter(proxy, 1) },
    {
      name: "while the engine rolls",
      report: () => losingAt(({ step, done, of }) => step === "READY" && done > 0 && done < of),
    },
    {
      name: "when all are ready, and the old ones still end",
      report: () => losingAt(({ step, state }) => step === "CUT_OVER" && state === "DONE"),
    },
  ];
  for (const { name, report } of points) {
    it(`goes on ${name}: the engine is asked to change it once`, async (scene) => {
      const { proxy, ref, old } = await deployed(scene, 2);
      const next = scene.target(ref, scene.tiny(), { replicas: 2 });
      await expectLost(scene.replace(old, next, report(proxy)));
      const driver = scene.successor();
      const again = new Recorder();
      const outcome = await scene.replace(old, taken(next), again, driver);
      expect(outcome).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
      expect(changesOf(proxy)).to.equal(1);
      expect(again.summary()).to.include.members(["READY DONE", "CUT_OVER DONE"]);
      const { PreviousSpec } = await scene.service(ref);
      expect(PreviousSpec!.Labels![labels.operation]).to.equal(old.stamp.operationId);
      await scene.expectStands(next);
      expect(await scene.serving(ref)).to.have.length(2);
    });
  }

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
    const next = scene.target(scene.ref(), scene.tiny("crash", { networks: ["back"] }));
    await expectLost(scene.replace(null, next, losingAfter(proxy, 1)));
    const outcome = await scene.replace(null, taken(next), new Recorder(), scene.successor());
    expect(outcome.cause).to.include({ code: "APP_EXITED" });
    expect(outcome.verdict).to.equal("FAILED");
    expect(await yard.remains(scene.environmentId)).to.deep.equal([]);
  });

  it("undoes what fails, though it has not seen what was there before", async (scene) => {
    const { proxy, ref, old } = await deployed(scene);
    const [before, { Spec }] = [await scene.serving(ref), await scene.service(ref)];
    const next = scene.target(ref, scene.tiny("crash"));
    await expectLost(scene.replace(old, next, losingAfter(proxy, 1)));
    const outcome = await scene.replace(old, taken(next), new Recorder(), scene.successor());
    expect(outcome.cause).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(outcome.verdict).to.equal("FAILED");
    expect((await scene.service(ref)).Spec).to.deep.equal(Spec);
    expect(await scene.serving(ref)).to.deep.equal(before);
    expect(changesOf(proxy)).to.equal(2);
  });

  it("undoes it also when somebody made the engine forget what was there before", async (scene) => {
    const { proxy, ref, old } = await deployed(scene);
    const before = await scene.serving(ref);
    const next = scene.target(ref, scene.tiny("crash"));
    await expectLost(scene.replace(old, next, losingAfter(proxy, 1)));
    await scene.updateByHand(ref);
    const { PreviousSpec } = await scene.service(ref);
    expect(PreviousSpec!.Labels![labels.operation]).to.equal(next.stamp.operationId);
    const outcome = await scene.replace(old, taken(next), new Recorder(), scene.successor());
    expect(outcome.cause).to.include({ code: "APP_EXITED" });
    expect(await scene.serving(ref)).to.deep.equal(before);
    await scene.expectStands(old);
    expect(await scene.driver.drift(old)).to.deep.equal([]);
  });

  it("brings an undoing that was cut off to its end, and does not try again", async (scene) => {
    const { proxy, ref, old } = await deployed(scene);
    const before = await scene.serving(ref);
    const next = scene.target(ref, scene.tiny("crash"));
    const first = losingAfter(proxy, 2);
    await expectLost(scene.replace(old, next, first));
    const again = new Recorder();
    again.undoing = first.undoing;
    const outcome = await scene.replace(old, taken(next), again, scene.successor());
    expect(outcome.cause, outcome.cause?.message).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(outcome.cause!.lastLines).to.include("boom: no database");
    expect(outcome.verdict).to.equal("FAILED");
    expect(again.steps).to.deep.equal([first.undoing!.step]);
    expect(changesOf(proxy)).to.equal(2);
    expect(await scene.serving(ref)).to.deep.equal(before);
    await scene.expectStands(old);
  });

  it("does not push again over somebody's rollback meanwhile", async (scene) => {
    const { proxy, ref, old } = await deployed(scene);
    const next = scene.target(ref, scene.tiny("", { rollout: { monitor: 5 } }));
    await expectLost(scene.replace(old, next, losingAfter(proxy, 1)));
    await yard.docker("service", "rollback", "--detach", "--quiet", scene.named(ref));
    const { verdict, cause } = await scene.replace(old, taken(next), new Recorder(), scene.successor());
    expect(cause, cause?.message).to.have.property("code", "CHANGED_ON_ENGINE");
    expect(cause!.message).to.include("was put back");
    expect(verdict).to.equal("FAILED");
    expect(changesOf(proxy)).to.equal(1);
    await scene.expectStands(old);
  });

  it("does not take somebody's change meanwhile for its own", async (scene) => {
    const { proxy, ref, old } = await deployed(scene);
    const next = scene.target(ref, scene.tiny("", { rollout: { monitor: 5 } }));
    await expectLost(scene.replace(old, next, losingAfter(proxy, 1)));
    await scene.updateByHand(ref, "--env-add", "BY_HAND=1");
    const { verdict, cause } = await scene.replace(old, taken(next), new Recorder(), scene.successor());
    expect(cause, cause?.message).to.have.property("code", "CHANGED_ON_ENGINE");
    expect(cause!.message).to.include("Env.BY_HAND");
    expect(verdict).to.equal("FAILED");
    expect((await scene.service(ref)).Spec.TaskTemplate.ContainerSpec.Env).to.include("BY_HAND=1");
  });

  it("goes on with a cancelling, and waits until nothing of the new one is left", async (scene) => {
    const { proxy, ref, old } = await deployed(scene);
    const before = await scene.serving(ref);
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

  it("goes on with a scaling: the engine is asked to change it once", async (scene) => {
    const { proxy, ref, old } = await deployed(scene);
    const before = await scene.serving(ref);
    await expectLost(scene.driver.scale({ ...old, replicas: 2 }, 1, losingAfter(proxy, 1)));
    const outcome = await scene.successor().scale({ ...taken(old), replicas: 2 }, 1, new Recorder());
    expect(outcome).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(changesOf(proxy)).to.equal(1);
    expect(await scene.serving(ref))
      .to.have.length(2)
      .and.to.include(before[0]);
  });
});
