import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import pg from "pg";
import { credentialContext } from "../../src/domain/credential.js";
import { openDatabase } from "../../src/storage/data-source.js";
import { loadMigrations, type MigrationClass } from "../../src/storage/migrate.js";
import { openSecretBox } from "../../src/storage/secrets.js";
import { testDatabase } from "../support/cluster.js";
import { secretKey } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import { rebuild, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { silent } from "../support/silent.js";
import { tempFolder } from "../support/temp-folder.js";

/** What a version wrote: the rows of its tables, cut off by a kill while it worked on an operation. */
type State = Record<string, Record<string, unknown>[]> & { host_id: string };

/** Parents before children; the other tables do not refer to each other. */
const order = ["environment", "recipe", "recipe_revision", "service", "operation"];

async function readState(number: string): Promise<State> {
  return JSON.parse(await readFile(`test/storage/upgrade/${number}.json`, "utf8"));
}

/** Brings a database to where a version left it. */
async function restore(url: string, state: State, migrations: MigrationClass[]): Promise<void> {
  await (await openDatabase({ url, log: silent, entities: [], migrations })).close();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { host_id: _, schema_migration: __, ...tables } = state;
  const names = [...order, ...Object.keys(tables).filter((name) => !order.includes(name))];
  await client.query("delete from event_counter");
  for (const name of names) {
    const rows: Record<string, unknown>[] = tables[name] as never;
    if (rows.length > 0) {
      const columns = Object.keys(rows[0]!).map((column) => `"${column}"`);
      await client.query(
        `insert into ${name} (${columns}) select ${columns} from json_populate_recordset(null::${name}, $1)`,
        [JSON.stringify(rows)],
      );
    }
  }
  await client.end();
}

describe("a database of an earlier version", function () {
  this.timeout(120_000);
  const folder = tempFolder();

  for (const number of ["0001", "0002", "0003"]) {
    describe(`as migration ${number} left it`, () => {
      // Hooks run in their order: before the database goes.
      after(() => RebakeProcess.endAll());
      const database = testDatabase({ empty: true });
      let state: State;
      let rebake: RebakeProcess;

      before(async () => {
        state = await readState(number);
        const migrations = await loadMigrations();
        await restore(database.url, state, migrations.slice(0, Number(number)));
        const home = join(folder.path, number);
        await mkdir(home, { recursive: true });
        await writeFile(join(home, "host-id"), `${state.host_id}\n`);
        rebake = await RebakeProcess.start(home, {
          DATABASE_URL: database.url,
          REBAKE_SECRET_KEY: secretKey,
        });
      });

      const rows = (table: string) => state[table] as Record<string, any>[];
      const service = (name: string) => rows("service").find((row) => row.name === name)!;

      it("has all recipes, environments and services, and what of them runs and should run", async () => {
        const { recipe, environment, services } = await rebake.graphql(
          `{ recipe(name: "app") { current { number } revisions { totalCount } }
             environment(code: "DEV") { description concurrency }
             services { edges { node { id name title revision inputs { name value secret } } } } }`,
        );
        expect(recipe).to.deep.equal({ current: { number: 3 }, revisions: { totalCount: 3 } });
        expect(environment).to.deep.equal({ description: "für Ältere", concurrency: 4 });
        const nodes = services.edges.map(({ node }: any) => node);
        expect(nodes.map(({ id, name, title }: any) => [id, name, title])).to.deep.equal([
          [service("one").id, "one", "Заказы"],
          [service("two").id, "two", "Заказы"],
        ]);
        expect(nodes[0].revision).to.equal(2);
        expect(nodes[0].inputs).to.deep.include({ name: "PLACE", value: "büro", secret: false });
      });

      it("brings back what was deployed, secrets and all, and goes on with the operation that was cut off", async () => {
        const cutOff = rows("operation").find((row) => row.state === "RUNNING")!;
        expect((await verdictOf(rebake, cutOff.id)).state).to.equal("SUCCEEDED");
        for (const [name, answer] of [
          ["one", "servus s3cr3t"],
          ["two", "moin s3cr3t"],
        ]) {
          const query = `{ service(environment: "DEV", name: "${name}") { ports { address } } }`;
          await eventually(
            async () => {
              const { address } = (await rebake.graphql(query)).service.ports[0];
              return (await (await fetch(`http://${address}/`)).text()) === answer;
            },
            { deadline: 20_000, what: `${name} answers ${answer}` },
          );
        }
      });

      it("still knows who is outdated, and brings them up to date", async () => {
        const query =
          "{ updates { edges { node { service { name } fromRevision toRevision changes { path before after } } } } }";
        const [update] = (await rebake.graphql(query)).updates.edges;
        expect(update.node).to.deep.include({ service: { name: "one" }, fromRevision: 2, toRevision: 3 });
        expect(update.node.changes).to.deep.equal([
          { path: ["env", "GREETING"], before: "servus", after: "moin" },
        ]);
        const id = await rebuild(rebake, service("one").id);
        expect((await verdictOf(rebake, id)).state).to.equal("SUCCEEDED");
        expect((await rebake.graphql("{ updates { totalCount } }")).updates.totalCount).to.equal(0);
      });

      it("replays its events from before", async () => {
        const before = rows("event").filter(({ type }) => type.startsWith("UPDATE_"));
        const feed = rebake.subscribe('subscription { updates(after: "0") { cursor } }');
        await eventually(() => feed.events.length >= before.length);
        expect(feed.events.slice(0, before.length).map(({ updates }: any) => updates.cursor)).to.deep.equal(
          before.map(({ cursor }) => `${cursor}`).sort((one, other) => Number(one) - Number(other)),
        );
        feed.stop();
      });

      it("has its tokens, bulk rebuilds and credentials, which open as before", async () => {
        const { accessTokens, bulkRebuilds, credentials } = await rebake.graphql(
          "{ accessTokens { edges { node { name } } } bulkRebuilds { totalCount } credentials { edges { node { name } } } }",
        );
        const names = (list: any) => list.edges.map(({ node }: any) => node.name);
        expect(names(accessTokens)).to.include.members(rows("access_token").map(({ name }) => name));
        expect(bulkRebuilds.totalCount).to.equal((rows("bulk_rebuild") ?? []).length);
        const kept = rows("credential") ?? [];
        expect(names(credentials)).to.deep.equal(kept.map(({ name }) => name));
        const box = await openSecretBox({ home: "unused", key: Buffer.from(secretKey, "base64") });
        for (const { name, secret } of kept) {
          const bytes = Buffer.from(secret.slice(2), "hex");
          expect(box.decrypt(bytes, credentialContext(name))).to.equal("t0ken");
        }
      });

      it("has its history", async () => {
        const removed = service("gone");
        const { node } = await rebake.graphql(
          "query ($id: ID!) { node(id: $id) { ... on Service { name operations { edges { node { kind state } } } } } }",
          { id: removed.id },
        );
        expect(node.operations.edges.map(({ node: one }: any) => `${one.kind} ${one.state}`)).to.deep.equal([
          "DEPLOY SUCCEEDED",
          "REMOVE SUCCEEDED",
        ]);
      });
    });
  }

  it("is covered for every migration but the newest", async () => {
    const migrations = await loadMigrations();
    for (let number = 1; number < migrations.length; number++) {
      await readState(String(number).padStart(4, "0"));
    }
  });
});
