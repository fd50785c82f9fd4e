import { expect } from "chai";
import type { EngineTask } from "../../../src/drivers/swarm/engine-types.js";
import { labels } from "../../../src/drivers/swarm/names.js";
import { isReady, operationOf } from "../../../src/drivers/swarm/tasks.js";
import { Recorder } from "../bench.js";
import { tells } from "../telling.js";
import { onSwarm } from "./yard.js";

onSwarm("rolling back on Swarm", (it, yard) => {
  it("brings the stored spec back when the second of three fails, and leaves alone who was not replaced", async (scene) => {
    const asking = `
const { createServer } = await import("node:http");
process.on("SIGTERM", () => process.exit(0));
const mode = process.env.ASK ? await (await fetch(process.env.ASK)).text() : "";
if (mode === "crash") { console.error("boom, the second"); process.exit(4); }
createServer((_, response) => response.end(process.env.REBAKE_COMMIT)).listen(3000);`;
    const first = await yard.repository.commit({ "asking.mjs": asking });
    const second = await yard.repository.commit({ "asking.mjs": `${asking}\n// two` });
    const spec = (env: Record<string, string>) =>
      scene.spec({ source: scene.source(), command: ["node", "asking.mjs"], env });
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, spec({}), { commit: first, replicas: 3 }));
    const [before, { Spec }] = [await scene.serving(ref), await scene.service(ref)];
    expect(before).to.have.length(3);

    const ASK = await tells(scene, (turn) => (turn === 2 ? "crash" : ""));
    let least = 3;
    const report = new Recorder(async () => {
      least = Math.min(least, (await scene.serving(ref)).length);
    });
    const next = scene.target(ref, spec({ ASK }), { commit: second, replicas: 3 });
    const { verdict, cause } = await scene.replace(old, next, report);
    expect(cause).to.include({ code: "APP_EXITED", exitCode: 4 });
    expect(cause!.lastLines).to.deep.equal(["boom, the second"]);
    expect(verdict).to.equal("ROLLED_BACK");
    expect(least).to.equal(3);
    expect((await scene.service(ref)).Spec).to.deep.equal(Spec);
    await scene.expectStands(old);
    const after = await scene.living(ref);
    expect(after.filter(isReady)).to.have.length(3);
    for (const task of after) {
      expect(task.Spec.ContainerSpec.Env).to.include(`REBAKE_COMMIT=${first}`);
    }
    expect(after.filter(({ ID }) => before.includes(ID))).to.have.length(2);
    const steps = report.steps.filter(({ state }) => state === "FAILED").map(({ step }) => step);
    expect(steps).to.deep.equal(["READY"]);
  });

  it("says that what was put back does not stand", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny("", { rollout: { deadline: 5 } })));
    proxy.calls.length = 0;
    const isOld = (task: EngineTask) => operationOf(task) === old.stamp.operationId;
    const notReady = (task: EngineTask) => ({ ...task, Status: { ...task.Status, State: "starting" } });
    proxy.after = ({ path }, body) =>
      path === "/tasks" && proxy.count("POST", /\/update$/) > 1
        ? body.map((task: EngineTask) => (isOld(task) ? notReady(task) : task))
        : body;
    const { cause } = await scene.replace(old, scene.target(ref, scene.tiny("crash")));
    expect(cause).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(cause!.message).to.include(
      "What ran before was put back, but after 5 s 0 of 1 of its tasks are ready: look",
    );
  });

  it("calls it FAILED when one of the old ones was not well meanwhile, but none was replaced", async (scene) => {
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny(), { replicas: 2 }));
    const before = await scene.serving(ref);
    const killed = (await scene.living(ref)).find(({ ID }) => ID === before[0])!;
    let done = false;
    const report = new Recorder(async ({ step }) => {
      if (step === "READY" && !done) {
        done = true;
        await yard.docker("kill", killed.Status.ContainerStatus!.ContainerID!);
      }
    });
    const spec = scene.tiny("silent", { rollout: { deadline: 10 } });
    const { verdict, cause } = await scene.replace(old, scene.target(ref, spec, { replicas: 2 }), report);
    expect(cause, cause?.message).to.have.property("code", "NOT_LISTENING");
    expect(verdict).to.equal("FAILED");
    await scene.expectStands(old);
    expect(await scene.serving(ref))
      .to.include(before[1])
      .and.to.have.length(2);
  });

  it("rolls back a rebuild after one that was rolled back: each to what stood before it", async (scene) => {
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    const before = await scene.serving(ref);
    for (const mode of ["crash", "crash"] as const) {
      const { verdict } = await scene.replace(old, scene.target(ref, scene.tiny(mode)));
      expect(verdict).to.equal("FAILED");
    }
    // The engine itself only remembers the one before, which is the one that failed.
    const { Spec, PreviousSpec } = await scene.service(ref);
    expect(PreviousSpec!.Labels![labels.operation]).not.to.equal(old.stamp.operationId);
    expect(Spec.Labels![labels.operation]).to.equal(old.stamp.operationId);
    expect(await scene.serving(ref)).to.deep.equal(before);
    expect((await scene.living(ref)).map(operationOf)).to.deep.equal([old.stamp.operationId]);
  });
});
