import type { Transaction } from "../storage/transaction.js";

/** A part of a WHERE clause about the table `t`; each `?` stands for the next of the values. */
interface Condition {
  sql: string;
  values: unknown[];
}

/**
 * Marks Updates as read, or as unread again.
 * @param which all of these conditions hold for the ones that are meant
 * @returns how many that changes
 */
export async function markUpdatesRead(
  tx: Transaction,
  which: readonly Condition[],
  read: boolean,
): Promise<number> {
  const values: unknown[] = [];
  const conditions = which.map(({ sql, values: given }) => {
    let next = 0;
    return sql.replace(/\?/g, () => `$${values.push(given[next++])}`);
  });
  const unlike = read ? "t.read_at is null" : "t.read_at is not null";
  const changed = await tx.query(
    `update service_update set read_at = ${read ? "now()" : "null"} where id in (
       select t.id from service_update as t
       where ${[unlike, ...conditions].join(" and ")} order by t.id for update)
     returning id`,
    values,
  );
  return changed.length;
}
