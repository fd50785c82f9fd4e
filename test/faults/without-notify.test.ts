import { expect } from "chai";
import { type Fleet, testFleet } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild } from "../support/operations.js";
import type { RebakeProcess } from "../support/rebake-process.js";

describe("two servers without LISTEN and NOTIFY", function () {
  this.timeout(120_000);
  const holder = testFleet({ REBAKE_NOTIFY: "off" });
  let fleet: Fleet;
  let one: RebakeProcess;
  let two: RebakeProcess;
  let service: string;

  before(async () => {
    fleet = holder.current;
    one = await fleet.start();
    two = await fleet.start();
    await one.mutate(
      'mutation { p: createEnvironment(input: { code: "PROD", driver: SWARM, swarm: { host: "unix:///engine" } }) { errors { message } } }',
    );
    await one.mutate(
      'mutation { p: createRecipe(input: { name: "shop", spec: {} }) { errors { message } } }',
    );
    const deployed = await deploy(one, { environment: "PROD", recipe: "shop", name: "shop", replicas: 1 });
    service = deployed.service;
    await fleet.ended(deployed.operation);
  });

  const bump = (server: RebakeProcess, env: object[]) =>
    server.mutate(
      'mutation ($spec: RecipeSpecInput!) { p: bumpRecipe(input: { recipe: "shop", spec: $spec }) { errors { message } } }',
      { spec: { env } },
    );

  it("have no session that listens", async () => {
    const sessions = await fleet.sql(
      "select pid from pg_stat_activity where application_name = 'rebake events' and datname = current_database()",
    );
    expect(sessions).to.deep.equal([]);
  });

  it("bring events of one to subscribers of the other, soon", async () => {
    const feed = two.subscribe("subscription { updates { cursor } }");
    await eventually(async () =>
      (await fetch(`${two.url}/metrics`)).text().then((text) => text.includes("rebake_subscribers 1")),
    );
    await bump(one, [{ name: "A", kind: "STATIC", value: "1" }]);
    await eventually(() => feed.events.length === 1, { deadline: 3_000 });
    feed.stop();
  });

  it("find work, follow an operation and its log, and cancel it, wherever it runs", async () => {
    await bump(one, [{ name: "START_MS", kind: "STATIC", value: "60000" }]);
    const id = await rebuild(two, service);
    const working = await fleet.workingOn(id);
    const other = working === one ? two : one;
    const progress = other.subscribe(
      "subscription ($id: ID!) { operationProgress(operation: $id) { operation { state } } }",
      { id },
    );
    await eventually(() => progress.events.length > 0, { deadline: 3_000 });
    await other.mutate(
      `mutation { p: cancelOperation(input: { operation: "${id}" }) { errors { message } } }`,
    );
    await progress.done;
    expect(progress.events.at(-1)).to.deep.equal({
      operationProgress: { operation: { state: "CANCELLED" } },
    });
  });
});
