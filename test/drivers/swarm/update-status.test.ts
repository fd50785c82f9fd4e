import { expect } from "chai";
import type { EngineService } from "../../../src/drivers/swarm/engine-types.js";
import type { EngineCall } from "../../support/engine-proxy.js";
import { Recorder } from "../bench.js";
import { onSwarm } from "./yard.js";

const isInspect = ({ method, path }: EngineCall) => method === "GET" && /^\/services\/[^/]+$/.test(path);
const isUpdate = ({ path }: EngineCall) => path.endsWith("/update");

onSwarm("what a Swarm engine says of an update", (it, yard) => {
  it("completed, left over from an earlier one, does not count for the next", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const first = await scene.deploy(scene.target(ref, scene.tiny()));
    const second = scene.target(ref, scene.tiny());
    expect(await scene.replace(first, second)).to.have.property("verdict", "SUCCEEDED");
    expect((await scene.service(ref)).UpdateStatus?.State).to.equal("completed");
    proxy.after = (call, body) =>
      isInspect(call) ? { ...body, UpdateStatus: { State: "completed", Message: "of yesterday" } } : body;
    const before = await scene.serving(ref);
    const bad = await scene.replace(second, scene.target(ref, scene.tiny("crash")));
    expect(bad.verdict).to.equal("FAILED");
    expect(bad.cause).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(await scene.serving(ref)).to.deep.equal(before);
    const third = scene.target(ref, scene.tiny());
    expect(await scene.replace(second, third)).to.have.property("verdict", "SUCCEEDED");
    await scene.expectStands(third);
  });

  it("paused, left over from a failed update by hand, does not count for the next", async (scene) => {
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    await scene.updateByHand(ref, "--entrypoint", "node -e process.exit(9)");
    await scene.until("the engine paused it", async () => {
      return (await scene.service(ref)).UpdateStatus?.State === "paused";
    });
    const next = scene.target(ref, scene.tiny());
    expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    await scene.expectStands(next);
  });

  it("paused, while no task says why, ends it, and the old one stands", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    const before = await scene.serving(ref);
    const next = scene.target(ref, scene.tiny("silent"));
    proxy.after = (call, body) =>
      isInspect(call) && JSON.stringify(body.Spec.Labels).includes(next.stamp.operationId)
        ? { ...body, UpdateStatus: { State: "paused", Message: "update paused by somebody" } }
        : body;
    const { verdict, cause } = await scene.replace(old, next);
    expect(cause).to.have.property("code", "CHANGED_ON_ENGINE");
    expect(cause!.message).to.include("(paused: update paused by somebody)");
    expect(verdict).to.equal("FAILED");
    expect(await scene.serving(ref)).to.deep.equal(before);
    await scene.expectStands(old);
  });

  it("paused, heard of before the task that failed, is told by that task", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    let isPaused = false;
    const early = new Set<EngineCall>();
    proxy.before = (call) => void (isPaused || early.add(call));
    proxy.after = (call, body) => {
      isPaused ||= isInspect(call) && body.UpdateStatus?.State === "paused";
      const hides = call.path === "/tasks" && early.has(call);
      return hides ? body.filter(({ Status }: any) => Status.State !== "failed") : body;
    };
    const { verdict, cause } = await scene.replace(old, scene.target(ref, scene.tiny("crash")));
    expect(isPaused).to.equal(true);
    expect(cause, cause?.message).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(verdict).to.equal("FAILED");
    await scene.expectStands(old);
  });

  it("nothing at all, where nothing is to run, and is scaled from there", async (scene) => {
    const ref = scene.ref();
    const none = await scene.deploy(scene.target(ref, scene.tiny(), { replicas: 0 }));
    expect(await scene.driver.inspect(ref)).to.include({ state: "STOPPED", drifted: false });
    const next = scene.target(ref, scene.tiny("", { env: { VERSION: "2" } }), { replicas: 0 });
    const report = new Recorder();
    expect(await scene.replace(none, next, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(report.summary()).to.include("CUT_OVER DONE");
    expect((await scene.service(ref)).UpdateStatus?.State ?? "").to.equal("");
    expect(await scene.living(ref)).to.deep.equal([]);
    const scaled = { ...next, replicas: 2 };
    expect(await scene.driver.scale(scaled, 0, new Recorder())).to.have.property("verdict", "SUCCEEDED");
    expect(await scene.serving(ref)).to.have.length(2);
    await scene.expectStands(scaled);
    expect(await scene.driver.scale(next, 2, new Recorder())).to.have.property("verdict", "SUCCEEDED");
    expect(await scene.living(ref)).to.deep.equal([]);
    expect(await scene.driver.inspect(ref)).to.include({ state: "STOPPED", drifted: false });
  });

  it("out of sequence, when somebody else bumps the version: it is tried again", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    let bumps = 0;
    proxy.before = async (call) => {
      if (isUpdate(call) && bumps < 3) {
        bumps += 1;
        await scene.updateByHand(ref);
      }
      return undefined;
    };
    const next = scene.target(ref, scene.tiny());
    expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(proxy.count("POST", /\/update$/)).to.equal(4);
    await scene.expectStands(next);
  });

  it("out of sequence, time and again: it gives up, and the old one stands", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    proxy.before = async (call) => {
      if (isUpdate(call)) {
        await scene.updateByHand(ref);
      }
      return undefined;
    };
    const { verdict, cause } = await scene.replace(old, scene.target(ref, scene.tiny()));
    expect(cause).to.have.property("code", "CHANGED_ON_ENGINE");
    expect(cause!.message).to.match(/refused 10 times .*out of sequence/);
    expect(verdict).to.equal("FAILED");
    expect(proxy.count("POST", /\/update$/)).to.equal(10);
    await scene.expectStands(old);
  });

  it("what was true before, by a manager that is behind: it is not taken for somebody's change", async (scene) => {
    const proxy = await scene.behind();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    const was: EngineService = await scene.service(ref);
    await scene.updateByHand(ref);
    let asked = 0;
    proxy.after = (call, body) => (isInspect(call) && asked++ % 2 === 0 ? was : body);
    const next = scene.target(ref, scene.tiny());
    expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    expect(asked).to.be.greaterThan(4);
    proxy.after = (_call, body) => body;
    await scene.expectStands(next);
    expect((await yard.service(scene.named(ref)))?.Version.Index).to.be.greaterThan(was.Version.Index);
  });
});
