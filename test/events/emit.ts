import type { DataSource } from "typeorm";
import type { EventMap } from "../../src/events/event-map.js";
import { type Transaction, Transactions } from "../../src/storage/transaction.js";

/** Emits an event about a service in a transaction. */
export function emitChange(tx: Transaction, serviceId = "svc_1", environmentId = "env_1"): void {
  const payload: EventMap["SERVICE_CHANGED"] = { serviceId, environmentId, state: "RUNNING" };
  tx.emit({ type: "SERVICE_CHANGED", payload });
}

/** Appends events in a transaction of their own; returns the newest cursor. */
export async function append(dataSource: DataSource, count = 1, serviceId?: string): Promise<bigint> {
  const { cursor } = await new Transactions(dataSource).commit(async (tx) => {
    for (let i = 0; i < count; i++) {
      emitChange(tx, serviceId);
    }
  });
  return cursor + BigInt(count);
}
