import "reflect-metadata";
import { Socket } from "node:net";
import pg from "pg";
import { DataSource, type DataSourceOptions } from "typeorm";
import { StartError } from "../errors.js";
import type { Log } from "../log.js";
import { loadMigrations, type MigrationClass, migrate } from "./migrate.js";

export interface Database {
  readonly dataSource: DataSource;
  /** As given; holds a password. For connections of their own, e.g. one that listens. */
  readonly url: string;
  /** Resolves when all connections are closed. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  url: string;
  log: Log;
  entities: NonNullable<DataSourceOptions["entities"]>;
  /** Those of the folder `migrations` unless given. */
  migrations?: MigrationClass[];
  /** Connections at most. */
  poolSize?: number;
  /** A transaction that does nothing for this long is ended: a frozen server must not hold locks; in ms. */
  idleInTransactionMs?: number;
  /** A statement that runs for longer is ended; in ms. */
  statementTimeoutMs?: number;
  /** One that waits for longer for somebody else's lock is ended; in ms. */
  lockTimeoutMs?: number;
}

const leastVersion = 14;
const connectTimeoutMs = 10_000;

/**
 * Connects, migrates and hands out the pool.
 * @throws StartError DATABASE_UNREACHABLE when there is no usable PostgreSQL, SCHEMA_TOO_NEW when a newer
 *   Rebake migrated it
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url, log } = options;
  const migrations = options.migrations ?? (await loadMigrations());
  const session = await connect(url);
  try {
    await checkVersion(session);
    await migrate({ url, session, migrations, log });
  } finally {
    await session.end();
  }
  const dataSource = await new DataSource({
    type: "postgres",
    entities: options.entities,
    synchronize: false,
    logging: false,
    installExtensions: false,
    poolSize: options.poolSize ?? 10,
    poolErrorHandler: (error: Error) => log.warn({ err: error }, "lost a connection to the database"),
    extra: {
      Client: PooledClient,
      connectionString: url,
      application_name: "rebake",
      connectionTimeoutMillis: connectTimeoutMs,
      // Reads (reads.ts) are sent several at once.
      pipeline: true,
      // A prepared read is planned for its values: the plan that suits a common one scans a table for a rare one.
      options: "-c plan_cache_mode=force_custom_plan",
      idle_in_transaction_session_timeout: options.idleInTransactionMs ?? 5_000,
      statement_timeout: options.statementTimeoutMs ?? 30_000,
      lock_timeout: options.lockTimeoutMs ?? 10_000,
      stream: () => socketThatGivesUp((options.statementTimeoutMs ?? 30_000) + 5_000),
    },
  }).initialize();
  return { dataSource, url, close: () => dataSource.destroy() };
}

/**
 * A connection can be ended between the moment it leaves the pool and its first statement, when neither listens for
 * errors: without anybody who does, that ends the process. The statement that runs on it fails by itself.
 */
class PooledClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config);
    this.on("error", () => {});
  }
}

/**
 * A network that swallows packets says nothing: without this a statement would wait for ever. PostgreSQL ends each
 * statement before, and the pool closes idle connections before, so that silence means that nobody is there.
 */
function socketThatGivesUp(milliseconds: number): Socket {
  const socket = new Socket();
  const silent = Object.assign(new Error("Connection terminated: no answer"), { code: "ETIMEDOUT" });
  return socket.setTimeout(milliseconds, () => socket.destroy(silent));
}

/** A session of its own: locks on it last as long as it does. */
async function connect(url: string): Promise<pg.Client> {
  let where = "DATABASE_URL";
  try {
    const client = new pg.Client({
      connectionString: url,
      application_name: "rebake start",
      connectionTimeoutMillis: connectTimeoutMs,
    });
    where = `${client.user}@${client.host}:${client.port}/${client.database}`;
    await client.connect();
    // What happens to the session from here on is seen by the statement that runs on it.
    client.on("error", () => {});
    return client;
  } catch (error) {
    const { message, code } = error as { message?: string; code?: string };
    throw new StartError(
      "DATABASE_UNREACHABLE",
      `No connection to PostgreSQL at ${where}: ${withoutPassword(message || code || "unknown", url)}; ` +
        "correct DATABASE_URL, or unset it to use the embedded one.",
    );
  }
}

function withoutPassword(text: string, url: string): string {
  const password = /:\/\/[^:/@]*:(.+)@/.exec(url)?.[1];
  return password ? text.replaceAll(url, "DATABASE_URL").replaceAll(password, "***") : text;
}

async function checkVersion(session: pg.Client): Promise<void> {
  const { rows } = await session.query("select current_setting('server_version_num')::int / 10000 as major");
  if (rows[0].major < leastVersion) {
    throw new StartError(
      "DATABASE_UNREACHABLE",
      `PostgreSQL at ${session.host}:${session.port} is version ${rows[0].major}; ` +
        `Rebake needs ${leastVersion} or newer: upgrade it, or unset DATABASE_URL to use the embedded one.`,
    );
  }
}
