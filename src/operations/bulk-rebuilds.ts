import type { Logger } from "pino";
import { advanceBulkRebuild } from "../domain/advance-bulk-rebuild.js";
import type { Drivers } from "../domain/drivers.js";
import { pause } from "../events/pause.js";
import type { Transactions } from "../storage/transaction.js";

/** How often to look although nothing said so, in milliseconds: an event may be missed, a server may have died. */
const pollMilliseconds = 2_000;

/**
 * Takes bulk rebuilds on whenever one of their operations has ended. Any server may: the row of a bulk rebuild is locked
 * while it is taken on, so that several never begin more than it allows.
 */
export class BulkRebuilds {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private woken = false;
  private sleep = new AbortController();

  constructor(private readonly options: { transactions: Transactions; drivers: Drivers; log: Logger }) {}

  start(): void {
    this.loop = this.run();
  }

  /** Looks now. */
  wake(): void {
    this.woken = true;
    this.sleep.abort();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      this.woken = false;
      this.sleep = new AbortController();
      await this.advanceAll().catch((error) =>
        this.options.log.warn({ err: error }, "cannot look for bulk rebuilds; trying again"),
      );
      if (!this.woken) {
        await pause(pollMilliseconds, AbortSignal.any([signal, this.sleep.signal]));
      }
    }
  }

  private async advanceAll(): Promise<void> {
    const { transactions } = this.options;
    const open: { id: string }[] = await transactions.dataSource.query(
      "select id from bulk_rebuild where finished_at is null order by id",
    );
    for (const { id } of open) {
      await this.advance(id);
    }
  }

  /** One that cannot be taken on must not hold up those that were asked for after it. */
  private async advance(id: string): Promise<void> {
    const { transactions, drivers, log } = this.options;
    try {
      let more = true;
      while (more && !this.stopping.signal.aborted) {
        more = await transactions.run((tx) => advanceBulkRebuild(tx, id, drivers));
      }
    } catch (error) {
      log.warn({ err: error, bulkRebuild: id }, "cannot take a bulk rebuild on; trying again");
    }
  }
}
