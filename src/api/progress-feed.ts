import type { LoggedEvent, NewEvent } from "../events/event-map.js";
import type { RequestContext } from "./context.js";
import { Feed } from "./feed.js";

/** Something with a beginning and an end, all of whose events a client may want. */
export interface Progress {
  /** What its events are about. */
  id: string;
  /** Only events behind this; null: all that are kept. */
  after: bigint | null;
  ended: boolean;
  /** How it is now, for when no event of it is kept any more. */
  now: NewEvent;
  /** Whether an event tells of its end. Must depend on nothing but the event. */
  isLast: (event: LoggedEvent) => boolean;
}

/** Follows it from its first event that is still kept, whenever asked, until its end. */
export async function progressFeed(
  context: RequestContext,
  { id, after, ended, now, isLast }: Progress,
): Promise<Feed | AsyncIterable<never>> {
  const next = await firstEventAfter(context, id, after ?? -1n);
  if (next === null && after !== null && ended) {
    return nothingMore();
  }
  const position = await context.deps.eventLog.position();
  return new Feed({
    types: [now.type],
    operationId: id,
    after: after ?? (next === null ? position : next - 1n),
    initial: after === null && next === null ? [{ ...now, cursor: position, at: new Date() }] : undefined,
    isLast,
  });
}

async function firstEventAfter({ deps }: RequestContext, id: string, after: bigint): Promise<bigint | null> {
  const [row] = await deps.dataSource.query(
    "select min(cursor) as cursor from event where operation_id = $1 and cursor > $2::bigint",
    [id, after.toString()],
  );
  return row.cursor === null ? null : BigInt(row.cursor);
}

/** For whoever had the end already. */
async function* nothingMore(): AsyncGenerator<never> {}
