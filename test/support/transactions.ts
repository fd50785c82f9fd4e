import type { Transaction } from "../../src/storage/transaction.js";
import type { Catalog } from "./catalog.js";
import { eventually } from "./eventually.js";

/** A transaction that has done its work and is not committed yet. */
export interface Uncommitted<T> {
  /** Lets it commit; resolves with what it made. */
  commit(): Promise<T>;
}

/** Does the work in a transaction and leaves that open. */
export async function uncommitted<T>(
  catalog: Catalog,
  work: (tx: Transaction) => Promise<T>,
): Promise<Uncommitted<T>> {
  let commit = () => {};
  const mayCommit = new Promise<void>((resolve) => {
    commit = resolve;
  });
  let whole!: Promise<T>;
  await new Promise<void>((worked, failed) => {
    whole = catalog.run(async (tx) => {
      const made = await work(tx);
      worked();
      await mayCommit;
      return made;
    });
    whole.catch(failed);
  });
  return {
    commit: () => {
      commit();
      return whole;
    },
  };
}

/** Resolves once a transaction of this database waits for a lock that another one holds. */
export async function someoneWaits(catalog: Catalog): Promise<void> {
  const sql = `select count(*)::int as n from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  await eventually(async () => (await catalog.transactions.dataSource.query(sql))[0].n > 0, {
    what: "a transaction that waits",
  });
}
