import type pg from "pg";
import { ListenConnection } from "./listen-connection.js";

/** What instances tell each other. All are hints: a listener looks itself, and must do without. */
export interface Hints {
  /** The newest cursor of the event log. */
  events: string;
  /** Id of an operation whose log grew. */
  log: string;
  /** Id of a token that was revoked. */
  tokens: string;
}
export type HintKind = keyof Hints;
/** Null: anything may have happened (a reconnect, or the slow poll). */
export type HintListener = (hint: string | null) => void;

export interface NotifierOptions {
  connection: pg.ClientConfig;
  onError: (error: unknown) => void;
  /** Milliseconds between looks when no notification comes; 2,000 unless told, 500 without notifications. */
  pollInterval?: number;
  /** False: no LISTEN and no NOTIFY; everything is found by polling. */
  notify?: boolean;
}

const kinds = ["events", "log", "tokens"] as const satisfies HintKind[];
const channelOf = (kind: HintKind) => `rebake_${kind}`;
/** Different hints of one kind that wait to be sent; when there are more, the oldest are left to the poll. */
const mostWaiting = 1_000;

/**
 * Wakes whoever waits for something in the database: this instance at once, the others through NOTIFY.
 * Sending is off the critical path, and what waits to be sent is coalesced.
 */
export class Notifier {
  private readonly listeners: Record<HintKind, Set<HintListener>> = {
    events: new Set(),
    log: new Set(),
    tokens: new Set(),
  };
  private readonly waiting: Record<HintKind, Set<string>> = {
    events: new Set(),
    log: new Set(),
    tokens: new Set(),
  };
  private connection: ListenConnection | null = null;
  private poll: NodeJS.Timeout | null = null;
  private sending = false;
  private newest = 0n;

  constructor(private readonly options: NotifierOptions) {}

  start(): void {
    const { notify, pollInterval = notify === false ? 500 : 2_000 } = this.options;
    this.poll = setInterval(() => this.tellAll(), pollInterval);
    if (notify === false) {
      return;
    }
    this.connection = new ListenConnection({
      connection: this.options.connection,
      channels: kinds.map(channelOf),
      onNotification: (channel, payload) => this.received(channel, payload),
      onConnected: () => this.tellAll(),
      onError: this.options.onError,
    });
  }

  async stop(): Promise<void> {
    if (this.poll) {
      clearInterval(this.poll);
    }
    await this.connection?.stop();
    this.connection = null;
  }

  /** Calls `listener` with each hint of a kind until the returned function is called. */
  on(kind: HintKind, listener: HintListener): () => void {
    this.listeners[kind].add(listener);
    return () => this.listeners[kind].delete(listener);
  }

  /** Events were committed here; for `Transactions.onCommit`. Needs no `this`. */
  readonly committed = (newest: bigint): void => {
    // Two commits may be reported in the other order: the older must not replace the newer.
    this.newest = newest > this.newest ? newest : this.newest;
    this.waiting.events.clear();
    this.hint("events", this.newest.toString());
  };

  /** Tells everybody, here and on other instances. Call it after the commit it speaks of. */
  hint<Kind extends HintKind>(kind: Kind, value: Hints[Kind]): void {
    this.tell(kind, value);
    const waiting = this.waiting[kind];
    if (!this.connection || (waiting.size >= mostWaiting && !waiting.has(value))) {
      return;
    }
    waiting.add(value);
    if (!this.sending) {
      this.sending = true;
      setImmediate(() => void this.send());
    }
  }

  private async send(): Promise<void> {
    for (let next = this.takeNext(); next !== null; next = this.takeNext()) {
      await this.connection?.notify(channelOf(next.kind), next.value);
    }
    this.sending = false;
  }

  private takeNext(): { kind: HintKind; value: string } | null {
    for (const kind of kinds) {
      for (const value of this.waiting[kind]) {
        this.waiting[kind].delete(value);
        return { kind, value };
      }
    }
    return null;
  }

  private received(channel: string, payload: string): void {
    const kind = kinds.find((kind) => channelOf(kind) === channel);
    if (kind) {
      this.tell(kind, payload);
    }
  }

  private tellAll(): void {
    for (const kind of kinds) {
      this.tell(kind, null);
    }
  }

  private tell(kind: HintKind, hint: string | null): void {
    for (const listener of [...this.listeners[kind]]) {
      try {
        listener(hint);
      } catch (error) {
        this.options.onError(error);
      }
    }
  }
}
