import type { DataSourceOptions } from "typeorm";
import type { Config } from "../config.js";
import type { Log } from "../log.js";
import type { Shutdown } from "../shutdown.js";
import { openDatabase } from "./data-source.js";
import { startEmbeddedPostgres } from "./embedded-postgres.js";
import { type Home, openHome } from "./home.js";
import { type Installation, openInstallation } from "./installation.js";
import { openSecretBox, type SecretBox } from "./secrets.js";
import { Transactions } from "./transaction.js";

export interface Storage {
  home: Home;
  /** Holds a password: never log it. */
  databaseUrl: string;
  transactions: Transactions;
  secretBox: SecretBox;
  installation: Installation;
}

/**
 * Opens everything that is kept: the home, PostgreSQL (our own unless another is configured), the secrets.
 * @throws StartError of every kind but CONFIG_INVALID's variables and PORT_IN_USE
 */
export async function openStorage(
  config: Config,
  entities: NonNullable<DataSourceOptions["entities"]>,
  log: Log,
  shutdown: Shutdown,
): Promise<Storage> {
  const home = await openHome(config.home);
  shutdown.add("home", () => home.release());
  const databaseUrl = config.databaseUrl ?? (await startEmbedded(home, log, shutdown));
  const database = await openDatabase({
    url: databaseUrl,
    entities,
    log,
    // A frozen server must not hold the event counter for longer than its leases last.
    idleInTransactionMs: Math.max(500, config.leaseSeconds * 500),
    // Nor may one that waits for it wait for that long; a frozen one is ended before.
    lockTimeoutMs: Math.max(1_000, config.leaseSeconds * 750),
  });
  shutdown.add("database", () => database.close());
  const transactions = new Transactions(database.dataSource);
  const secretBox = await openSecretBox({ home: home.folder, key: config.secretKey });
  const installation = await openInstallation(transactions, secretBox);
  return { home, databaseUrl, transactions, secretBox, installation };
}

async function startEmbedded(home: Home, log: Log, shutdown: Shutdown): Promise<string> {
  const postgres = await startEmbeddedPostgres({ home: home.folder, log: log.child({ part: "postgres" }) });
  shutdown.add("embedded PostgreSQL", () => postgres.stop());
  return postgres.url;
}
