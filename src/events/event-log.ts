import type { DataSource } from "typeorm";
import { expiredCursor, invalidCursor } from "./cursor.js";
import { type EventFilter, wants } from "./event-filter.js";
import type { LoggedEvent } from "./event-map.js";

export interface EventQuery {
  /** Only events behind this position. */
  after: bigint;
  /** How many rows to read at most. */
  limit: number;
  /** Without one: all events. */
  filter?: EventFilter | undefined;
}

export interface EventPage {
  /** In the order of their cursors. */
  events: LoggedEvent[];
  /** Up to here the log has been read: no other wanted event lies between `after` and this. */
  position: bigint;
  /** The newest position of the log when it was read. */
  head: bigint;
}

/** Reads pages of the event log. */
export type ReadEvents = (query: EventQuery) => Promise<EventPage>;

/** How far one statement looks through the log for rare events, in positions. */
const window = 20_000n;

interface Row {
  head: string;
  expired: string;
  cursor: string | null;
  type: LoggedEvent["type"];
  at: Date;
  payload: LoggedEvent["payload"];
}

/** The event log as its readers see it: a list without gaps whose beginning is cleaned up by age. */
export class EventLog {
  constructor(private readonly dataSource: DataSource) {}

  /** The newest committed position. */
  async position(): Promise<bigint> {
    return (await this.bounds()).head;
  }

  /** CURSOR_INVALID for a position that has not been reached, CURSOR_EXPIRED for one cleaned up. */
  async check(after: bigint): Promise<void> {
    const { head, expired } = await this.bounds();
    assertReadable(after, head, expired);
  }

  /** The next events behind a position; throws as `check` does. Needs no `this`. */
  readonly read: ReadEvents = async ({ after, limit, filter }) => {
    const until = filter && filter.operationId === undefined ? after + window : null;
    const rows: Row[] = await this.dataSource.query(pageSql, [
      after.toString(),
      limit,
      until?.toString() ?? null,
      filter?.types ?? null,
      filter?.operationId ?? null,
      filter?.serviceIds ?? null,
      filter?.environmentIds ?? null,
    ]);
    const head = BigInt(rows[0]!.head);
    assertReadable(after, head, BigInt(rows[0]!.expired));
    const events = rows.filter((row) => row.cursor !== null).map(toEvent);
    const full = events.length >= limit;
    return {
      events: filter ? events.filter((event) => wants(filter, event)) : events,
      position: full ? events.at(-1)!.cursor : until !== null && until < head ? until : head,
      head,
    };
  };

  private async bounds(): Promise<{ head: bigint; expired: bigint }> {
    const [row] = await this.dataSource.query("select cursor, expired_cursor from event_counter");
    return { head: BigInt(row.cursor), expired: BigInt(row.expired_cursor) };
  }
}

/**
 * The counter and the rows come from one statement and so from one snapshot: `head` is exactly how far the
 * rows go, and rows are never missing below it unless `expired` says so.
 */
const pageSql = `
  select counter.cursor as head, counter.expired_cursor as expired, found.*
  from event_counter counter
  left join lateral (
    select e.cursor, e.type, e.at, e.payload
    from event e
    where e.cursor > $1::bigint
      and ($3::bigint is null or e.cursor <= $3::bigint)
      and ($4::text[] is null or e.type = any ($4::text[]))
      and ($5::text is null or e.operation_id = $5::text)
      and ($6::text[] is null or e.service_id = any ($6::text[]))
      and ($7::text[] is null or e.environment_id = any ($7::text[]))
    order by e.cursor
    limit $2::integer
  ) found on true
  order by found.cursor`;

function assertReadable(after: bigint, head: bigint, expired: bigint): void {
  if (after > head) {
    throw invalidCursor(after.toString());
  }
  if (after < expired) {
    throw expiredCursor(after, expired);
  }
}

function toEvent(row: Row): LoggedEvent {
  return {
    cursor: BigInt(row.cursor!),
    at: row.at,
    type: row.type,
    payload: row.payload,
  } as LoggedEvent;
}
