import pg from "pg";
import type { DataSourceOptions } from "typeorm";
import { type Database, openDatabase } from "../../src/storage/data-source.js";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/storage/embedded-postgres.js";
import { eventually } from "./eventually.js";
import { silent } from "./silent.js";
import { clusterFolder } from "./temp-folder.js";

export { silent };

export interface TestDatabase {
  /** Set while the tests run. */
  readonly url: string;
  /** Opens it the way the server does; closed after the tests. */
  open(entities?: DataSourceOptions["entities"]): Promise<Database>;
}

const template = `rebake_template_${process.pid}`;
let embedded: EmbeddedPostgres | null = null;
let preparing: Promise<string> | null = null;
let numberOfDatabases = 0;

/**
 * A migrated database of its own for the tests of the current `describe`; call it in the body of one.
 * Connections that are open at its end fail the run.
 * @param options.empty without tables
 */
export function testDatabase(options: { empty?: boolean } = {}): TestDatabase {
  const name = `rebake_test_${process.pid}_${numberOfDatabases++}`;
  const opened: Database[] = [];
  const database = {
    url: "",
    open: async (entities: DataSourceOptions["entities"] = []) => {
      opened.push(await openDatabase({ url: database.url, log: silent, entities }));
      return opened.at(-1)!;
    },
  };
  before("make the database", async function () {
    this.timeout(120_000);
    const server = await clusterUrl();
    await administer(server, `create database ${name} template ${options.empty ? "template0" : template}`);
    database.url = urlOf(server, name);
  });
  after("drop the database", async () => {
    await Promise.all(opened.map((each) => each.close()));
    const server = await clusterUrl();
    try {
      await expectNoSessions(server, name);
    } finally {
      await administer(server, `drop database if exists ${name} with (force)`);
    }
  });
  return database;
}

/** The server that holds the test databases: TEST_DATABASE_URL, or one that is started for this run. */
export function clusterUrl(): Promise<string> {
  preparing ??= prepare();
  return preparing;
}

/** Removes what the run made; for the last hook. */
export async function stopCluster(): Promise<void> {
  if (preparing !== null) {
    await administer(await preparing, `drop database if exists ${template} with (force)`);
    await embedded?.stop();
  }
}

async function prepare(): Promise<string> {
  const server = process.env.TEST_DATABASE_URL ?? (await startEmbedded());
  await administer(server, `create database ${template} template template0`);
  const database = await openDatabase({ url: urlOf(server, template), log: silent, entities: [] });
  await database.close();
  return server;
}

async function startEmbedded(): Promise<string> {
  embedded = await startEmbeddedPostgres({ home: clusterFolder, log: silent, unsafeFast: true });
  return embedded.url;
}

async function administer(server: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Sessions end a moment after their sockets do. */
async function expectNoSessions(server: string, name: string): Promise<void> {
  const sql = `select application_name, state, query from pg_stat_activity where datname = '${name}'`;
  let rows: unknown[] = [];
  await eventually(async () => {
    rows = (await administer(server, sql)).rows;
    return rows.length === 0;
  }).catch(() => {
    throw new Error(`database sessions were left open: ${JSON.stringify(rows)}`);
  });
}

function urlOf(server: string, name: string): string {
  return server.replace(/^([^:]+:\/\/[^/]*\/)[^?]*/, `$1${name}`);
}
