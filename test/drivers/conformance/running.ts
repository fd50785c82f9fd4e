import { expect } from "chai";
import type { Rig } from "./rig.js";
import type { AddCase } from "./stage.js";

/** What is owed after a deployment. */
export function running(it: AddCase, rig: Rig): void {
  it("restarts an instance that crashes, with back-off, visibly", async (stage) => {
    const { ref, app, target, deploy, tasks, url, until, inspect, version, ask } = stage;
    const service = ref();
    const made = await deploy(target(service, app(), { commit: rig.first }));
    const address = await url(service);
    const { crashesToBackOff } = rig.row;
    for (let crashes = 1; crashes < crashesToBackOff; crashes++) {
      await ask(`${address}/exit?code=9`);
      await until("it was started again at once", async () => {
        const [one] = await tasks(made);
        return one?.restarts === crashes && one.state === "RUNNING";
      });
      await until("it answers again", () => version(service).catch(() => null));
    }
    await ask(`${address}/exit?code=9`);
    const task = await until("it backs off", async () => {
      const [one] = await tasks(made);
      return one?.state === "BACKING_OFF" ? one : null;
    });
    expect(task.message).to.match(rig.row.crashMessage(9));
    await rig.ground.expectUnavailable(address);
    await until("it runs again", async () => (await inspect(service)).state === "RUNNING");
    expect((await tasks(made))[0]!.restarts).to.equal(crashesToBackOff);
    expect(await version(service)).to.equal("one");
  });

  it("hands out logs and follows them", async (stage) => {
    const { ref, app, target, deploy, url, until, ask } = stage;
    const service = ref();
    await deploy(target(service, app(), { commit: rig.first }));
    const address = await url(service);
    await ask(`${address}/print?line=one%0atwo`);
    await ask(`${address}/print?line=${"x".repeat(15_000)}`);
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      const options = { tail: 10, follow: true, signal: stop.signal };
      for await (const { line, stream, instance } of rig.driver.logs(service, options)) {
        seen.push(`${instance} ${stream} ${line}`);
      }
    })();
    await until("what was printed before", () => seen.includes("1 stdout two"));
    await ask(`${address}/print?line=three`);
    await until("what is printed now", () => seen.includes("1 stdout three"));
    stop.abort();
    await reading;
    expect(seen.filter((line) => line === "1 stdout one")).to.have.length(1);
    expect(seen).to.include(`1 stdout ${"x".repeat(15_000)}`);
    const tail: string[] = [];
    const options = { tail: 1, follow: false, signal: new AbortController().signal };
    for await (const { line } of rig.driver.logs(service, options)) {
      tail.push(line);
    }
    expect(tail).to.deep.equal(["three"]);
  });

  it("follows logs from before the first deploy, across a failed one, until the service is removed", async (stage) => {
    const { ref, app, env, target, deploy, replace, until, remove } = stage;
    const service = ref();
    const seen: string[] = [];
    const reading = (async () => {
      const options = { tail: 10, follow: true, signal: new AbortController().signal };
      for await (const { line } of rig.driver.logs(service, options)) {
        seen.push(line);
      }
    })();
    const failing = target(service, app({ env: env({ MODE: "crash" }) }), { commit: rig.first });
    expect((await replace(null, failing)).verdict).to.equal("FAILED");
    await until("what the failed one printed", () => seen.includes("boom: no database"));
    await deploy(target(service, app(), { commit: rig.first }));
    await until("what the next one printed", () => seen.includes("listening, version one"));
    await remove(service);
    await reading;
  });

  it("tells who listens that a service has changed", async (stage) => {
    const { ref, app, target, deploy, until } = stage;
    const service = ref();
    const changed: string[] = [];
    rig.driver.onChange(({ serviceId }) => changed.push(serviceId));
    await deploy(target(service, app(), { commit: rig.first }));
    await until("it is told", () => changed.includes(service.serviceId));
    rig.driver.onChange(() => undefined);
  });

  it("leaves nothing behind when it removes a service", async (stage) => {
    const { ref, app, env, target, deploy, url, remove, inspect } = stage;
    const service = ref();
    const spec = app({
      env: [...env({ GRANDCHILD: "1" }), { name: "TOKEN", value: [{ secret: "s1" }] }],
      files: [{ path: "/etc/app.conf", content: ["key=", { secret: "s1" }], mode: "0600" }],
    });
    const secrets = new Map([["s1", "hush hush"]]);
    await deploy(target(service, spec, { commit: rig.first, secrets }));
    const address = await url(service);
    expect(await rig.ground.remains(service)).not.to.deep.equal([]);
    expect(await remove(service)).to.have.property("verdict", "SUCCEEDED");
    expect(await rig.ground.living(service)).to.deep.equal([]);
    expect(await rig.ground.remains(service)).to.deep.equal([]);
    await rig.ground.expectGone(address);
    expect(await inspect(service)).to.include({ state: "STOPPED", operationId: null });
    expect(await remove(service)).to.have.property("verdict", "SUCCEEDED");
  });

  it("says what it is and cannot do", async () => {
    const health = await rig.driver.check(rig.row.environmentId);
    expect(health).to.include({ reachable: true, nodes: 1, error: null });
    expect(health.version).to.match(rig.row.version);
  });
}
