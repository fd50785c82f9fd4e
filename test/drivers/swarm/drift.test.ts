import { expect } from "chai";
import type { FieldChange } from "../../../src/domain/changes.js";
import { onSwarm } from "./yard.js";

onSwarm("what is done by hand on Swarm while nothing is under way", (it, yard) => {
  /** Each with how it is undone, and what is said of it meanwhile. */
  const changes: { name: string; flags: string[]; undo: string[]; says: FieldChange[] }[] = [
    {
      name: "a variable of the recipe",
      flags: ["--env-add", "VERSION=2"],
      undo: ["--env-add", "VERSION=1"],
      says: [{ path: ["Env", "VERSION"], before: "1", after: "2", secret: false }],
    },
    {
      name: "a variable of somebody's own",
      flags: ["--env-add", "TOKEN=Ibis-1180-Tuba"],
      undo: ["--env-rm", "TOKEN"],
      says: [{ path: ["Env", "TOKEN"], before: null, after: null, secret: true }],
    },
    {
      name: "the number of replicas",
      flags: ["--replicas", "2"],
      undo: ["--replicas", "1"],
      says: [{ path: ["Replicas"], before: "1", after: "2", secret: false }],
    },
    {
      name: "a label",
      flags: ["--label-add", "team=shop"],
      undo: ["--label-rm", "team"],
      says: [{ path: ["Labels", "team"], before: null, after: "shop", secret: false }],
    },
    {
      name: "a limit",
      flags: ["--limit-memory", "128M"],
      undo: ["--limit-memory", "0"],
      says: [
        { path: ["Resources", "Limits", "MemoryBytes"], before: null, after: "134217728", secret: false },
      ],
    },
  ];

  for (const { name, flags, undo, says } of changes) {
    it(`${name} is drift, told with before and after, until it is undone`, async (scene) => {
      const heard: boolean[] = [];
      const driver = scene.successor();
      scene.driver = driver;
      const ref = scene.ref();
      const deployed = await scene.deploy(scene.target(ref, scene.tiny("", { env: { VERSION: "1" } })));
      expect(await driver.drift(deployed)).to.deep.equal([]);
      driver.onChange(({ serviceId }) => heard.push(serviceId === ref.serviceId));
      await scene.updateByHand(ref, ...flags);
      await scene.until("it is told", () => heard.includes(true), 5);
      expect(await driver.inspect(ref)).to.include({ drifted: true });
      expect(await driver.drift(deployed)).to.deep.equal(says);
      await scene.updateByHand(ref, ...undo);
      expect(await driver.inspect(ref)).to.include({ drifted: false });
      expect(await driver.drift(deployed)).to.deep.equal([]);
    });
  }

  it("another image is drift, until it is rolled back by hand", async (scene) => {
    const ref = scene.ref();
    const deployed = await scene.deploy(scene.target(ref, scene.tiny()));
    await scene.updateByHand(ref, "--image", yard.nginx, "--no-healthcheck");
    expect(await scene.driver.inspect(ref)).to.include({ drifted: true });
    const paths = (await scene.driver.drift(deployed)).map(({ path }) => path[0]);
    expect(paths).to.include("Image").and.to.include("Healthcheck");
    const image = (await scene.driver.drift(deployed)).find(({ path }) => path[0] === "Image");
    expect(image).to.include({ before: yard.image, after: yard.nginx });
    await yard.docker("service", "rollback", "--detach", "--quiet", scene.named(ref));
    await scene.until("the engine went back", async () => !(await scene.driver.inspect(ref)).drifted);
    expect(await scene.driver.drift(deployed)).to.deep.equal([]);
  });

  it("a rollback to what an earlier operation had put there is drift, until the next rebuild", async (scene) => {
    const ref = scene.ref();
    const app = (VERSION: string) => scene.target(ref, scene.tiny("", { env: { VERSION } }));
    const first = await scene.deploy(app("1"));
    const second = app("2");
    expect(await scene.replace(first, second)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(await scene.driver.drift(second)).to.deep.equal([]);
    await yard.docker("service", "rollback", "--detach", "--quiet", scene.named(ref));
    const { operationId } = first.stamp;
    await scene.until("the engine went back", async () => {
      const seen = await scene.driver.inspect(ref);
      return seen.operationId === operationId;
    });
    const told = await scene.driver.drift(second);
    expect(told).to.deep.include({ path: ["Env", "VERSION"], before: "2", after: "1", secret: false });
    const third = app("2");
    expect(await scene.replace(second, third)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(await scene.driver.drift(third)).to.deep.equal([]);
  });

  it("a start by force, and an update that changes nothing, are no drift", async (scene) => {
    const ref = scene.ref();
    const deployed = await scene.deploy(scene.target(ref, scene.tiny()));
    await scene.updateByHand(ref, "--force");
    await scene.updateByHand(ref);
    expect(await scene.driver.inspect(ref)).to.include({ drifted: false });
    expect(await scene.driver.drift(deployed)).to.deep.equal([]);
  });

  it("a removal is drift", async (scene) => {
    const ref = scene.ref();
    const deployed = await scene.deploy(scene.target(ref, scene.tiny()));
    await yard.docker("service", "rm", scene.named(ref));
    expect(await scene.driver.drift(deployed)).to.deep.equal([
      { path: ["service"], before: "deployed", after: null, secret: false },
    ]);
  });

  it("is put right by the next rebuild", async (scene) => {
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    await scene.updateByHand(ref, "--env-add", "BY_HAND=1", "--label-add", "team=shop");
    const next = scene.target(ref, scene.tiny());
    expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    const { Spec } = await scene.service(ref);
    expect(Spec.TaskTemplate.ContainerSpec.Env).not.to.include("BY_HAND=1");
    expect(Spec.Labels).not.to.have.property("team");
    await scene.expectStands(next);
  });
});
