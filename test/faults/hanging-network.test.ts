import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { CuttableProxy } from "../support/cuttable-proxy.js";
import { Fleet } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild } from "../support/operations.js";
import type { RebakeProcess } from "../support/rebake-process.js";

const leaseSeconds = 2;

describe("a network to PostgreSQL that swallows packets", function () {
  this.timeout(180_000);
  let network: CuttableProxy;
  let far: Fleet;
  /** Reaches the database through the network, and directly. */
  let cutOff: RebakeProcess;
  let other: RebakeProcess;
  let service: string;
  let throughNetwork: string;

  after(async () => {
    network?.mend();
    await far?.close();
    await network?.close();
  });
  const database = testDatabase();

  before(async () => {
    network = await CuttableProxy.start();
    const url = new URL(database.url);
    network.target = Number(url.port);
    far = await Fleet.open(database, { REBAKE_LEASE_SECONDS: `${leaseSeconds}` });
    url.port = new URL(network.url).port;
    throughNetwork = url.href;
    cutOff = await far.start("far", { DATABASE_URL: throughNetwork });
    await cutOff.mutate(
      'mutation { p: createEnvironment(input: { code: "PROD", driver: SWARM, swarm: { host: "unix:///engine" } }) { errors { message } } }',
    );
    const spec = { env: [{ name: "START_MS", kind: "STATIC", value: "6000" }] };
    await cutOff.mutate(
      'mutation ($spec: RecipeSpecInput!) { p: createRecipe(input: { name: "shop", spec: $spec }) { errors { message } } }',
      { spec },
    );
    const deployed = await deploy(cutOff, { environment: "PROD", recipe: "shop", name: "shop", replicas: 2 });
    service = deployed.service;
    await far.ended(deployed.operation);
  });

  it("costs the server its operation, which another one goes on with, and a request the time of a statement", async () => {
    const id = await rebuild(cutOff, service);
    expect(await far.workingOn(id)).to.equal(cutOff);
    other = await far.start("near");
    const leaving = await far.start("leaving", { DATABASE_URL: throughNetwork });
    network.freeze();
    const began = performance.now();
    const left = leaving.end("SIGTERM").then(() => (performance.now() - began) / 1000);
    const asked = cutOff.graphql("{ cursor }").then(
      () => "answered",
      (error: Error) => error.message,
    );
    const row = await far.ended(id);
    expect([row.state, row.fence]).to.deep.equal(["UNPROVEN", "2"]);
    const changes = far.changesOf(id).filter(({ caller }) => caller === cutOff.child.pid);
    expect(changes).to.have.length(1);
    expect((await fetch(`${cutOff.url}/readyz`)).status).to.equal(503);
    expect(await asked).to.contain("The database cannot be reached now");
    expect((performance.now() - began) / 1000).to.be.below(60);
    expect(await left, "seconds that a stop takes").to.be.below(90);
    network.mend();
    await eventually(async () => (await fetch(`${cutOff.url}/readyz`)).ok, {
      deadline: 60_000,
      what: "it is ready again",
    });
    expect(await cutOff.graphql("{ cursor }")).to.deep.equal(await other.graphql("{ cursor }"));
  });
});
