import { expect } from "chai";
import type pg from "pg";
import type { MigrationInterface, QueryRunner } from "typeorm";
import { type DatabaseOptions, openDatabase } from "../../src/storage/data-source.js";
import { loadMigrations } from "../../src/storage/migrate.js";
import { testDatabase } from "../support/cluster.js";
import { silent } from "../support/silent.js";

class First0000000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("select pg_sleep(0.05)");
    await runner.query("create table thing (id int)");
  }
  async down(): Promise<void> {}
}

class Second0000000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("insert into thing values (42)");
  }
  async down(): Promise<void> {}
}

class Broken0000000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query("insert into thing values (43)");
    await runner.query("insert into no_such_table values (1)");
  }
  async down(): Promise<void> {}
}

describe("data source", () => {
  const fresh = testDatabase({ empty: true });
  const template = testDatabase();
  const open = (options: Partial<DatabaseOptions> = {}) =>
    openDatabase({ url: fresh.url, log: silent, entities: [], migrations: [], ...options });
  const migrations = [First0000000000001, Second0000000000002];

  it("migrates once when servers start at the same time, and only what is missing", async () => {
    await (await open({ migrations: [First0000000000001] })).close();
    const all = await Promise.all([1, 2, 3, 4].map(() => open({ migrations })));
    const answers = await Promise.all(all.map((each) => each.dataSource.query("select id from thing")));
    await Promise.all(all.map((each) => each.close()));
    expect(answers).to.deep.equal(Array(4).fill([{ id: 42 }]));
  });

  it("leaves nothing of a migration that fails", async () => {
    const error = await open({ migrations: [...migrations, Broken0000000000003] }).catch((error) => error);
    expect(error.message).to.include("no_such_table");
    const database = await open({ migrations });
    expect(await database.dataSource.query("select id from thing")).to.deep.equal([{ id: 42 }]);
    await database.close();
  });

  it("refuses a database that a newer version migrated", async () => {
    const error = await open({ migrations: [First0000000000001] }).catch((error) => error);
    expect(error).to.have.property("code", "SCHEMA_TOO_NEW");
    expect(error.message).to.include("Second0000000000002");
  });

  it("bounds statements and idle transactions, and says who it is", async () => {
    const limits = { statementTimeoutMs: 1234, idleInTransactionMs: 2345 };
    const database = await open({ migrations, ...limits });
    const [row] = await database.dataSource.query(
      `select current_setting('statement_timeout') as statement,
         current_setting('idle_in_transaction_session_timeout') as idle,
         current_setting('application_name') as name`,
    );
    await database.close();
    expect(row).to.deep.equal({ statement: "1234ms", idle: "2345ms", name: "rebake" });
  });

  it("survives a connection that ends right after it has left the pool", async () => {
    const database = await open({ migrations });
    const { master } = database.dataSource.driver as unknown as { master: pg.Pool };
    const client = await master.connect();
    const ended = new Promise<void>((resolve) => client.once("end", () => resolve()));
    await client.query("select pg_terminate_backend(pg_backend_pid())").catch(() => {});
    await ended;
    client.release(true);
    expect(await database.dataSource.query("select 1 as one")).to.deep.equal([{ one: 1 }]);
    await database.close();
  });

  it("says where it found no database, without the password", async () => {
    const wrong = [
      "postgres://somebody:hunter2@127.0.0.1:1/rebake",
      "postgres://somebody:hunter2@no-such-host.invalid/rebake",
      fresh.url.replace(/\/\/[^@]*@/, "//somebody:hunter2@"),
    ];
    for (const url of wrong) {
      const error = await open({ url }).catch((error) => error);
      expect(error).to.have.property("code", "DATABASE_UNREACHABLE");
      expect(error.message).to.include("somebody@").and.to.include("DATABASE_URL");
      expect(`${error.message} ${error.stack}`).not.to.include("hunter2");
      expect(error).not.to.have.property("cause");
    }
  });

  it("finds the project's own migrations, named and numbered", async () => {
    const names = (await loadMigrations()).map((migration) => migration.name);
    const numbers = names.map((name) => Number(name.slice(-13)));
    expect(numbers).to.deep.equal(names.map((_, index) => index + 1));
    const database = await template.open();
    const rows = await database.dataSource.query("select name from schema_migration order by id");
    expect(rows.map((row: { name: string }) => row.name)).to.deep.equal(names);
  });
});
