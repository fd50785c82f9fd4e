import type { EventFilter } from "../events/event-filter.js";
import type { LoggedEvent } from "../events/event-map.js";

export interface FeedSource extends EventFilter {
  /** Position of the event log behind which delivery begins; absent: with the next event. */
  readonly after?: bigint | null | undefined;
  /** Delivered first, e.g. how things are now, when a client does not say `after`. */
  readonly initial?: readonly LoggedEvent[] | undefined;
  /** Whether the subscription is complete after this event. Must depend on nothing but the event. */
  readonly isLast?: ((event: LoggedEvent) => boolean) | undefined;
}

/**
 * What a subscription's `subscribe` returns to be served by the hub: not a stream of its own but which
 * events it wants. Each event becomes the root value of one execution that all subscribers with the same
 * document, variables and scope share; so what the fields resolve to must not depend on the argument `after`
 * nor on anything of the caller but the scope.
 */
export class Feed implements AsyncIterable<LoggedEvent> {
  constructor(readonly source: FeedSource) {}

  /** Makes graphql-js take it for a source stream; nobody iterates over it. */
  [Symbol.asyncIterator](): AsyncIterator<LoggedEvent> {
    throw new Error("A Feed is delivered by the hub; open it with Subscriptions.open.");
  }
}
