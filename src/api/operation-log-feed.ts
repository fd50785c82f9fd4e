import type { DataSource } from "typeorm";
import { RequestError } from "../errors.js";
import type { Notifier } from "../events/notifier.js";

export interface LogLine {
  /** Position in the operation's log; a subscription resumes after it. */
  seq: bigint;
  at: Date;
  stream: string;
  /** Number of the replica that printed it; null when it is none's. */
  instance: number | null;
  line: string;
}

export interface OperationLogOptions {
  operationId: string;
  /** Only lines behind this `seq`; 0n for all. */
  after: bigint;
  dataSource: DataSource;
  /** Wakes the feed when the log grew; without a hint it looks at each slow poll of the notifier. */
  hints: Pick<Notifier, "on">;
  /** Ends the feed. */
  signal: AbortSignal;
  /** Lines in one batch at most; 500 unless told. */
  batch?: number;
}

/**
 * The lines of an operation's log in batches, live until the operation has ended and every line of it was
 * delivered. Lines must be committed no later than the operation's end, which is a hint of kind `log` as well.
 */
export async function* operationLogFeed(options: OperationLogOptions): AsyncGenerator<LogLine[], void, void> {
  const alarm = new Alarm(options.signal);
  const silence = options.hints.on("log", (hint) => {
    if (hint === null || hint === options.operationId) {
      alarm.ring();
    }
  });
  options.signal.addEventListener("abort", alarm.ring);
  try {
    yield* follow(options, alarm);
  } finally {
    silence();
    options.signal.removeEventListener("abort", alarm.ring);
  }
}

async function* follow(options: OperationLogOptions, alarm: Alarm): AsyncGenerator<LogLine[], void, void> {
  const limit = options.batch ?? 500;
  let after = options.after;
  while (!options.signal.aborted) {
    alarm.reset();
    // The state is read before the lines: when it says ended, the lines that follow are all there will be.
    const ended = await hasEnded(options);
    const lines = await readLines(options, after, limit);
    if (lines.length > 0) {
      after = lines.at(-1)!.seq;
      yield lines;
    }
    if (lines.length < limit) {
      if (ended) {
        return;
      }
      await alarm.rung();
    }
  }
}

async function hasEnded({ dataSource, operationId }: OperationLogOptions): Promise<boolean> {
  const [row] = await dataSource.query("select state from operation where id = $1", [operationId]);
  if (!row) {
    throw new RequestError("NO_SUCH_OPERATION", `There is no operation ${operationId}.`);
  }
  return row.state !== "QUEUED" && row.state !== "RUNNING";
}

async function readLines(options: OperationLogOptions, after: bigint, limit: number): Promise<LogLine[]> {
  const rows: (Omit<LogLine, "seq"> & { seq: string })[] = await options.dataSource.query(
    `select seq, at, stream, instance, line
     from operation_log
     where operation_id = $1 and seq > $2::bigint
     order by seq
     limit $3`,
    [options.operationId, after.toString(), limit],
  );
  return rows.map((row) => ({ ...row, seq: BigInt(row.seq) }));
}

/** Remembers a ring that came while nobody waited. */
class Alarm {
  private wake: (() => void) | null = null;
  private rang = false;

  constructor(private readonly signal: AbortSignal) {}

  readonly ring = (): void => {
    this.rang = true;
    this.wake?.();
  };

  reset(): void {
    this.rang = false;
  }

  async rung(): Promise<void> {
    if (!this.rang && !this.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = null;
    }
  }
}
