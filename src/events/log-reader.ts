import { RequestError } from "../errors.js";
import type { EventLog } from "./event-log.js";
import type { LoggedEvent } from "./event-map.js";
import { yieldToLoop } from "./pause.js";

export interface LogReaderOptions {
  log: EventLog;
  /** Takes the next events of the log, in order; one batch at a time. */
  deliver: (events: LoggedEvent[]) => void;
  /** Events up to `head` were cleaned up before this instance has seen them. */
  onGap: (error: RequestError, head: bigint) => void;
  onError: (error: unknown) => void;
  /** Events read at once; 500 unless told. */
  batch?: number;
}

/** Follows the event log, once for the whole instance, from where it is at the start. */
export class LogReader {
  private position = 0n;
  private wanted = false;
  private stopped = false;
  private reading: Promise<void> | null = null;

  constructor(private readonly options: LogReaderOptions) {}

  /** Everything up to here has been handed on. */
  get head(): bigint {
    return this.position;
  }

  /** Begins at the log's current end: what lies before costs nothing. */
  async start(): Promise<bigint> {
    this.position = await this.options.log.position();
    return this.position;
  }

  /** There may be new events. `newest` saves the look when it is already known; null means perhaps. */
  wake(newest: bigint | null = null): void {
    if (this.stopped || (newest !== null && newest <= this.position)) {
      return;
    }
    this.wanted = true;
    this.reading ??= this.readAll().finally(() => {
      this.reading = null;
    });
  }

  /** Hands nothing on any more once it has settled. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.reading;
  }

  /** A failed read is left to the next wake-up: the slow poll comes for sure. */
  private async readAll(): Promise<void> {
    try {
      // `wanted` is cleared before each read, so a wake-up during a read makes another one.
      while (this.wanted && !this.stopped) {
        this.wanted = false;
        await this.readBatch();
      }
    } catch (error) {
      this.wanted = false;
      this.options.onError(error);
    }
  }

  private async readBatch(): Promise<void> {
    try {
      const limit = this.options.batch ?? 500;
      const page = await this.options.log.read({ after: this.position, limit });
      if (this.stopped) {
        return;
      }
      this.position = page.position;
      this.wanted ||= page.position < page.head;
      if (page.events.length > 0) {
        this.options.deliver(page.events);
        await yieldToLoop();
      }
    } catch (error) {
      if (!(error instanceof RequestError)) {
        throw error;
      }
      this.position = await this.options.log.position();
      this.options.onGap(error, this.position);
    }
  }
}
