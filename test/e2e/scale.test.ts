import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { bigCatalog, bigQueue, fill } from "../support/big-catalog.js";
import { testDatabase } from "../support/cluster.js";
import { Engine } from "../support/engine/engine.js";
import { secretKey } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";

/** Tables that grow with what there is or was. */
const big = ["service", "service_update", "operation", "recipe", "recipe_revision", "operation_log", "event"];
const hostId = "00000000-0000-4000-8000-000000000001";
/** Rows that may be read without an index, of each of them, whatever the server does. */
const mostRows = 2_000;

describe("a server with a large catalog and a long history", function () {
  this.timeout(180_000);
  // Hooks run in their order: before the database goes.
  after(async () => {
    await RebakeProcess.endAll();
    await engine?.close();
  });
  const database = testDatabase();
  const folder = tempFolder();
  let engine: Engine;
  let sql: <Row>(statement: string) => Promise<Row[]>;
  let readBefore: Record<string, number>;
  let rebake: RebakeProcess;

  before(async () => {
    const { dataSource } = await database.open();
    sql = (statement) => dataSource.query(statement);
    await fill(database.url, [...bigCatalog, ...bigQueue(hostId)]);
    engine = await Engine.start();
    await mkdir(join(folder.path, "home"));
    await writeFile(join(folder.path, "home", "host-id"), `${hostId}\n`);
    readBefore = await readWithoutIndex();
    rebake = await RebakeProcess.start(
      join(folder.path, "home"),
      {
        DATABASE_URL: database.url,
        REBAKE_SECRET_KEY: secretKey,
        TEST_ENGINE_URL: engine.url,
        REBAKE_LEASE_SECONDS: "3",
      },
      "test/support/engine/server.js",
    );
  });

  async function readWithoutIndex(): Promise<Record<string, number>> {
    await sql("select pg_stat_clear_snapshot()");
    const rows = await sql<{ name: string; rows: string }>(
      "select relname as name, seq_tup_read as rows from pg_stat_user_tables",
    );
    return Object.fromEntries(rows.map(({ name, rows: count }) => [name, Number(count)]));
  }

  /** Other sessions report what they have read with a delay of up to a second or so: after they were idle. */
  async function expectIndexes(): Promise<void> {
    const readAfter = await readWithoutIndex();
    const read = Object.fromEntries(big.map((name) => [name, readAfter[name]! - readBefore[name]!]));
    for (const [name, rows] of Object.entries(read)) {
      expect(rows, `${name}: ${JSON.stringify(read)}`).to.be.at.most(mostRows);
    }
  }

  it("starts without a look at what was", async () => {
    expect(await rebake.graphql("{ services { totalCount } }")).to.deep.equal({
      services: { totalCount: 18_000 },
    });
    await expectIndexes();
  });

  it("works for a service, follows it and replays, by indexes alone", async () => {
    await rebake.mutate(
      'mutation { p: createRecipe(input: { name: "tiny", spec: { env: [{ name: "START_MS", kind: STATIC, value: "20" }] } }) { errors { message } } }',
    );
    const { service, operation } = await deploy(rebake, {
      environment: "E3",
      recipe: "tiny",
      name: "tiny",
      replicas: 1,
    });
    expect((await verdictOf(rebake, operation)).state).to.equal("UNPROVEN");
    const feed = rebake.subscribe(
      'subscription { updates(filter: { environment: "E3" }, after: "999990") { cursor } }',
    );
    await rebake.mutate(
      'mutation { p: bumpRecipe(input: { recipe: "tiny", spec: { env: [{ name: "START_MS", kind: STATIC, value: "21" }] } }) { errors { message } } }',
    );
    expect((await verdictOf(rebake, await rebuild(rebake, service))).state).to.equal("UNPROVEN");
    await eventually(() => feed.events.length === 2);
    feed.stop();
    const id = await rebuild(rebake, service);
    await rebake.graphql(
      "query ($id: ID!) { node(id: $id) { ... on Operation { state waiting { reason } service { operations(last: 3) { edges { node { state } } } } } } }",
      { id },
    );
    await verdictOf(rebake, id);
    await expectIndexes();
  });

  it("beats, looks for work and for servers that are lost, by indexes alone", async () => {
    const [before] = await sql<{ seen: Date }>("select now() as seen");
    // Every third of the lease, three times.
    await eventually(
      async () => {
        const [row] = await sql<{ beats: boolean }>(
          `select seen_at > '${before!.seen.toISOString()}'::timestamptz + interval '3 seconds' as beats
           from server where host_id = '${hostId}'`,
        );
        return row!.beats;
      },
      { deadline: 20_000, what: "it has beaten again" },
    );
    const [waits] = await sql<{ queued: number; lost: number }>(
      `select count(*) filter (where state = 'QUEUED')::int as queued,
         count(*) filter (where state = 'RUNNING' and lease_until < now())::int as lost
       from operation where state in ('QUEUED', 'RUNNING')`,
    );
    expect(waits!.queued).to.be.greaterThan(1_000);
    expect(waits!.lost).to.be.greaterThan(5);
    await expectIndexes();
  });

  it("leaves its sessions' counts to be read once they have ended", async () => {
    await rebake.end("SIGTERM");
    await expectIndexes();
  });
});
