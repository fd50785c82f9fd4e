import type { Channel } from "./channel.js";
import type { LoggedEvent } from "./event-map.js";
import { yieldToLoop } from "./pause.js";
import type { Subscriber } from "./subscriber.js";

/** Events read and rendered at once for a subscriber that is behind. */
const pageSize = 100;

/**
 * One subscriber's place in the event log. *Live*, it is served by its channel with all others; *catching
 * up*, it reads the log by itself, as fast as its peer takes it, until it stands where its channel stands.
 */
export class Subscription {
  private state: "new" | "catching" | "live" | "ended" = "new";

  constructor(
    private readonly channel: Channel,
    readonly subscriber: Subscriber,
    private at: bigint,
  ) {}

  /** All wanted events up to here have been handed to the subscriber. */
  get position(): bigint {
    return this.at;
  }

  get live(): boolean {
    return this.state === "live";
  }

  get ended(): boolean {
    return this.state === "ended";
  }

  /** Begins delivery, with `initial` first: events made for this subscriber, not of the log. */
  start(initial: readonly LoggedEvent[]): void {
    this.state = "catching";
    this.channel.demote(this);
    if (initial.length === 0 && this.channel.join(this)) {
      this.goLive();
    } else {
      void this.catchUp(initial);
    }
  }

  /** Ends it without a word to the subscriber. */
  stop(): void {
    if (this.state !== "ended") {
      this.state = "ended";
      this.channel.remove(this);
    }
  }

  fail(error: unknown): void {
    if (!this.ended) {
      this.stop();
      this.subscriber.fail(error);
    }
  }

  /** Hands over what it has not had yet; `last`: the subscription ends with the last of these events. */
  give(events: readonly LoggedEvent[], payloads: readonly (string | null)[], last: boolean): void {
    const texts = payloads.filter((text, i): text is string => text !== null && events[i]!.cursor > this.at);
    this.giveTexts(texts, events.at(-1)!.cursor, last);
  }

  /** As `give`, with what was chosen already; `upTo` is the position reached by it. */
  giveTexts(texts: readonly string[], upTo: bigint, last: boolean): void {
    if (texts.length > 0) {
      this.subscriber.deliver(texts);
    }
    this.at = upTo > this.at ? upTo : this.at;
    if (last && !this.ended) {
      this.stop();
      this.subscriber.complete();
    }
  }

  /** Its peer does not keep up: it goes on at its own pace, from the log. */
  demote(): void {
    this.state = "catching";
    this.channel.demote(this);
    void this.catchUp([]);
  }

  private async catchUp(initial: readonly LoggedEvent[]): Promise<void> {
    try {
      await this.giveInitial(initial);
      while (this.state === "catching") {
        await this.subscriber.drained();
        // No await between the look at the channel's position and joining it: none missed, none twice.
        if (this.ended || (this.channel.join(this) && this.goLive())) {
          return;
        }
        await this.channel.gate.run(() => this.nextPage());
        await yieldToLoop();
      }
    } catch (error) {
      this.fail(error);
    }
  }

  private async giveInitial(initial: readonly LoggedEvent[]): Promise<void> {
    if (initial.length === 0) {
      return;
    }
    const { events, last } = this.channel.upToLast(initial);
    const payloads = await this.channel.source.render(events);
    if (!this.ended) {
      this.giveTexts(
        payloads.filter((text) => text !== null),
        this.at,
        last,
      );
    }
  }

  private async nextPage(): Promise<void> {
    const page = await this.channel.read(this.at, pageSize, () => this.ended);
    if (page === null || page.events.length === 0) {
      this.at = page?.position ?? this.at;
      return;
    }
    const { events, last } = this.channel.upToLast(page.events);
    const payloads = await this.channel.source.render(events);
    if (!this.ended) {
      this.give(events, payloads, last);
      this.at = page.position;
    }
  }

  private goLive(): true {
    this.state = "live";
    this.channel.promote(this);
    return true;
  }
}
