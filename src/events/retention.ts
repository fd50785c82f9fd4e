import type { DataSource } from "typeorm";
import { pause, yieldToLoop } from "./pause.js";

export interface RetentionOptions {
  dataSource: DataSource;
  /** Events older than this many days are deleted. */
  days: number;
  onError: (error: unknown) => void;
  /** Rows deleted by one statement; 5,000 unless told. */
  batch?: number;
  /** Milliseconds between two clean-ups; an hour unless told. */
  interval?: number;
}

/** Keeps the event log from growing for ever. Any number of instances may run it at once. */
export class Retention {
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;

  constructor(private readonly options: RetentionOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Deletes all that is old enough; answers how many events. */
  async cleanUp(): Promise<number> {
    let deleted = 0;
    // One round may only finish what a server that died has begun, so an empty round ends it, not a small one.
    for (let last = -1; last !== 0 && !this.stopping.signal.aborted; deleted += last) {
      const expired = await this.expire();
      last = await this.deleteUpTo(expired);
      await yieldToLoop();
    }
    return deleted;
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.cleanUp().catch(this.options.onError);
      await pause(this.options.interval ?? 3_600_000, this.stopping.signal);
    }
  }

  /**
   * Moves the log's beginning over the next old events, and commits that before anything is deleted: a
   * reader is told CURSOR_EXPIRED, never shown a gap. Deleting comes in a statement of its own because this
   * one locks the counter, which every writer needs.
   */
  private async expire(): Promise<bigint> {
    const [rows] = await this.options.dataSource.query(
      `update event_counter counter
       set expired_cursor = greatest(expired_cursor, (
         select coalesce(min(cursor) filter (where not old) - 1, max(cursor), 0)
         from (
           select cursor, at < now() - make_interval(days => $1) as old
           from event
           where cursor > (select expired_cursor from event_counter)
           order by cursor
           limit $2
         ) oldest
       ))
       returning expired_cursor`,
      [this.options.days, this.options.batch ?? 5_000],
    );
    return BigInt(rows[0].expired_cursor);
  }

  private async deleteUpTo(expired: bigint): Promise<number> {
    const [, count] = await this.options.dataSource.query(
      `delete from event
       where cursor in (select cursor from event where cursor <= $1::bigint order by cursor limit $2)`,
      [expired.toString(), this.options.batch ?? 5_000],
    );
    return count;
  }
}
