import type { Transaction } from "../storage/transaction.js";
import type { SerialisedEvent } from "./event-map.js";

/**
 * Appends a transaction's events and returns the newest cursor, null when there are none.
 *
 * The counter row hands cursors out in commit order and without gaps: whoever holds its lock commits before
 * the next one gets a number. So this must be the last thing a transaction does before it commits.
 */
export async function appendEvents(tx: Transaction): Promise<bigint | null> {
  if (tx.events.length === 0) {
    return null;
  }
  const columns = toColumns(tx.events);
  const [row] = await tx.query<{ cursor: string }>(
    `with taken as (update event_counter set cursor = cursor + $1::bigint returning cursor),
     added as (
       insert into event (cursor, type, environment_id, service_id, operation_id, payload)
       select taken.cursor - $1::bigint + e.n, e.type, e.environment_id, e.service_id, e.operation_id, e.payload
       from taken, rows from (unnest($2::text[], $3::text[], $4::text[], $5::text[]), json_array_elements($6::json))
         with ordinality as e(type, environment_id, service_id, operation_id, payload, n)
     )
     select cursor from taken`,
    [
      tx.events.length,
      columns.types,
      columns.environments,
      columns.services,
      columns.operations,
      columns.payloads,
    ],
  );
  return BigInt(row!.cursor);
}

function toColumns(events: SerialisedEvent[]) {
  return {
    types: events.map((event) => event.type),
    environments: events.map((event) => event.environmentId),
    services: events.map((event) => event.serviceId),
    operations: events.map((event) => event.operationId),
    // One JSON text: to quote thousands of JSON texts as elements of an array costs more than to write them.
    payloads: `[${events.map((event) => event.payload).join(",")}]`,
  };
}
