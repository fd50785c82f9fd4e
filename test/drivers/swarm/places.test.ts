import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { expect } from "chai";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import { labels } from "../../../src/drivers/swarm/names.js";
import type { CauseCode } from "../../../src/errors.js";
import type { Scene } from "./scene.js";
import { onSwarm } from "./yard.js";

/** A first deploy must fail with that cause, and leave nothing at all. */
async function leavesNothing(scene: Scene, code: CauseCode, spec: RenderedSpec, facts = {}): Promise<void> {
  const begun = Date.now();
  const { verdict, cause } = await scene.replace(null, scene.target(scene.ref(), spec, facts));
  console.log(`        ${code} after ${((Date.now() - begun) / 1000).toFixed(1)} s: ${cause?.message}`);
  expect(cause, cause?.message).to.have.property("code", code);
  expect(verdict).to.equal("FAILED");
  expect(await scene.yard.remains(scene.environmentId)).to.deep.equal([]);
}

onSwarm("places on Swarm", (it, yard) => {
  /** Ports of nobody, in a range of their own. */
  let next = 31_000 + (process.pid % 500) * 4;
  const port = () => next++;
  const secret = { secrets: new Map([["v1", "Otter-5520-Banjo"]]) };
  const withAll = { files: [{ path: "/etc/app.conf", content: ["a"], mode: "0644" }], networks: ["back"] };
  const env = [
    { name: "MODE", value: ["crash"] },
    { name: "TOKEN", value: [{ secret: "v1" }] },
  ];

  it("says so when no node fits, before the engine ends the old ones for it", async (scene) => {
    const spec = scene.tiny("", { placement: ["node.labels.rebake-test == nowhere"] });
    const { cause, failed, seconds } = await scene.failsWith("NO_SUITABLE_NODE", spec);
    expect(cause.message).to.include("node.labels.rebake-test == nowhere");
    expect(failed).to.deep.equal(["START"]);
    expect(seconds).to.be.lessThan(5);
  });

  it("says so when the engine finds that no node fits", async (scene) => {
    const spec = scene.tiny("", { placement: ["node.platform.os == plan9"] });
    await leavesNothing(scene, "NO_SUITABLE_NODE", spec);
  });

  it("says so when another service has published the port", async (scene) => {
    const ports = [{ name: "http", target: 3000, published: port() }];
    const spec = scene.tiny("", { ports, endpointMode: "VIP", networks: ["back"] });
    const owner = scene.ref({ name: "owner" });
    await scene.deploy(scene.target(owner, spec));
    const { cause, seconds } = await scene.failsWith("PORT_TAKEN", spec);
    expect(cause.message).to.include(`${ports[0]!.published}`).and.to.include(scene.named(owner));
    expect(seconds).to.be.lessThan(15);
  });

  it("says so when a process of the node has the port", async (scene) => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, "0.0.0.0", resolve));
    scene.closing(() => squatter.close());
    const { port: published } = squatter.address() as AddressInfo;
    const spec = scene.tiny("", {
      ports: [{ name: "http", target: 3000, published, preserveClientIp: true }],
    });
    await leavesNothing(scene, "PORT_TAKEN", spec);
  });

  it("says so when another service has the port of the node, and puts back what had to go for it", async (scene) => {
    const on = (published: number) =>
      scene.tiny("", { ports: [{ name: "http", target: 3000, published, preserveClientIp: true }] });
    const [taken, own] = [port(), port()];
    await scene.deploy(scene.target(scene.ref({ name: "owner" }), on(taken)));
    const ref = scene.ref();
    const old = await scene.deploy(scene.target(ref, on(own)));
    expect(scene.driver.downtime(old.spec, on(taken))).to.include(`${taken}`);
    const { verdict, cause } = await scene.replace(old, scene.target(ref, on(taken)));
    expect(cause, cause?.message).to.have.property("code", "PORT_TAKEN");
    expect(verdict).to.equal("ROLLED_BACK");
    await scene.expectStands(old);
  });

  it("a first deploy that the engine does not take leaves nothing", async (scene) => {
    const ports = [{ name: "http", target: 3000, published: port() }];
    const other = { environmentId: `${scene.environmentId}x` };
    const owner = scene.ref({ name: "owner", ...other });
    await scene.deploy(scene.target(owner, scene.tiny("", { ports, endpointMode: "VIP" })));
    await leavesNothing(scene, "PORT_TAKEN", scene.tiny("", { ports, endpointMode: "VIP", ...withAll }));
  });

  it("a first deploy that crashes leaves nothing", async (scene) => {
    const spec = { ...scene.tiny("crash", withAll), env };
    await leavesNothing(scene, "APP_EXITED", spec, secret);
  });

  it("a first deploy from a source that crashes leaves nothing, its cache neither", async (scene) => {
    const commit = await yard.repository.commit({ "crash.mjs": "console.log('oh'); process.exit(5)" });
    const spec = scene.spec({ source: scene.source(), command: ["node", "crash.mjs"], ...withAll });
    await leavesNothing(scene, "APP_EXITED", { ...spec, env }, { commit, ...secret });
  });

  it("a rebuild that fails leaves no file, secret or network of its own", async (scene) => {
    const spec = { ...scene.tiny("crash", withAll), env };
    await scene.failsWith("APP_EXITED", spec, secret);
    expect(await yard.remains(scene.environmentId)).to.satisfy((all: string[]) =>
      all.every((one) => !/^(config|secret) |_back$/.test(one)),
    );
  });

  it("a rebuild that the engine does not take leaves nothing of its own", async (scene) => {
    const ports = [{ name: "http", target: 3000, published: port() }];
    const owner = scene.ref({ name: "owner", environmentId: `${scene.environmentId}x` });
    await scene.deploy(scene.target(owner, scene.tiny("", { ports, endpointMode: "VIP" })));
    const spec = scene.tiny("", { ports, endpointMode: "VIP", ...withAll });
    await scene.failsWith("PORT_TAKEN", spec);
    const { Spec } = await scene.service(owner);
    expect(Spec.Labels?.[labels.serviceId]).to.equal(owner.serviceId);
  });
});
