import { rm } from "node:fs/promises";
import { expect } from "chai";
import pg from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/storage/embedded-postgres.js";
import { findPostmaster } from "../../src/storage/postmaster.js";
import { Fleet } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild } from "../support/operations.js";
import type { RebakeProcess } from "../support/rebake-process.js";
import { silent } from "../support/silent.js";
import { makeTempFolder } from "../support/temp-folder.js";

const bumpMutation = `mutation ($spec: RecipeSpecInput!) {
  bumpRecipe(input: { recipe: "shop", spec: $spec }) { revision { number } errors { message } } }`;
const spec = (value: string) => ({ env: [{ name: "START_MS", kind: "STATIC", value }] });

describe("a PostgreSQL that fails", function () {
  this.timeout(180_000);
  let folder: string;
  let postgres: EmbeddedPostgres;
  let fleet: Fleet;
  let service: string;
  let value = 100;

  before(async () => {
    folder = await makeTempFolder();
    postgres = await startEmbeddedPostgres({ home: folder, log: silent, unsafeFast: true });
    fleet = await Fleet.open(postgres, { REBAKE_LEASE_SECONDS: "2" });
    const first = await fleet.start();
    await fleet.start();
    await first.mutate(
      'mutation { p: createEnvironment(input: { code: "PROD", driver: SWARM, swarm: { host: "unix:///engine" } }) { errors { message } } }',
    );
    await first.mutate(
      'mutation ($spec: RecipeSpecInput!) { p: createRecipe(input: { name: "shop", spec: $spec }) { errors { message } } }',
      { spec: spec("50") },
    );
    const deployed = await deploy(first, { environment: "PROD", recipe: "shop", name: "shop", replicas: 2 });
    service = deployed.service;
    await fleet.ended(deployed.operation);
  });

  after(async () => {
    await fleet?.close();
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  /** A request whose answer may be that the database is not there. */
  async function ask(server: RebakeProcess, query: string, variables: object = {}) {
    try {
      return { data: await server.graphql(query, variables), error: null };
    } catch (error) {
      return { data: null, error: (error as Error).message };
    }
  }

  async function readiness(server: RebakeProcess) {
    const response = await fetch(`${server.url}/readyz`);
    const { checks } = (await response.json()) as { checks: Record<string, string> };
    return { status: response.status, checks };
  }

  const allReady = () =>
    eventually(
      async () => (await Promise.all(fleet.servers.map(readiness))).every(({ status }) => status === 200),
      { deadline: 30_000, what: "all servers are ready" },
    );

  /** Bumps through both servers while `harm` is done to the database; every acknowledged one must be there after it. */
  async function bumpDuring(
    harm: () => Promise<void>,
  ): Promise<{ acknowledged: number[]; errors: string[] }> {
    const acknowledged: number[] = [];
    const errors: string[] = [];
    let going = true;
    const writers = fleet.servers.map(async (server) => {
      while (going) {
        const { data, error } = await ask(server, bumpMutation, { spec: spec(`${++value}`) });
        if (error) {
          errors.push(error);
        } else {
          acknowledged.push(data.bumpRecipe.revision.number);
        }
      }
    });
    await harm();
    await allReady();
    going = false;
    await Promise.all(writers);
    return { acknowledged, errors };
  }

  /** Everything that was promised is there, and subscribers had it once and in order. */
  async function expectNothingLost(
    from: string,
    seen: { updates: { cursor: string } }[],
    acknowledged: number[],
  ): Promise<void> {
    const there = await fleet.sql<{ number: number }>("select number from recipe_revision order by number");
    expect(new Set(acknowledged).size).to.equal(acknowledged.length);
    expect(there.map(({ number }) => number)).to.include.members(acknowledged);
    const log = await fleet.sql<{ cursor: string; type: string }>(
      "select cursor::text, type from event where cursor > $1 order by event.cursor",
      [from],
    );
    expect(log.map(({ cursor }) => Number(cursor))).to.deep.equal(log.map((_, n) => Number(from) + n + 1));
    const wanted = log.filter(({ type }) => type.startsWith("UPDATE_")).map(({ cursor }) => cursor);
    await eventually(() => seen.length >= wanted.length, { deadline: 15_000, what: "subscribers have all" });
    expect(seen.map(({ updates }) => updates.cursor)).to.deep.equal(wanted);
  }

  async function survives(harm: () => Promise<void>): Promise<void> {
    const [one, two] = fleet.servers;
    const from = (await one!.graphql("{ cursor }")).cursor;
    const query = "subscription ($after: Cursor) { updates(after: $after) { cursor } }";
    const feeds = [one!.subscribe(query, { after: from }), two!.subscribe(query, { after: from })];
    const operation = await rebuild(one!, service);
    await fleet.workingOn(operation);
    const { acknowledged, errors } = await bumpDuring(harm);
    for (const error of errors) {
      expect(error).to.equal("The database cannot be reached now; try again shortly.");
    }
    expect(errors).not.to.deep.equal([]);
    expect(acknowledged.length).to.be.greaterThan(0);
    expect((await fleet.ended(operation)).state).to.equal("UNPROVEN");
    expect(fleet.changesOf(operation).filter(({ status }) => status === 202)).to.have.length(1);
    for (const feed of feeds) {
      await expectNothingLost(from, feed.events, acknowledged);
      feed.stop();
    }
  }

  it("is killed twice under load: nothing that was acknowledged is lost, subscribers stay", () =>
    survives(async () => {
      for (let kill = 0; kill < 2; kill++) {
        const { pid } = (await findPostmaster(postgres.folder))!;
        process.kill(pid, "SIGKILL");
        await eventually(async () => (await readiness(fleet.servers[0]!)).status === 503);
        const { checks } = await readiness(fleet.servers[0]!);
        expect(checks.database).to.be.oneOf(["unreachable", "ok"]);
        await allReady();
      }
    }));

  it("cuts all connections again and again: as if nothing had been", () =>
    survives(async () => {
      for (let cut = 0; cut < 8; cut++) {
        await fleet.sql(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
        );
        // Some work between two cuts.
        const before = (await fleet.sql<{ cursor: string }>("select cursor from event_counter"))[0]!.cursor;
        await eventually(
          async () =>
            (await fleet.sql<{ cursor: string }>("select cursor from event_counter"))[0]!.cursor !== before,
          { deadline: 15_000, what: "something was written" },
        );
      }
    }));

  it("has a transaction that hangs: changes are refused in time, reads go on, and all goes on after it", async () => {
    const [server] = fleet.servers;
    const holder = new pg.Client({ connectionString: postgres.url });
    await holder.connect();
    try {
      await holder.query("begin");
      await holder.query("select cursor from event_counter for update");
      const began = performance.now();
      const { error } = await ask(server!, bumpMutation, { spec: spec(`${++value}`) });
      expect(error).to.contain("The database is busy");
      expect((performance.now() - began) / 1000).to.be.below(15);
      expect((await ask(server!, "{ services { totalCount } }")).error).to.equal(null);
      const unready = await eventually(
        async () => {
          const found = await readiness(server!);
          return found.status === 503 && found;
        },
        { deadline: 15_000, what: "it says that it cannot write" },
      );
      expect(unready.checks).to.deep.include({ database: "ok", writes: "busy" });
      await holder.query("rollback");
    } finally {
      await holder.end();
    }
    await allReady();
    expect((await ask(server!, bumpMutation, { spec: spec(`${++value}`) })).error).to.equal(null);
    const operation = await rebuild(server!, service);
    expect((await fleet.ended(operation)).state).to.equal("UNPROVEN");
  });

  it("has a transaction that holds one operation: the others begin, go on and end, and so does that one after it", async () => {
    const [server] = fleet.servers;
    const held = await rebuild(server!, service);
    await fleet.workingOn(held);
    const holder = new pg.Client({ connectionString: postgres.url });
    await holder.connect();
    try {
      await holder.query("begin");
      await holder.query("select id from operation where id = $1 for update", [held]);
      for (const name of ["beside-1", "beside-2"]) {
        const input = { environment: "PROD", recipe: "shop", name, replicas: 1 };
        const { operation } = await deploy(server!, input);
        const row = await fleet.ended(operation, 20_000);
        expect([row.state, row.fence]).to.deep.equal(["UNPROVEN", "1"]);
      }
      expect((await readiness(server!)).checks).to.deep.include({
        database: "ok",
        writes: "ok",
        worker: "ok",
      });
    } finally {
      await holder.end();
    }
    expect((await fleet.ended(held)).state).to.equal("UNPROVEN");
    expect(fleet.changesOf(held).filter(({ status }) => status === 202)).to.have.length(1);
  });

  it("only reads, as a standby does: changes are refused with that reason, and possible again after it", async () => {
    const [server] = fleet.servers;
    const reconnect =
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rebake' and pid <> pg_backend_pid()";
    await fleet.sql("alter database postgres set default_transaction_read_only = on");
    await fleet.sql(reconnect);
    const refusedFor = async () => (await ask(server!, bumpMutation, { spec: spec(`${++value}`) })).error;
    await eventually(async () => (await refusedFor())?.includes("only reads now"), { deadline: 10_000 });
    expect((await ask(server!, "{ services { totalCount } }")).error).to.equal(null);
    const says = async () => (await readiness(server!)).checks.writes === "read-only";
    await eventually(says, { deadline: 10_000, what: "it says that the database only reads" });
    const admin = new pg.Client({ connectionString: postgres.url });
    await admin.connect();
    await admin.query("set default_transaction_read_only = off");
    await admin.query("alter database postgres reset default_transaction_read_only");
    await admin.query(reconnect);
    await admin.end();
    await allReady();
    await eventually(async () => (await refusedFor()) === null, { deadline: 10_000 });
  });
});
