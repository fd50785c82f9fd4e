import { expect } from "chai";
import { LeaseLost, OperationFailure } from "../../../src/errors.js";
import type { StepProgress } from "../../../src/operations/driver.js";
import { EngineProxy } from "../../support/engine-proxy.js";
import { at, away } from "../absence.js";
import { Recorder } from "../bench.js";
import { taken } from "../losing.js";
import { httpProbe } from "../scene.js";
import type { Scene } from "./scene.js";
import { dockerHost, onSwarm } from "./yard.js";

/** Does something once, as soon as the engine has taken the rebuild. */
function onceTaken(proxy: EngineProxy, work: () => Promise<unknown>) {
  const done: Promise<unknown>[] = [];
  proxy.before = ({ path }) => {
    if (path === "/tasks" && done.length === 0 && proxy.count("POST", /\/update$/) > 0) {
      done.push(work());
    }
    return undefined;
  };
  return () => Promise.all(done).then(() => expect(done).to.have.length(1));
}

/** A service that runs, the line to its engine, and what sees all that is asked on it. */
async function deployed(scene: Scene, replicas = 1) {
  const proxy = await EngineProxy.open(dockerHost);
  const line = await scene.onLine(proxy);
  scene.closing(() => proxy.close());
  const ref = scene.ref();
  const old = await scene.deploy(scene.target(ref, scene.tiny(), { replicas }));
  proxy.calls.length = 0;
  return { proxy, line, ref, old, before: await scene.serving(ref) };
}

