import { Channel, type ChannelLimits, type ChannelSource } from "./channel.js";
import { EventIndex } from "./event-index.js";
import type { ReadEvents } from "./event-log.js";
import type { LoggedEvent } from "./event-map.js";
import { Gate } from "./gate.js";
import type { Subscriber } from "./subscriber.js";
import { Subscription } from "./subscription.js";

export interface HubOptions {
  read: ReadEvents;
  onError: (error: unknown) => void;
  limits?: Partial<ChannelLimits>;
  /** Subscribers that read the log at the same time; 4 unless told. */
  readers?: number;
}

export interface SubscribeRequest {
  /** Subscribers with the same key share one source. */
  key: string;
  /** Made for the first subscriber of a key. */
  source: () => ChannelSource;
  subscriber: Subscriber;
  /** Position behind which delivery begins; without one, with the next event. */
  after?: bigint | null | undefined;
  /** Delivered before all others: events made for this subscriber, not of the log. */
  initial?: readonly LoggedEvent[] | undefined;
}

const defaultLimits: ChannelLimits = { bufferedBytes: 1024 * 1024, queuedEvents: 2_000 };

/** Fans the events of the log out to all subscribers of this instance. Knows nothing of GraphQL. */
export class Hub {
  private head = 0n;
  private readonly channels = new Map<string, Channel>();
  private readonly index = new EventIndex<Channel>();
  private readonly gate: Gate;

  constructor(private readonly options: HubOptions) {
    this.gate = new Gate(options.readers ?? 4);
  }

  /** The log's position from which on `publish` will be called. */
  start(head: bigint): void {
    this.head = head;
  }

  /** Takes the next events of the log, in order. Returns at once. */
  publish(events: readonly LoggedEvent[]): void {
    for (const event of events) {
      this.index.visit(event, (channel) => channel.offer(event));
    }
    this.head = events.at(-1)?.cursor ?? this.head;
  }

  /** Begins delivery; it goes on until the subscription ends or its `stop` is called. */
  subscribe(request: SubscribeRequest): Subscription {
    const channel = this.channel(request.key, request.source);
    const subscription = new Subscription(channel, request.subscriber, request.after ?? channel.position);
    subscription.start(request.initial ?? []);
    return subscription;
  }

  /** Events were lost for all: they were cleaned up before this instance read them. */
  lost(error: unknown, head: bigint): void {
    this.head = head;
    for (const channel of [...this.channels.values()]) {
      channel.failAll(error);
    }
  }

  stats(): { channels: number; live: number; catchingUp: number } {
    const channels = [...this.channels.values()];
    return {
      channels: channels.length,
      live: channels.reduce((sum, channel) => sum + channel.live.size, 0),
      catchingUp: channels.reduce((sum, channel) => sum + channel.catching.size, 0),
    };
  }

  private channel(key: string, source: () => ChannelSource): Channel {
    const found = this.channels.get(key);
    if (found) {
      return found;
    }
    const channel: Channel = new Channel(source(), {
      read: this.options.read,
      head: () => this.head,
      limits: { ...defaultLimits, ...this.options.limits },
      gate: this.gate,
      onError: this.options.onError,
      onEmpty: () => this.removeChannel(key, channel),
    });
    this.channels.set(key, channel);
    this.index.add(channel);
    return channel;
  }

  private removeChannel(key: string, channel: Channel): void {
    if (this.channels.get(key) === channel) {
      this.channels.delete(key);
      this.index.remove(channel);
    }
  }
}
