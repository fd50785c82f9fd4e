import { expect } from "chai";
import type { ServiceSpec } from "../../../src/drivers/swarm/engine-types.js";
import { labels } from "../../../src/drivers/swarm/names.js";
import type { ServiceRef } from "../../../src/operations/driver.js";
import { tells } from "../telling.js";
import { tinyCommand } from "../tiny-app.js";
import type { Scene } from "./scene.js";
import { onSwarm } from "./yard.js";

let count = 0;

/** A service that somebody made with what the engine needs and no more, and Rebake takes over. */
async function adopt(
  scene: Scene,
  replicas = 1,
): Promise<{ ref: ServiceRef; spec: ServiceSpec; tasks: string[] }> {
  const { yard } = scene;
  const name = `foreign-${process.pid}-${++count}`;
  const made: object = {
    Name: name,
    TaskTemplate: { ContainerSpec: { Image: yard.image, Command: tinyCommand, Env: ["REBAKE_PORT=3000"] } },
    Mode: { Replicated: { Replicas: replicas } },
  };
  await yard.engine.createService(made as ServiceSpec, null);
  const ref = scene.ref({ adopted: name });
  await scene.until("it runs", async () => (await scene.serving(ref)).length === replicas);
  return { ref, spec: (await scene.service(ref)).Spec, tasks: await scene.serving(ref) };
}

onSwarm("a service of somebody else's on Swarm", (it, yard) => {
  it("is listed, and goes on as it was when it is adopted", async (scene) => {
    const { ref, spec, tasks } = await adopt(scene, 2);
    const found = (await scene.driver.foreign(ref.environmentId)).find(({ name }) => name === ref.adopted);
    expect(found).to.include({ mode: "REPLICATED", replicas: 2, running: 2, installation: null });
    const observed = await scene.driver.inspect(ref);
    expect(observed).to.include({ state: "RUNNING", fingerprint: null, operationId: null, drifted: false });
    expect(observed.tasks.map(({ id }) => id)).to.have.members(tasks);
    expect((await scene.service(ref)).Spec).to.deep.equal(spec);
  });

  it("is as it was when its first rebuild fails", async (scene) => {
    const { ref, spec, tasks } = await adopt(scene);
    const { verdict, cause } = await scene.replace(null, scene.target(ref, scene.tiny("crash")));
    expect(cause, cause?.message).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(verdict).to.equal("FAILED");
    expect((await scene.service(ref)).Spec).to.deep.equal(spec);
    expect(await scene.serving(ref)).to.deep.equal(tasks);
    expect(await yard.remains(scene.environmentId)).to.deep.equal([]);
    expect(await scene.driver.inspect(ref)).to.include({ state: "RUNNING", drifted: false });
  });

  it("is what it was when its first rebuild fails in the middle", async (scene) => {
    const { ref, spec, tasks } = await adopt(scene, 3);
    const ASK = await tells(scene, (turn) => (turn === 2 ? "crash" : ""));
    const next = scene.target(ref, scene.tiny("asking", { env: { ASK } }), { replicas: 3 });
    const { verdict, cause } = await scene.replace(null, next);
    expect(cause, cause?.message).to.include({ code: "APP_EXITED" });
    expect(verdict).to.equal("ROLLED_BACK");
    expect((await scene.service(ref)).Spec).to.deep.equal(spec);
    const serving = await scene.serving(ref);
    expect(serving).to.have.length(3);
    expect(serving.filter((id) => tasks.includes(id))).to.have.length(2);
  });

  it("is Rebake's after its first rebuild, under the name that it had", async (scene) => {
    const { ref, tasks } = await adopt(scene);
    const next = scene.target(ref, scene.tiny());
    expect(await scene.replace(null, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    const { Spec } = await scene.service(ref);
    expect(Spec.Name).to.equal(ref.adopted);
    expect(Spec.Labels![labels.serviceId]).to.equal(ref.serviceId);
    expect(await scene.serving(ref)).not.to.include(tasks[0]);
    await scene.expectStands(next);
    expect(await scene.driver.drift(next)).to.deep.equal([]);
    const again = scene.target(ref, scene.tiny("crash"));
    expect(await scene.replace(next, again)).to.have.property("verdict", "FAILED");
    await scene.expectStands(next);
  });

  it("is not taken by who did not adopt it", async (scene) => {
    const ref = scene.ref();
    const name = scene.named(ref);
    const spec = { Image: yard.image, Command: tinyCommand, Env: ["REBAKE_PORT=3000"] };
    const made: object = {
      Name: name,
      TaskTemplate: { ContainerSpec: spec },
      Mode: { Replicated: { Replicas: 1 } },
    };
    await yard.engine.createService(made as ServiceSpec, null);
    const before = (await scene.service(ref)).Spec;
    const { verdict, cause } = await scene.replace(null, scene.target(ref, scene.tiny()));
    expect(cause).to.have.property("code", "ENGINE_REFUSED");
    expect(cause!.message).to.include(`has a service ${name} already`);
    expect(verdict).to.equal("FAILED");
    expect((await scene.service(ref)).Spec).to.deep.equal(before);
  });
});