onSwarm("a Swarm engine that goes away", (it) => {
  it("before anything was changed ends a rebuild soon, and a removal", async (scene) => {
    const { line, ref, old, before } = await deployed(scene);
    for (const how of ["cut", "freeze"] as const) {
      line[how]();
      const begun = Date.now();
      const { verdict, cause } = await scene.replace(old, scene.target(ref, scene.tiny()));
      expect(cause).to.have.property("code", "ENGINE_UNREACHABLE");
      expect(cause!.message).to.match(/The engine at tcp:\/\/127\.0\.0\.1:\d+ cannot be reached/);
      expect(verdict).to.equal("FAILED");
      expect(Date.now() - begun).to.be.lessThan(12_000);
      line.mend();
    }
    line.cut();
    const removed = await scene.driver.remove(ref, new Recorder());
    expect(removed.verdict).to.equal("FAILED");
    expect(removed.cause).to.have.property("code", "ENGINE_UNREACHABLE");
    const { signal } = new AbortController();
    const image = { prefix: null, name: "x", tag: "1", pullPolicy: "ALWAYS" as const, credential: null };
    const pinned: unknown = await scene.driver
      .pinImage(ref.environmentId, image, null, signal)
      .catch((error: unknown) => error);
    expect(pinned).to.be.instanceOf(OperationFailure);
    expect((pinned as OperationFailure).cause.code).to.equal("ENGINE_UNREACHABLE");
    expect(await scene.driver.inspect(ref)).to.include({ state: "UNKNOWN" });
    line.mend();
    expect(await scene.serving(ref)).to.deep.equal(before);
    await scene.expectStands(old);
  });

  const points: { name: string; isIt: (step: StepProgress) => boolean }[] = [
    { name: "while the new ones start", isIt: ({ step, done }) => step === "START" && done === 1 },
    { name: "in the middle of a roll", isIt: ({ step, done }) => step === "READY" && done === 1 },
    { name: "while old ones end", isIt: ({ step, state }) => step === "CUT_OVER" && state === "DONE" },
  ];
  for (const { name, isIt } of points) {
    it(`${name} is waited for: the steps go on, the verdict is true`, async (scene) => {
      const { line, ref, old } = await deployed(scene, 2);
      const { report, done } = at(isIt, () => away(line, 8));
      const next = scene.target(ref, scene.tiny(), { replicas: 2 });
      expect(await scene.replace(old, next, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
      await done();
      expect(report.summary()).to.include.members(["START DONE", "READY DONE", "CUT_OVER DONE"]);
      expect(line.refused).to.be.greaterThan(3).and.lessThan(100);
      await scene.expectStands(next);
    });
  }

  it("is waited for also when it says nothing at all, for longer than a call has", async (scene) => {
    const { proxy, line, ref, old } = await deployed(scene);
    const done = onceTaken(proxy, () => away(line, 35, "freeze"));
    const next = scene.target(ref, scene.tiny());
    expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    await done();
    await scene.expectStands(next);
  });

  it("does not use up the deadline", async (scene) => {
    const { proxy, line, ref, old } = await deployed(scene);
    // The engine itself would end it some time after the deadline, whoever looks.
    const patient = { ...httpProbe, failureThreshold: 60 };
    const slow = scene.tiny("", { readiness: patient, rollout: { deadline: 12 }, env: { LATE: "18" } });
    const done = onceTaken(proxy, () => away(line, 15));
    const next = scene.target(ref, slow);
    expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    await done();
  });

  it("with what it was asked is asked whether it did that, and not to do it again", async (scene) => {
    const { proxy, line, ref, old } = await deployed(scene);
    let back: Promise<unknown> | null = null;
    proxy.after = (call, body) => {
      if (call.path.endsWith("/update") && !back) {
        back = away(line, 3);
      }
      return body;
    };
    const next = scene.target(ref, scene.tiny());
    expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    await back;
    expect(proxy.count("POST", /\/update$/)).to.equal(1);
    await scene.expectStands(next);
  });

  it("while the new one fails is told of it when it is back, and has the old one stand", async (scene) => {
    const { proxy, line, ref, old, before } = await deployed(scene);
    const done = onceTaken(proxy, () => away(line, 8));
    const { verdict, cause } = await scene.replace(old, scene.target(ref, scene.tiny("crash")));
    await done();
    expect(cause, cause?.message).to.include({ code: "APP_EXITED", exitCode: 3 });
    expect(cause!.lastLines).to.include("boom: no database");
    expect(verdict).to.equal("FAILED");
    expect(await scene.serving(ref)).to.deep.equal(before);
    await scene.expectStands(old);
  });

  it("lets a rebuild be cancelled once it is back", async (scene) => {
    const { proxy, line, ref, old, before } = await deployed(scene);
    const report = new Recorder();
    const done = onceTaken(proxy, async () => {
      line.cut();
      report.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
      await away(line, 4);
    });
    const { verdict, cause } = await scene.replace(old, scene.target(ref, scene.tiny("silent")), report);
    await done();
    expect(verdict).to.equal("CANCELLED");
    expect(cause).to.have.property("code", "CANCELLED_BY_USER");
    expect(await scene.serving(ref)).to.deep.equal(before);
    await scene.expectStands(old);
  });

  it("does not keep a server that lost its lease, nor one that stops", async (scene) => {
    const { proxy, line, ref, old } = await deployed(scene);
    for (const end of ["lose", "close"] as const) {
      const driver = scene.successor();
      const report = new Recorder();
      proxy.calls.length = 0;
      onceTaken(proxy, async () => {
        line[end === "lose" ? "cut" : "freeze"]();
        await (end === "close" ? driver.close() : report.abort(new LeaseLost("opn_x")));
      });
      const begun = Date.now();
      const next = scene.target(ref, scene.tiny("silent"));
      const ended: unknown = await scene.replace(old, next, report, driver).catch((error: unknown) => error);
      expect(ended).to.be.instanceOf(LeaseLost);
      expect(Date.now() - begun).to.be.lessThan(10_000);
      line.mend();
    }
  });

  it("before anything was changed ends a scaling soon", async (scene) => {
    const { line, ref, old, before } = await deployed(scene);
    for (const how of ["cut", "freeze"] as const) {
      line[how]();
      const begun = Date.now();
      const { verdict, cause } = await scene.driver.scale(
        { ...old, replicas: 2 },
        old.replicas,
        new Recorder(),
      );
      expect(cause, cause?.message).to.have.property("code", "ENGINE_UNREACHABLE");
      expect(verdict).to.equal("FAILED");
      expect(Date.now() - begun, how).to.be.lessThan(12_000);
      line.mend();
    }
    expect(await scene.serving(ref)).to.deep.equal(before);
    await scene.until("it is back", async () => (await scene.driver.inspect(ref)).state === "RUNNING");
    await scene.expectStands(old);
  });

  it("lets a scaling that waits for it be cancelled", async (scene) => {
    const { line, ref, old, before } = await deployed(scene);
    const report = new Recorder();
    line.cut();
    const scaling = scene.driver.scale({ ...old, replicas: 2 }, old.replicas, report);
    await scene.until("it waits", () => line.refused > 0);
    report.abort(new OperationFailure("CANCELLED_BY_USER", "Somebody cancelled it."));
    const begun = Date.now();
    const { verdict, cause } = await scaling;
    expect(verdict).to.equal("CANCELLED");
    expect(cause).to.have.property("code", "CANCELLED_BY_USER");
    expect(Date.now() - begun).to.be.lessThan(3_000);
    line.mend();
    expect(await scene.serving(ref)).to.deep.equal(before);
  });

  it("while another server takes a scaling over is waited for", async (scene) => {
    const { line, ref, old, before } = await deployed(scene);
    line.cut();
    const back = away(line, 9);
    const scaled = { ...taken(old), replicas: 2 };
    expect(await scene.driver.scale(scaled, old.replicas, new Recorder())).to.deep.equal({
      verdict: "SUCCEEDED",
      cause: null,
    });
    await back;
    expect(await scene.serving(ref))
      .to.include(before[0])
      .and.to.have.length(2);
  });

  it("of which only a node does keeps a scaling waiting for no longer than tasks may take to end", async (scene) => {
    const { proxy, ref, old } = await deployed(scene, 2);
    // What runs there is told to end, and nobody says that it has.
    const running = new Map<string, object>();
    proxy.after = ({ path }, body) => {
      if (path !== "/tasks") {
        return body;
      }
      for (const task of body.filter(({ Status }: any) => Status.State === "running")) {
        running.set(task.ID, task);
      }
      return [...running.values()];
    };
    const begun = Date.now();
    const report = new Recorder();
    expect(await scene.driver.scale({ ...old, replicas: 1 }, old.replicas, report)).to.deep.equal({
      verdict: "SUCCEEDED",
      cause: null,
    });
    expect(Date.now() - begun).to.be.greaterThan(50_000);
    expect(report.summary()).to.deep.equal(["TERMINATE_OLD DONE"]);
    proxy.after = (_call, body) => body;
    await scene.until("one is left", async () => (await scene.serving(ref)).length === 1);
  });

  it("while a service is scaled is waited for", async (scene) => {
    const { line, ref, old, before } = await deployed(scene);
    const { report, done } = at(
      ({ step, state }) => step === "READY" && state === "RUNNING",
      () => away(line, 6),
    );
    const scaled = { ...old, replicas: 3 };
    expect(await scene.driver.scale(scaled, old.replicas, report)).to.deep.equal({
      verdict: "SUCCEEDED",
      cause: null,
    });
    await done();
    expect(await scene.serving(ref))
      .to.include(before[0])
      .and.to.have.length(3);
  });
});
