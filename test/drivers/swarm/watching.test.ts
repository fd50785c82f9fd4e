import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { ServiceLogLine } from "../../../src/operations/driver.js";
import type { Scene } from "./scene.js";
import { connectionTo, onSwarm } from "./yard.js";

const talking = [
  "node",
  "-e",
  "let n = 0; process.on('SIGTERM', () => process.exit(0)); setInterval(() => console.log('line ' + ++n), 500)",
];

/** An engine that says that of its swarm. */
async function saying(scene: Scene, swarm: object): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ ServerVersion: "28.0.1", Swarm: { NodeID: "", ...swarm } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  scene.closing(() => {
    server.close();
    server.closeAllConnections();
  });
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

onSwarm("watching a Swarm engine", (it, yard) => {
  it("goes on with what a service prints, each line once, after the engine was away", async (scene) => {
    const line = await scene.onLine();
    const ref = scene.ref();
    await scene.deploy(scene.target(ref, scene.spec({ command: talking, readiness: null })));
    const stop = new AbortController();
    const lines: ServiceLogLine[] = [];
    const following = (async () => {
      const options = { tail: 10, follow: true, signal: stop.signal };
      for await (const one of scene.driver.logs(ref, options)) {
        lines.push(one);
      }
    })();
    await scene.until("lines", () => lines.length > 5);
    line.cut();
    await scene.until("it was tried again", () => line.refused > 3);
    const before = lines.length;
    line.mend();
    await scene.until("more lines", () => lines.length > before + 5);
    stop.abort();
    await following;
    const numbers = lines.map((one) => Number(one.line.split(" ")[1]));
    expect(numbers).to.deep.equal(numbers.map((_, index) => numbers[0]! + index));
  });

  it("tells of services when the engine goes and when it is back, and of what changed meanwhile", async (scene) => {
    const line = await scene.onLine();
    const ref = scene.ref();
    const deployed = await scene.deploy(scene.target(ref, scene.tiny()));
    await scene.driver.restore();
    const states: string[] = [];
    scene.driver.onChange((changed) => {
      if (changed.serviceId === ref.serviceId) {
        void scene.driver.inspect(ref).then(({ state, drifted }) => states.push(`${state} ${drifted}`));
      }
    });
    line.cut();
    await scene.until("it is told that nothing is known", () => states.includes("UNKNOWN false"));
    await scene.updateByHand(ref, "--label-add", "team=shop");
    const [refused, since] = [line.refused, Date.now()];
    await scene.until("some time passed", () => Date.now() - since > 5_000);
    expect(line.refused - refused).to.be.lessThan(15);
    line.mend();
    await scene.until("it is told what is now", () => states.includes("RUNNING true"));
    states.length = 0;
    await scene.updateByHand(ref, "--label-rm", "team");
    await scene.until("it is told of the next change, too", () => states.includes("RUNNING false"), 5);
    expect(await scene.driver.drift(deployed)).to.deep.equal([]);
  });

  it("ends at once with the server, also while the engine says nothing", async (scene) => {
    const line = await scene.onLine();
    const ref = scene.ref();
    await scene.deploy(scene.target(ref, scene.tiny()));
    const driver = scene.successor();
    await driver.restore();
    await driver.inspect(ref);
    const following = (async () => {
      const { signal } = new AbortController();
      for await (const _ of driver.logs(ref, { tail: 10, follow: true, signal })) {
        // Whatever comes.
      }
    })();
    line.freeze();
    const looking = driver.inspect(ref);
    const begun = Date.now();
    await driver.close();
    await following;
    expect(await looking).to.include({ state: "UNKNOWN" });
    expect(Date.now() - begun).to.be.lessThan(2_000);
    line.mend();
  });

  it("says how the engine is", async (scene) => {
    const health = await yard.driver.check(scene.environmentId);
    expect(health).to.include({ reachable: true, error: null });
    expect(health.version).to.match(
      /^Docker Engine \d+.*, manager of a swarm of \d+ nodes? with \d+ manager/,
    );
    expect(health.nodes).to.be.greaterThan(0);
  });

  it("says that it cannot be reached", async (scene) => {
    const line = await scene.onLine();
    line.cut();
    const health = await scene.driver.check(scene.environmentId);
    expect(health).to.deep.include({ reachable: false, version: null, nodes: 0, limitations: [] });
    expect(health.error).to.match(/^The engine at tcp:.* cannot be reached \(.*ECONNRESET\): start it/);
    yard.reach(scene.environmentId, connectionTo("unix:///nowhere/docker.sock"));
    expect((await scene.driver.check(scene.environmentId)).error).to.include("ENOENT");
  });

  it("says that it is in no swarm, or no manager of it", async (scene) => {
    const alone = await saying(scene, { LocalNodeState: "inactive", ControlAvailable: false });
    yard.reach(scene.environmentId, connectionTo(alone));
    const inactive = await yard.driver.check(scene.environmentId);
    expect(inactive).to.include({ reachable: true, nodes: 0 });
    expect(inactive.error).to.match(
      /is in no swarm \(it says inactive\): make it one with `docker swarm init`/,
    );
    const worker = await saying(scene, { LocalNodeState: "active", ControlAvailable: false });
    yard.reach(scene.environmentId, connectionTo(worker));
    const health = await yard.driver.check(scene.environmentId);
    expect(health.version).to.equal("Docker Engine 28.0.1, no manager");
    expect(health.error).to.match(/is a worker of its swarm: name a manager/);
  });
});
