import { RequestError } from "../errors.js";
import type { EventFilter } from "./event-filter.js";
import { wants } from "./event-filter.js";
import type { EventPage, ReadEvents } from "./event-log.js";
import type { LoggedEvent } from "./event-map.js";
import type { Gate } from "./gate.js";
import { yieldToLoop } from "./pause.js";
import { Recent } from "./recent.js";
import type { Subscription } from "./subscription.js";

/** What the subscribers of a channel have in common. */
export interface ChannelSource {
  readonly filter: EventFilter;
  /** The text of each event, rendered once for all subscribers; null: nothing is sent for it. */
  render(events: readonly LoggedEvent[]): Promise<readonly (string | null)[]>;
  /** Whether a subscription is complete after this event. */
  isLast?: ((event: LoggedEvent) => boolean) | undefined;
}

export interface ChannelLimits {
  /** Bytes a live subscriber may have in its buffer before it goes on at its own pace. */
  bufferedBytes: number;
  /** Events that may wait to be rendered before the channel reads them from the log instead. */
  queuedEvents: number;
}

export interface ChannelSurroundings {
  read: ReadEvents;
  /** The newest event the hub has published. */
  head: () => bigint;
  limits: ChannelLimits;
  gate: Gate;
  onError: (error: unknown) => void;
  onEmpty: () => void;
}

/** Calls of `deliver` times events in one turn of the event loop. */
const deliveriesPerTurn = 10_000;
const mostPerBatch = 100;
const retryDelay = 500;

/** Renders each event once and hands it to all subscribers of one kind, in order. */
export class Channel {
  readonly live = new Set<Subscription>();
  readonly catching = new Set<Subscription>();
  private queue: LoggedEvent[] = [];
  private running = false;
  /** More came than could be queued: the rest is in the log. */
  private behind = false;
  /** Events up to here came through the log and must not be queued once more. */
  private readUpTo = 0n;
  /** Live subscribers have had all wanted events up to here; all later ones are still to come. */
  private delivered: bigint;
  private readonly recent = new Recent({ events: 1_000, characters: 1_000_000 });

  constructor(
    readonly source: ChannelSource,
    private readonly around: ChannelSurroundings,
  ) {
    this.delivered = around.head();
  }

  get filter(): EventFilter {
    return this.source.filter;
  }

  get gate(): Gate {
    return this.around.gate;
  }

  /** Where a subscriber begins that does not say. */
  get position(): bigint {
    return this.delivered;
  }

  /** Takes an event of the log, if it is wanted here. Does nothing else before the next microtask. */
  offer(event: LoggedEvent): void {
    if (this.behind || event.cursor <= this.readUpTo || !wants(this.filter, event)) {
      return;
    }
    if (this.queue.length >= this.around.limits.queuedEvents) {
      this.queue = [];
      this.behind = true;
    } else {
      this.queue.push(event);
    }
    void this.run();
  }

  /**
   * True when the subscriber has all that was delivered here, if need be after taking the last of it from
   * memory: from the next batch on it can be served with the others, without an await in between.
   */
  join(subscription: Subscription): boolean {
    if (subscription.position < this.delivered) {
      const missing = this.recent.after(subscription.position);
      if (missing === null) {
        return false;
      }
      subscription.giveTexts(missing, this.delivered, false);
    }
    return !subscription.ended;
  }

  /** From now on it is served with the others. Only directly after `join`. */
  promote(subscription: Subscription): void {
    this.live.add(subscription);
    this.catching.delete(subscription);
    this.forgetRecent();
  }

  /** From now on it goes by itself. */
  demote(subscription: Subscription): void {
    this.live.delete(subscription);
    this.catching.add(subscription);
  }

  remove(subscription: Subscription): void {
    this.live.delete(subscription);
    this.catching.delete(subscription);
    this.forgetRecent();
    if (this.live.size + this.catching.size === 0) {
      this.queue = [];
      this.behind = false;
      this.around.onEmpty();
    }
  }

