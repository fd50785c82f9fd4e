import { expect } from "chai";
import { livingIn, Recorder, targetOf, until } from "../bench.js";
import type { AddCase, Rig } from "./rig.js";

/** What is owed after a deployment. */
export function running(it: AddCase, rig: Rig): void {
  const { ref, app, env, deploy, version } = rig;

  it("restarts an instance that crashes, with back-off, visibly", async () => {
    const service = ref();
    await deploy(targetOf(service, app(), { commit: rig.first }));
    const url = await rig.bench.url(service);
    await fetch(`${url}/exit?code=9`);
    const task = await until("it backs off", async () => {
      const [one] = (await rig.bench.driver.inspect(service)).tasks;
      return one?.state === "BACKING_OFF" ? one : null;
    });
    expect(task.message).to.include("exit code 9");
    expect(await (await fetch(url)).json()).to.include({ code: "NOT_READY" });
    await until("it runs again", async () => (await rig.bench.driver.inspect(service)).state === "RUNNING");
    expect((await rig.bench.driver.inspect(service)).tasks[0]!.restarts).to.equal(1);
    expect(await version(service)).to.equal("one");
  });

  it("hands out logs and follows them", async () => {
    const service = ref();
    await deploy(targetOf(service, app(), { commit: rig.first }));
    const url = await rig.bench.url(service);
    await fetch(`${url}/print?line=one%0atwo`);
    await fetch(`${url}/print?line=${"x".repeat(15_000)}`);
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { line, stream, instance } of rig.bench.driver.logs(service, {
        tail: 10,
        follow: true,
        signal: stop.signal,
      })) {
        seen.push(`${instance} ${stream} ${line}`);
      }
    })();
    await until("what was printed before", () => seen.includes("1 stdout two"));
    await fetch(`${url}/print?line=three`);
    await until("what is printed now", () => seen.includes("1 stdout three"));
    stop.abort();
    await reading;
    expect(seen.filter((line) => line === "1 stdout one")).to.have.length(1);
    const tail: string[] = [];
    for await (const { line } of rig.bench.driver.logs(service, {
      tail: 1,
      follow: false,
      signal: stop.signal,
    })) {
      tail.push(line);
    }
    expect(tail).to.deep.equal(["three"]);
  });

  it("follows logs from before the first deploy, across a failed one, until the service is removed", async () => {
    const service = ref();
    const seen: string[] = [];
    const reading = (async () => {
      const options = { tail: 10, follow: true, signal: new AbortController().signal };
      for await (const { line } of rig.bench.driver.logs(service, options)) {
        seen.push(line);
      }
    })();
    const failing = targetOf(service, app({ env: env({ MODE: "crash" }) }), { commit: rig.first });
    expect((await rig.replace(null, failing)).verdict).to.equal("FAILED");
    await until("what the failed one printed", () => seen.includes("boom: no database"));
    await deploy(targetOf(service, app(), { commit: rig.first }));
    await until("what the next one printed", () => seen.includes("listening, version one"));
    await rig.bench.driver.remove(service, new Recorder());
    await reading;
  });

  it("tells who listens that a service has changed", async () => {
    const service = ref();
    const changed: string[] = [];
    rig.bench.driver.onChange(({ serviceId }) => changed.push(serviceId));
    await deploy(targetOf(service, app(), { commit: rig.first }));
    expect(changed).to.include(service.serviceId);
    rig.bench.driver.onChange(() => undefined);
  });

  it("leaves nothing behind when it removes a service", async () => {
    const service = ref();
    await deploy(targetOf(service, app({ env: env({ GRANDCHILD: "1" }) }), { commit: rig.first }));
    const pid = Number((await rig.bench.json(service, "/about")).pid);
    const url = await rig.bench.url(service);
    expect(await rig.bench.driver.remove(service, new Recorder())).to.have.property("verdict", "SUCCEEDED");
    expect(livingIn(pid)).to.deep.equal([]);
    const refused = await fetch(url).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(Error);
    expect(await rig.bench.driver.inspect(service)).to.include({ state: "STOPPED", operationId: null });
    expect(await rig.bench.driver.remove(service, new Recorder())).to.have.property("verdict", "SUCCEEDED");
  });

  it("says what it is and cannot do", async () => {
    const health = await rig.bench.driver.check("env_x");
    expect(health).to.include({ reachable: true, nodes: 1, error: null });
    expect(health.version).to.match(/node \d+.*npm \d+.*git \d+/);
  });
}
