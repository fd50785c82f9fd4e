import { expect } from "chai";
import { type Fleet, testFleet } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild } from "../support/operations.js";
import type { RebakeProcess } from "../support/rebake-process.js";

const app = `require("node:http").createServer((_, response) => response.end("app")).listen(process.env.REBAKE_PORT)`;

describe("a host that is away", function () {
  this.timeout(120_000);
  const holder = testFleet({ REBAKE_LEASE_SECONDS: "1" });
  let fleet: Fleet;
  /** Whose host the service runs on, and another server. */
  let owner: RebakeProcess;
  let other: RebakeProcess;
  let service: string;

  before(async () => {
    fleet = holder.current;
    owner = await fleet.start();
    other = await fleet.start();
    await owner.mutate(
      'mutation { p: createEnvironment(input: { code: "HERE", driver: PROCESS }) { errors { message } } }',
    );
    const spec = {
      command: ["node", "-e", app],
      ports: [{ name: "http", target: 3000 }],
      readiness: { httpGet: { path: "/", port: "http" }, period: 1 },
      rollout: { monitor: 0, drain: 0, deadline: 20 },
    };
    await owner.mutate(
      'mutation ($spec: RecipeSpecInput!) { p: createRecipe(input: { name: "app", spec: $spec }) { errors { message } } }',
      { spec },
    );
    const deployed = await deploy(owner, { environment: "HERE", recipe: "app", name: "app", replicas: 1 });
    service = deployed.service;
    expect((await fleet.ended(deployed.operation)).state).to.equal("SUCCEEDED");
  });

  const stateOf = async () =>
    (await other.graphql("query ($id: ID!) { node(id: $id) { ... on Service { state } } }", { id: service }))
      .node.state;
  const seen = (state: string) =>
    eventually(async () => (await stateOf()) === state, { deadline: 10_000, what: `it is seen as ${state}` });
  const environment = async () =>
    (await other.graphql('{ environment(code: "HERE") { server { state } health { reachable error } } }'))
      .environment;

  it("leaves its operations waiting, visibly, its services UNKNOWN, and goes on when it is back", async () => {
    await seen("RUNNING");
    await owner.end("SIGKILL");
    await seen("UNKNOWN");
    const id = await rebuild(other, service);
    const { node } = await other.graphql(
      "query ($id: ID!) { node(id: $id) { ... on Operation { state waiting { reason message } } } }",
      { id },
    );
    expect([node.state, node.waiting.reason]).to.deep.equal(["QUEUED", "HOST_AWAY"]);
    expect(node.waiting.message).to.contain("start the server there");
    expect(await environment()).to.deep.equal({
      server: { state: "AWAY" },
      health: { reachable: false, error: "HERE runs on another host; ask the server there." },
    });
    owner = await fleet.restart(owner);
    expect((await fleet.ended(id)).state).to.equal("SUCCEEDED");
    await seen("RUNNING");
    expect((await environment()).server).to.deep.equal({ state: "UP" });
  });

  it("is believed again when it only slept", async () => {
    owner.child.kill("SIGSTOP");
    await seen("UNKNOWN");
    owner.child.kill("SIGCONT");
    await seen("RUNNING");
  });

  it("has STOPPED services after a stop in order", async () => {
    await owner.end("SIGTERM");
    await seen("STOPPED");
    expect((await environment()).server).to.deep.equal({ state: "STOPPED" });
    owner = await fleet.restart(owner);
    await seen("RUNNING");
  });
});
