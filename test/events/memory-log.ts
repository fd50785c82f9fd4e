import { setImmediate as nextTurn } from "node:timers/promises";
import { wants } from "../../src/events/event-filter.js";
import type { ReadEvents } from "../../src/events/event-log.js";
import type { LoggedEvent } from "../../src/events/event-map.js";
import type { Subscriber } from "../../src/events/subscriber.js";

export function serviceChanged(cursor: bigint, serviceId = "svc_1", environmentId = "env_1"): LoggedEvent {
  return {
    cursor,
    at: new Date(0),
    type: "SERVICE_CHANGED",
    payload: { serviceId, environmentId, state: "RUNNING" },
  };
}

/** An event log without a database: what `append` adds can be read at once. */
export class MemoryLog {
  readonly events: LoggedEvent[] = [];
  reads = 0;

  append(count: number, serviceId?: string): LoggedEvent[] {
    const added = Array.from({ length: Math.floor(count) }, (_, i) =>
      serviceChanged(BigInt(this.events.length + i + 1), serviceId),
    );
    this.events.push(...added);
    return added;
  }

  readonly read: ReadEvents = async ({ after, limit, filter }) => {
    this.reads++;
    const head = BigInt(this.events.length);
    const events = this.events
      .filter((event) => event.cursor > after && (!filter || wants(filter, event)))
      .slice(0, limit);
    await nextTurn();
    return { events, head, position: events.length === limit ? events.at(-1)!.cursor : head };
  };
}

/** Keeps what it gets; takes it only while `open`. */
export class Recorder implements Subscriber {
  readonly payloads: string[] = [];
  ended: "completed" | { failed: unknown } | null = null;
  private buffered = 0;
  private blocked = false;
  private waiting: (() => void)[] = [];

  deliver(payloads: readonly string[]): void {
    this.payloads.push(...payloads);
    if (this.blocked) {
      this.buffered += payloads.join("").length;
    }
  }

  bufferedBytes(): number {
    return this.buffered;
  }

  drained(): Promise<void> {
    return this.buffered === 0
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.waiting.push(resolve);
        });
  }

  complete(): void {
    this.ended = "completed";
  }

  fail(error: unknown): void {
    this.ended = { failed: error };
  }

  /** The peer stops reading. */
  block(): void {
    this.blocked = true;
  }

  /** The peer takes what is there and reads on. */
  unblock(): void {
    this.blocked = false;
    this.buffered = 0;
    for (const resolve of this.waiting.splice(0)) {
      resolve();
    }
  }
}
