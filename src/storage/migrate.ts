import { readdir } from "node:fs/promises";
import type pg from "pg";
import { DataSource, type MigrationInterface } from "typeorm";
import { StartError } from "../errors.js";
import type { Log } from "../log.js";

/** Its name ends in 13 digits, by which migrations are ordered, e.g. `Thread0000000000001`. */
export type MigrationClass = new () => MigrationInterface;

const table = "schema_migration";
/** Any number will do that nobody else takes: "rebake" in ASCII. */
const lockKey = 0x72_65_62_61_6b_65;
const lockTimeoutMs = 120_000;

/** The migrations that belong to this version, in their order. */
export async function loadMigrations(
  folder = new URL("../../migrations/", import.meta.url),
): Promise<MigrationClass[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".js")).sort();
  const modules = await Promise.all(files.map((name) => import(new URL(name, folder).href)));
  const exported = modules.flatMap((module) => Object.values(module as Record<string, unknown>));
  return exported.filter(isMigration);
}

function isMigration(value: unknown): value is MigrationClass {
  return typeof value === "function" && /\d{13}$/.test(value.name);
}

/**
 * Runs what the database lacks, each migration in a transaction. Servers that start at once take turns.
 * @param session holds the lock: it must stay open, and be closed by the caller
 * @throws StartError SCHEMA_TOO_NEW when the database has a migration that is none of ours
 */
export async function migrate(options: {
  url: string;
  session: pg.Client;
  migrations: MigrationClass[];
  log: Log;
}): Promise<void> {
  const { url, session, migrations, log } = options;
  await lock(session);
  const known = new Set(migrations.map((migration) => migration.name));
  const done = await namesOfDone(session);
  const strange = done.filter((name) => !known.has(name));
  if (strange.length > 0) {
    throw new StartError(
      "SCHEMA_TOO_NEW",
      `The database was migrated by a newer Rebake (${strange.join(", ")}); start that version.`,
    );
  }
  if (done.length < migrations.length) {
    await runMissing(url, migrations, log);
  }
}

async function lock(session: pg.Client): Promise<void> {
  await session.query(`set lock_timeout = ${lockTimeoutMs}`);
  await session.query("select pg_advisory_lock($1)", [lockKey]).catch(() => {
    throw new StartError(
      "DATABASE_UNREACHABLE",
      `Another server has been migrating this database for ${lockTimeoutMs / 1000} s; ` +
        "wait for it or stop it, then start again.",
    );
  });
}

async function namesOfDone(session: pg.Client): Promise<string[]> {
  const { rows } = await session.query("select to_regclass($1) is not null as made", [table]);
  return rows[0].made ? (await session.query(`select name from ${table}`)).rows.map((row) => row.name) : [];
}

async function runMissing(url: string, migrations: MigrationClass[], log: Log): Promise<void> {
  // No timeouts here: a migration of much data takes its time.
  const dataSource = new DataSource({
    type: "postgres",
    migrations,
    migrationsTableName: table,
    logging: false,
    installExtensions: false,
    poolSize: 2,
    extra: { connectionString: url, application_name: "rebake migrations" },
  });
  await dataSource.initialize();
  try {
    const ran = await dataSource.runMigrations({ transaction: "each" });
    log.info({ migrations: ran.map((migration) => migration.name) }, "migrated the database");
  } finally {
    await dataSource.destroy();
  }
}
