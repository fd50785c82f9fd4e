import { expect } from "chai";
import { operationOf } from "../../../src/drivers/swarm/tasks.js";
import type { Outcome, Target } from "../../../src/operations/driver.js";
import { Recorder } from "../bench.js";
import type { Scene } from "./scene.js";
import { onSwarm } from "./yard.js";

/** Has somebody do something to the service while it is rebuilt: as soon as the engine has begun with it. */
async function meanwhile(
  scene: Scene,
  hand: (old: Target, next: Target) => Promise<unknown>,
  replicas = 1,
): Promise<{ old: Target; next: Target; outcome: Outcome; report: Recorder }> {
  const ref = scene.ref();
  const old = await scene.deploy(scene.target(ref, scene.tiny(), { replicas }));
  // An engine tells the old one to go as soon as the new one is ready, which is not to be before the hand was there.
  const late = { env: { LATE: "5" }, rollout: { monitor: 10 } };
  const next = scene.target(ref, scene.tiny("", late), { replicas });
  let done = false;
  const report = new Recorder(async ({ step, state }) => {
    if (step === "READY" && state === "RUNNING" && !done) {
      done = true;
      await hand(old, next);
    }
  });
  return { old, next, outcome: await scene.replace(old, next, report), report };
}

function expectChanged({ verdict, cause }: Outcome, says: RegExp): void {
  expect(cause, cause?.message).to.have.property("code", "CHANGED_ON_ENGINE");
  expect(cause!.message).to.match(says);
  expect(verdict).to.equal("FAILED");
}

onSwarm("what is done by hand in the middle of a rebuild on Swarm", (it, yard) => {
  it("another variable stands, and is named", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) =>
      scene.updateByHand(ref, "--env-add", "BY_HAND=1"),
    );
    expectChanged(
      outcome,
      /Somebody changed the service .*\(Env\.BY_HAND\).*nothing of that was written over/,
    );
    const { Spec } = await scene.service(next.ref);
    expect(Spec.TaskTemplate.ContainerSpec.Env).to.include("BY_HAND=1");
    expect(await scene.driver.inspect(next.ref)).to.include({ drifted: true });
    const changes = await scene.driver.drift(next);
    expect(changes).to.deep.equal([{ path: ["Env", "BY_HAND"], before: null, after: null, secret: true }]);
  });

  it("another image stands, and is named", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) =>
      scene.updateByHand(ref, "--image", yard.nginx),
    );
    expectChanged(outcome, /\(Image\)/);
    const { Spec } = await scene.service(next.ref);
    expect(Spec.TaskTemplate.ContainerSpec.Image).to.equal(yard.nginx);
  });

  it("another number of replicas stands, and is named", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) => scene.updateByHand(ref, "--replicas", "2"));
    expectChanged(outcome, /\(Replicas\)/);
    expect((await scene.service(next.ref)).Spec.Mode.Replicated?.Replicas).to.equal(2);
    expect(await scene.driver.drift(next)).to.deep.equal([
      { path: ["Replicas"], before: "1", after: "2", secret: false },
    ]);
  });

  it("another label alone stands, and is named", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) =>
      scene.updateByHand(ref, "--label-add", "team=shop"),
    );
    expectChanged(outcome, /\(Labels\.team\)/);
    expect((await scene.service(next.ref)).Spec.Labels).to.include({ team: "shop" });
  });

  it("a start by force is waited for: it changes nothing of what is to run", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) => scene.updateByHand(ref, "--force"), 2);
    expect(outcome).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    const { Spec, UpdateStatus } = await scene.service(next.ref);
    expect(Spec.TaskTemplate.ForceUpdate).to.equal(1);
    expect(UpdateStatus?.State).to.equal("completed");
    const living = await scene.living(next.ref);
    expect(living.map(({ Spec: task }) => task.ForceUpdate)).to.deep.equal([1, 1]);
    await scene.expectStands(next);
  });

  it("a rollback stands", async (scene) => {
    const { old, outcome } = await meanwhile(scene, ({ ref }) =>
      yard.docker("service", "rollback", "--detach", "--quiet", scene.named(ref)),
    );
    expectChanged(outcome, /Somebody changed the service/);
    await scene.expectStands(old);
    expect(await scene.driver.drift(old)).to.deep.equal([]);
  });

  it("a removal stands", async (scene) => {
    const { next, outcome } = await meanwhile(scene, ({ ref }) =>
      yard.docker("service", "rm", scene.named(ref)),
    );
    expectChanged(outcome, /Somebody removed the service/);
    expect(await yard.service(scene.named(next.ref))).to.equal(null);
    expect(await scene.driver.inspect(next.ref)).to.include({ state: "STOPPED", operationId: null });
    expect(await scene.driver.drift(next)).to.deep.equal([
      { path: ["service"], before: "deployed", after: null, secret: false },
    ]);
    // The next one finds nothing, and makes it anew.
    const again = scene.target(next.ref, next.spec);
    expect(await scene.replace(next, again)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
  });

  it("what is changed while a failure is looked into is not written over", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    proxy.before = async ({ path }) => {
      if (/^\/tasks\/.*\/logs$/.test(path)) {
        proxy.before = () => undefined;
        await scene.updateByHand(ref, "--env-add", "BY_HAND=1", "--env-rm", "MODE");
      }
      return undefined;
    };
    const outcome = await scene.replace(old, scene.target(ref, scene.tiny("crash")));
    expectChanged(outcome, /Env\.BY_HAND.*It was to be undone: Instance 1 ended with exit code 3/);
    expect(outcome.cause).to.deep.include({ exitCode: 3 });
    expect((await scene.service(ref)).Spec.TaskTemplate.ContainerSpec.Env).to.include("BY_HAND=1");
  });

  it("what is changed right before the engine is asked is not written over", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    proxy.before = async ({ path }) => {
      if (path.endsWith("/update")) {
        proxy.before = () => undefined;
        await scene.updateByHand(ref, "--env-add", "BY_HAND=1");
      }
      return undefined;
    };
    const outcome = await scene.replace(old, scene.target(ref, scene.tiny()));
    expectChanged(outcome, /Env\.BY_HAND/);
    const { Spec } = await scene.service(ref);
    expect(Spec.TaskTemplate.ContainerSpec.Env).to.include("BY_HAND=1");
    const made = (await scene.living(ref)).map(operationOf);
    expect(new Set(made)).to.deep.equal(new Set([old.stamp.operationId]));
  });

  it("what is changed during a scaling is not written over", async (scene) => {
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    let done = false;
    const report = new Recorder(async ({ step }) => {
      if (step === "READY" && !done) {
        done = true;
        await scene.updateByHand(ref, "--replicas", "2");
      }
    });
    const slow = { ...old, spec: { ...old.spec, rollout: { ...old.spec.rollout, monitor: 5 } } };
    expectChanged(await scene.driver.scale({ ...slow, replicas: 3 }, old.replicas, report), /\(Replicas\)/);
    expect((await scene.service(ref)).Spec.Mode.Replicated?.Replicas).to.equal(2);
  });
});
