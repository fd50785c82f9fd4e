import type { Transaction } from "../storage/transaction.js";
import { type Condition, whereAll } from "./conditions-sql.js";

/**
 * Marks Updates as read, or as unread again.
 * @param which about the table `t` of Updates
 * @returns how many that changes
 */
export async function markUpdatesRead(
  tx: Transaction,
  which: readonly Condition[],
  read: boolean,
): Promise<number> {
  const values: unknown[] = [];
  const unlike = { sql: read ? "t.read_at is null" : "t.read_at is not null", values: [] };
  const changed = await tx.query(
    `update service_update set read_at = ${read ? "now()" : "null"} where id in (
       select t.id from service_update as t where ${whereAll([unlike, ...which], values)} order by t.id for update)
     returning id`,
    values,
  );
  return changed.length;
}
