import { join } from "node:path";
import { expect } from "chai";
import { appSource } from "../drivers/app-fixture.js";
import { GitFixture } from "../drivers/git-fixture.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { deploy, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess, type Subscribed } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";

const names = ["one", "two", "three"];
const fields = `id state total waiting running succeeded failed skipped
  items { edges { node { state message service { name } operation { startedAt finishedAt state } } } }`;

describe("rebuilding all that are affected through the whole server", function () {
  this.timeout(120_000);
  // Hooks run in their order: before the database goes.
  after(() => RebakeProcess.endAll());
  const database = testDatabase({ empty: true });
  const folder = tempFolder();
  let rebake: RebakeProcess;
  let repository: GitFixture;

  const start = () => RebakeProcess.start(join(folder.path, "home"), { DATABASE_URL: database.url });

  before(async () => {
    repository = await GitFixture.create(join(folder.path, "repository"));
    await repository.commit({
      "package.json": '{"name":"app","version":"1.0.0"}',
      "server.mjs": appSource("old"),
    });
    rebake = await start();
    await rebake.mutate(
      'mutation { createEnvironment(input: { code: "DEV", driver: PROCESS }) { errors { message } } }',
    );
    const spec = {
      source: { repository: repository.url, branch: "main" },
      command: ["node", "server.mjs"],
      ports: [{ name: "http", target: 3000 }],
      env: [
        { name: "ROLE", kind: "INPUT", default: "" },
        { name: "MODE", kind: "STATIC", value: "" },
      ],
      readiness: { httpGet: { path: "/health" }, period: 1 },
      rollout: { monitor: 1, drain: 1, deadline: 60 },
    };
    await rebake.mutate(
      'mutation($spec: RecipeSpecInput!) { createRecipe(input: { name: "app", spec: $spec }) { errors { message } } }',
      { spec },
    );
    for (const name of names) {
      const inputs = [{ name: "ROLE", value: name }];
      const { operation } = await deploy(rebake, { environment: "DEV", recipe: "app", name, inputs });
      const verdict = await verdictOf(rebake, operation);
      expect(verdict.state, JSON.stringify(verdict)).to.equal("SUCCEEDED");
    }
  });

  /** The next revision and commit: every service has an Update. */
  async function change(version: string, mode: string): Promise<void> {
    await repository.commit({ "server.mjs": version });
    const env = [
      { name: "ROLE", kind: "INPUT", default: "" },
      { name: "MODE", kind: "STATIC", value: mode },
    ];
    await rebake.mutate(
      'mutation($env: [EnvVarInput!]) { bumpRecipe(input: { recipe: "app", spec: { env: $env } }) { errors { message } } }',
      { env },
    );
  }
  async function begin(parallel: number): Promise<string> {
    const payload = await rebake.mutate(
      `mutation($parallel: Int) { rebuildAffected(input: { filter: { recipe: "app" }, parallel: $parallel, maxFailures: 1 }) {
        bulkRebuild { id } errors { message } } }`,
      { parallel },
    );
    return payload.bulkRebuild.id;
  }
  const follow = (id: string): Subscribed<any> =>
    rebake.subscribe(
      `subscription($id: ID!) { bulkRebuildProgress(bulkRebuild: $id) { cursor bulkRebuild { state running succeeded failed } } }`,
      { id },
    );
  async function look(id: string): Promise<any> {
    const { node } = await rebake.graphql(
      `query($id: ID!) { node(id: $id) { ... on BulkRebuild { ${fields} } } }`,
      {
        id,
      },
    );
    return { ...node, items: node.items.edges.map((edge: any) => edge.node) };
  }
  const served = async (name: string) => {
    const { ports } = await serviceNamed(rebake, "DEV", name);
    return (await fetch(`http://${ports[0].address}/`)).text();
  };
  const allServed = () => Promise.all(names.map(served));
  /** Until the rebuild of some service waits for an app that never listens. */
  const untilHanging = (name: string) =>
    eventually(
      async () => {
        const { operations } = await serviceNamed(rebake, "DEV", name);
        return operations.edges[0].node.steps[4].state === "RUNNING";
      },
      { deadline: 30_000, what: `${name} waits to be ready` },
    );

  it("goes service by service, stops at the first that fails, and tells of every step", async () => {
    // Breaks the second service alone.
    await change(`if (process.env.ROLE === "two") process.exit(7);\n${appSource("new")}`, "a");
    const id = await begin(1);
    const progress = follow(id);
    await progress.done;
    const told = progress.events.map((event) => event.bulkRebuildProgress.bulkRebuild);
    expect(told[0]).to.deep.equal({ state: "RUNNING", running: 0, succeeded: 0, failed: 0 });
    expect(told.at(-1)).to.deep.equal({ state: "FAILED", running: 0, succeeded: 1, failed: 1 });
    expect(Math.max(...told.map(({ running }) => running))).to.equal(1);
    const { items } = await look(id);
    expect(items.map((item: any) => [item.service.name, item.state])).to.deep.equal([
      ["one", "SUCCEEDED"],
      ["two", "FAILED"],
      ["three", "SKIPPED"],
    ]);
    expect(items[1].operation.startedAt >= items[0].operation.finishedAt).to.equal(true);
    expect(items[2].operation).to.equal(null);
    expect(await allServed()).to.deep.equal(["new", "old", "old"]);
  });

  it("leaves the old ones serving when cancelled in the middle", async () => {
    await change(appSource("newer"), "silent");
    const before = await allServed();
    const id = await begin(2);
    const progress = follow(id);
    await eventually(async () => (await look(id)).running === 2, { deadline: 30_000 });
    await rebake.mutate(
      "mutation($id: ID!) { cancelBulkRebuild(input: { bulkRebuild: $id }) { errors { message } } }",
      { id },
    );
    await progress.done;
    const bulk = await look(id);
    expect(bulk).to.deep.include({ state: "CANCELLED", total: 3, succeeded: 0, failed: 0, skipped: 3 });
    expect(bulk.items.filter((item: any) => item.operation?.state === "CANCELLED")).to.have.length(2);
    expect(await allServed()).to.deep.equal(before);
  });

  it("goes on after the server was killed in the middle", async () => {
    const id = await begin(1);
    const [first] = (await look(id)).items;
    await untilHanging(first.service.name);
    await rebake.end("SIGKILL");
    rebake = await start();
    const before = await look(id);
    expect(before).to.deep.include({ state: "RUNNING", running: 1, waiting: 2 });
    const progress = follow(id);
    // The one that hangs is ended by hand; the others get a state that works.
    await change(appSource("newest"), "b");
    const { node } = await rebake.graphql(
      `query($id: ID!) { node(id: $id) { ... on BulkRebuild { items(first: 1) { edges { node { operation { id } } } } } } }`,
      { id },
    );
    await rebake.mutate(
      "mutation($operation: ID!) { cancelOperation(input: { operation: $operation }) { errors { message } } }",
      { operation: node.items.edges[0].node.operation.id },
    );
    await progress.done;
    expect(await look(id)).to.deep.include({ state: "SUCCEEDED", succeeded: 2, skipped: 1, failed: 0 });
    const others = names.filter((name) => name !== first.service.name);
    expect(await Promise.all(others.map(served))).to.deep.equal(["newest", "newest"]);
  });
});
