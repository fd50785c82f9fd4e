import type { Logger } from "pino";
import type { Transactions } from "../storage/transaction.js";
import type { Claimed } from "./claim.js";
import type { OperationLogLine } from "./driver.js";

const flushMilliseconds = 100;
const longestLine = 4096;
/** More lines than this are counted, not kept. */
const mostLines = 5000;

/**
 * Writes an operation's log lines, a few at a time, and tells when there are new ones. A line that cannot be
 * written is lost with a warning: the log must never stop the work it speaks of. Nothing is written of a claim that
 * somebody else has followed.
 */
export class OperationLogWriter {
  private waiting: (OperationLogLine & { at: Date })[] = [];
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<void> = Promise.resolve();
  private count: number | null = null;
  private dropped = 0;

  constructor(
    private readonly claimed: Omit<Claimed, "lease">,
    private readonly transactions: Transactions,
    private readonly written: (operationId: string) => void,
    private readonly log: Logger,
  ) {}

  /** Never throws and never waits. */
  append(line: OperationLogLine): void {
    if ((this.count ?? 0) + this.waiting.length >= mostLines) {
      this.dropped += 1;
      return;
    }
    this.waiting.push({
      ...line,
      line: line.line.replaceAll("\0", "").slice(0, longestLine),
      at: this.claimed.clock.now(),
    });
    this.timer ??= setTimeout(() => this.flush(), flushMilliseconds);
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    if (this.dropped > 0) {
      const line = `${this.dropped} more lines were not kept`;
      this.waiting.push({ stream: "rebake", line, instance: null, at: this.claimed.clock.now() });
    }
    this.flush();
    await this.writing;
  }

  private flush(): void {
    clearTimeout(this.timer ?? undefined);
    this.timer = null;
    const lines = this.waiting;
    this.waiting = [];
    if (lines.length > 0) {
      this.writing = this.writing.then(() => this.write(lines));
    }
  }

  private async write(lines: (OperationLogLine & { at: Date })[]): Promise<void> {
    const { id, fence } = this.claimed.operation;
    try {
      this.count ??= await this.countWritten();
      await this.transactions.dataSource.query(
        `insert into operation_log (operation_id, seq, at, stream, instance, line)
         select $1, $2::bigint + n, t.at, t.stream, t.instance, t.line
         from unnest($3::timestamptz[], $4::text[], $5::integer[], $6::text[])
           with ordinality as t(at, stream, instance, line, n)
         where exists (select from operation where id = $1 and fence = $7)`,
        [
          id,
          this.count,
          lines.map((line) => line.at),
          lines.map((line) => line.stream),
          lines.map((line) => line.instance),
          lines.map((line) => line.line),
          fence,
        ],
      );
      this.count += lines.length;
      this.written(id);
    } catch (error) {
      // What is there is counted anew: a number may be taken, or an answer was lost.
      this.count = null;
      this.log.warn({ err: error, operation: id, lines: lines.length }, "log lines were lost");
    }
  }

  private async countWritten(): Promise<number> {
    const [row] = await this.transactions.dataSource.query(
      "select coalesce(max(seq), 0)::integer as last from operation_log where operation_id = $1",
      [this.claimed.operation.id],
    );
    return row.last;
  }
}
