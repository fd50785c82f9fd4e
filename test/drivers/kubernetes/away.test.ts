import { expect } from "chai";
import { LeaseLost, OperationFailure } from "../../../src/errors.js";
import type { StepProgress } from "../../../src/operations/driver.js";
import { type EngineCall, EngineProxy } from "../../support/engine-proxy.js";
import { at, away } from "../absence.js";
import { Recorder } from "../bench.js";
import { taken } from "../losing.js";
import { httpProbe } from "../scene.js";
import type { Scene } from "./scene.js";
import { onKubernetes } from "./yard.js";

const isChange = ({ method, path }: EngineCall) => method === "PATCH" && path.endsWith("/deployments/orders");
const changesOf = (proxy: EngineProxy) => proxy.calls.filter(isChange).length;

/** A service that runs, the line to its cluster, and what sees all that is asked on it. */
async function deployed(scene: Scene, replicas = 1) {
  const proxy = await EngineProxy.open(await scene.yard.access());
  const line = await scene.onLine(proxy);
  scene.closing(() => proxy.close());
  const ref = scene.ref();
  const old = await scene.deploy(scene.target(ref, scene.tiny(), { replicas }));
  proxy.calls.length = 0;
  return { proxy, line, ref, old, before: await scene.serving(ref) };
}

/** Does something once, as soon as the cluster has taken the rebuild. */
function onceTaken(proxy: EngineProxy, work: () => Promise<unknown>) {
  const done: Promise<unknown>[] = [];
  proxy.after = (call, body) => {
    if (isChange(call) && done.length === 0) {
      // What was answered still arrives.
      done.push(new Promise((resolve) => setTimeout(resolve, 200)).then(work));
    }
    return body;
  };
  return () => Promise.all(done).then(() => expect(done).to.have.length(1));
}

onKubernetes("a cluster that goes away", (it) => {
  it("before anything was changed ends a rebuild soon, and a removal", async (scene) => {
    const { line, ref, old, before } = await deployed(scene);
    for (const driver of [scene.driver, scene.successor()]) {
      for (const how of ["cut", "freeze"] as const) {
        line[how]();
        const begun = Date.now();
        const next = scene.target(ref, scene.tiny());
        const { verdict, cause } = await scene.replace(old, next, new Recorder(), driver);
        expect(cause).to.have.property("code", "ENGINE_UNREACHABLE");
        expect(cause!.message).to.match(/The engine at http:\/\/127\.0\.0\.1:\d+ cannot be reached/);
        expect(verdict).to.equal("FAILED");
        expect(Date.now() - begun, how).to.be.lessThan(12_000);
        line.mend();
      }
    }
    for (const how of ["cut", "freeze"] as const) {
      line[how]();
      const begun = Date.now();
      const removed = await scene.successor().remove(ref, new Recorder());
      expect(removed.verdict).to.equal("FAILED");
      expect(removed.cause).to.have.property("code", "ENGINE_UNREACHABLE");
      expect(Date.now() - begun, how).to.be.lessThan(12_000);
      line.mend();
    }
    expect(await scene.serving(ref)).to.deep.equal(before);
    await scene.until("it is back", async () => (await scene.driver.inspect(ref)).state === "RUNNING");
    await scene.expectStands(old);
  });

  it("is UNKNOWN meanwhile, is told of, and is asked less and less often", async (scene) => {
    const { line, ref, old } = await deployed(scene);
    await scene.driver.restore();
    const states: string[] = [];
    scene.driver.onChange((changed) => {
      if (changed.serviceId === ref.serviceId) {
        void scene.driver.inspect(ref).then(({ state, drifted }) => states.push(`${state} ${drifted}`));
      }
    });
    line.cut();
    await scene.until("it is told that nothing is known", () => states.includes("UNKNOWN false"));
    await scene.kubectl("set", "env", scene.named(ref), "BY_HAND=1");
    const [refused, since] = [line.refused, Date.now()];
    await scene.until("some time passed", () => Date.now() - since > 10_000);
    // Five kinds are watched.
    expect(line.refused - refused).to.be.lessThan(5 * 8);
    expect(await scene.driver.inspect(ref)).to.include({ state: "UNKNOWN" });
    line.mend();
    await scene.until("it is told what is now", () => states.some((state) => / true$/.test(state)));
    expect(await scene.driver.drift(old)).to.have.length(1);
  });

  const points: { name: string; isIt: (step: StepProgress) => boolean }[] = [
    { name: "while the new ones start", isIt: ({ step, done }) => step === "START" && done === 1 },
    { name: "in the middle of a roll", isIt: ({ step, done }) => step === "READY" && done === 1 },
    { name: "while old ones end", isIt: ({ step, state }) => step === "CUT_OVER" && state === "DONE" },
  ];
  for (const { name, isIt } of points) {
    it(`${name} is waited for: the steps go on, the verdict is true`, async (scene) => {
      const { proxy, line, ref, old } = await deployed(scene, 2);
      const { report, done } = at(isIt, () => away(line, 8));
      const next = scene.target(ref, scene.tiny(), { replicas: 2 });
      expect(await scene.replace(old, next, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
      await done();
      expect(report.summary()).to.include.members(["START DONE", "READY DONE", "CUT_OVER DONE"]);
      expect(line.refused).to.be.greaterThan(3).and.lessThan(100);
      expect(changesOf(proxy)).to.equal(1);
      await scene.expectStands(next);
    });
  }

  it("is waited for with TLS, too", async (scene) => {
    const line = await scene.onLine();
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, scene.tiny()));
    const { report, done } = at(
      ({ step, state }) => step === "READY" && state === "RUNNING",
      () => away(line, 5),
    );
    const next = scene.target(ref, scene.tiny());
    expect(await scene.replace(old, next, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    await done();
    await scene.expectStands(next);
  });

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
      if (isChange(call) && !back) {
        back = away(line, 3);
      }
      return body;
    };
    const next = scene.target(ref, scene.tiny());
    expect(await scene.replace(old, next)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    await back;
    expect(changesOf(proxy)).to.equal(1);
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

  it("while a failure is undone is waited for", async (scene) => {
    const { proxy, line, ref, old, before } = await deployed(scene);
    let back: Promise<unknown> | null = null;
    proxy.after = (call, body) => {
      if (isChange(call) && changesOf(proxy) === 2 && !back) {
        back = away(line, 5);
      }
      return body;
    };
    const { verdict, cause } = await scene.replace(old, scene.target(ref, scene.tiny("crash")));
    await back;
    expect(cause, cause?.message).to.include({ code: "APP_EXITED" });
    expect(verdict).to.equal("FAILED");
    expect(changesOf(proxy)).to.equal(2);
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
    for (const driver of [scene.driver, scene.successor()]) {
      for (const how of ["cut", "freeze"] as const) {
        line[how]();
        const begun = Date.now();
        const { verdict, cause } = await driver.scale({ ...old, replicas: 2 }, old.replicas, new Recorder());
        expect(cause, cause?.message).to.have.property("code", "ENGINE_UNREACHABLE");
        expect(verdict).to.equal("FAILED");
        expect(Date.now() - begun, how).to.be.lessThan(12_000);
        line.mend();
      }
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

  it("while a service is scaled is waited for", async (scene) => {
    const { line, ref, old, before } = await deployed(scene);
    const { report, done } = at(
      ({ step, state }) => step === "READY" && state === "RUNNING",
      () => away(line, 6),
    );
    const scaled = { ...old, replicas: 2 };
    expect(await scene.driver.scale(scaled, 1, report)).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    await done();
    expect(await scene.serving(ref))
      .to.include(before[0])
      .and.to.have.length(2);
  });
});
