import { expiredCursor } from "../events/cursor.js";
import type { Transaction } from "../storage/transaction.js";
import { type Condition, whereAll } from "./conditions-sql.js";

/** How to mark. */
export interface ReadMark {
  /** False: as unread again. */
  read: boolean;
  /** Only those that have not changed since this position of the event log; null: as they are now. */
  upTo: bigint | null;
}

/**
 * Marks Updates as read, or as unread again.
 * @param which about the table `t` of Updates
 * @returns how many that changes
 * @throws RequestError CURSOR_EXPIRED when nobody knows any more what has changed since `upTo`
 */
export async function markUpdatesRead(
  tx: Transaction,
  which: readonly Condition[],
  { read, upTo }: ReadMark,
): Promise<number> {
  const values: unknown[] = [];
  const unlike = { sql: read ? "t.read_at is null" : "t.read_at is not null", values: [] };
  const locked = await tx.query<{ id: string }>(
    `select t.id from service_update as t where ${whereAll([unlike, ...which], values)}
     order by t.service_id for update`,
    values,
  );
  // A statement of its own: it sees the events of those that the locks were waited for.
  const changed = await tx.query(
    `update service_update set read_at = ${read ? "now()" : "null"}
     where id = any($1) and ($2::bigint is null or not exists (
       select from event where cursor > $2 and type = 'UPDATE_AVAILABLE' and event.service_id = service_update.service_id))
     returning id`,
    [locked.map(({ id }) => id), upTo?.toString() ?? null],
  );
  if (upTo !== null) {
    await assertKept(tx, upTo);
  }
  return changed.length;
}

/** Checked last: events are noted as expired before they are deleted. */
async function assertKept(tx: Transaction, upTo: bigint): Promise<void> {
  const [row] = await tx.query<{ expired: string }>("select expired_cursor as expired from event_counter");
  const expired = BigInt(row!.expired);
  if (upTo < expired) {
    throw expiredCursor(upTo, expired);
  }
}