  failAll(error: unknown): void {
    for (const subscription of [...this.live, ...this.catching]) {
      subscription.fail(error);
    }
  }

  /** The events up to and with the one that ends a subscription, and whether there is one. */
  upToLast(events: readonly LoggedEvent[]): { events: readonly LoggedEvent[]; last: boolean } {
    const end = this.source.isLast ? events.findIndex(this.source.isLast) : -1;
    return end === -1 ? { events, last: false } : { events: events.slice(0, end + 1), last: true };
  }

  /** A page of wanted events; waits for a database that is away, null when nobody needs it any more. */
  async read(after: bigint, limit: number, givenUp: () => boolean): Promise<EventPage | null> {
    while (!givenUp()) {
      try {
        return await this.around.read({ after, limit, filter: this.filter });
      } catch (error) {
        if (error instanceof RequestError) {
          throw error;
        }
        this.around.onError(error);
        await new Promise((resolve) => setTimeout(resolve, retryDelay));
      }
    }
    return null;
  }

  private forgetRecent(): void {
    if (this.catching.size === 0) {
      this.recent.clear();
    }
  }

  private get abandoned(): boolean {
    return this.live.size + this.catching.size === 0;
  }

  private async run(): Promise<void> {
    if (this.running) {
      return;
    }
    this.running = true;
    try {
      // Whoever publishes has more events in hand: let them come first.
      await Promise.resolve();
      while (this.behind || this.queue.length > 0) {
        await (this.behind ? this.handleBacklog() : this.handle(this.queue.splice(0, this.batchSize())));
        await yieldToLoop();
      }
    } catch (error) {
      this.around.onError(error);
      this.queue = [];
      this.behind = false;
      this.failAll(error);
    } finally {
      this.running = false;
    }
  }

  private batchSize(): number {
    return Math.max(1, Math.min(mostPerBatch, Math.floor(deliveriesPerTurn / (this.live.size + 1))));
  }

  private async handleBacklog(): Promise<void> {
    const page = await this.read(this.delivered, this.batchSize(), () => this.abandoned);
    if (page === null || this.abandoned) {
      this.behind = false;
      return;
    }
    // What was published while `behind` lies below the head: with a page that reaches it nothing is missing.
    if (page.position >= this.around.head()) {
      this.behind = false;
      this.readUpTo = page.position;
    }
    if (page.events.length > 0) {
      await this.handle(page.events);
    }
    this.delivered = page.position;
  }

  private async handle(batch: readonly LoggedEvent[]): Promise<void> {
    const { events, last } = this.upToLast(batch);
    const payloads = await this.source.render(events);
    // From here on no await: `delivered` and what subscribers were given change together.
    this.distribute(events, payloads, last);
    if (this.catching.size > 0 && !last) {
      this.recent.add(this.delivered, events, payloads);
    } else {
      // Whoever has not had an ending event reads it from the log, and ends there.
      this.recent.clear();
    }
    this.delivered = events.at(-1)!.cursor;
    if (last) {
      await this.handleRest(batch.slice(events.length));
    }
  }

  /** After an ending event only those go on who joined later, or who had it before. */
  private async handleRest(rest: readonly LoggedEvent[]): Promise<void> {
    if (rest.length > 0 && !this.abandoned) {
      await this.handle(rest);
    }
  }

  private distribute(
    events: readonly LoggedEvent[],
    payloads: readonly (string | null)[],
    last: boolean,
  ): void {
    const first = events[0]!.cursor;
    const upTo = events.at(-1)!.cursor;
    const texts = payloads.filter((text) => text !== null);
    for (const subscription of [...this.live]) {
      if (subscription.position < first) {
        subscription.giveTexts(texts, upTo, last);
      } else {
        subscription.give(events, payloads, last && subscription.position < upTo);
      }
      if (subscription.live && subscription.subscriber.bufferedBytes() > this.around.limits.bufferedBytes) {
        subscription.demote();
      }
    }
  }
}
