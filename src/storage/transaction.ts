import type { DataSource, EntityManager } from "typeorm";
import { appendEvents } from "../events/append.js";
import { type NewEvent, type SerialisedEvent, serialise } from "../events/event-map.js";
import { chainOf, troubleOf } from "./unavailable.js";

/** One unit of work: all of it is committed with its events, or none. */
export class Transaction {
  readonly events: SerialisedEvent[] = [];
  private began: Promise<Date> | null = null;
  constructor(readonly manager: EntityManager) {}

  /** Runs one statement and returns its rows (for UPDATE and DELETE: those of RETURNING). */
  async query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    const answer = await this.manager.query(sql, parameters);
    return Array.isArray(answer) && Array.isArray(answer[0]) && typeof answer[1] === "number"
      ? answer[0]
      : answer;
  }

  /** When this transaction began, by the database's clock: servers' own clocks may differ. */
  now(): Promise<Date> {
    this.began ??= this.query<{ now: Date }>("select now()").then(([row]) => row!.now);
    return this.began;
  }

  /** To be appended to the event log as the last statement of this transaction. */
  emit(event: NewEvent): void {
    this.events.push(serialise(event));
  }

  /** As `emit`, for events that a statement has written out. */
  emitSerialised(events: readonly SerialisedEvent[]): void {
    for (const event of events) {
      this.events.push(event);
    }
  }
}

export interface Committed<Result> {
  result: Result;
  /** Position in the event log just before this transaction's events. */
  cursor: bigint;
}

const retried = new Set(["40001", "40P01"]);

/** For how long a database counts as full after it has said so, in ms: what is small it may still take. */
const fullFor = 10_000;

/** Runs units of work and tells who listens that events were committed. */
export class Transactions {
  private listener: (newest: bigint) => void = () => {};
  private full: { error: unknown; at: number } | null = null;
  constructor(readonly dataSource: DataSource) {}

  /** Called after each commit with events, with the newest cursor. At most one listener. */
  onCommit(listener: (newest: bigint) => void): void {
    this.listener = listener;
  }

  /** Runs `work` in a transaction; a deadlock or serialization failure runs it again, at most twice. */
  async run<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return (await this.commit(work)).result;
  }

  /** As `run`, and says where in the event log it lies. */
  async commit<Result>(work: (tx: Transaction) => Promise<Result>, tries = 3): Promise<Committed<Result>> {
    try {
      return await this.once(work);
    } catch (error) {
      if (chainOf(error).some((each) => troubleOf(each) === "FULL")) {
        this.full = { error, at: performance.now() };
      }
      if (tries > 1 && retried.has((error as { code?: string }).code ?? "")) {
        return this.commit(work, tries - 1);
      }
      throw error;
    }
  }

  /** @throws Error what the database said when it lately had no space left */
  assertSpace(): void {
    if (this.full !== null && performance.now() - this.full.at < fullFor) {
      throw this.full.error;
    }
  }

  /** Reads at one moment, whatever others write meanwhile; changes nothing. */
  async read<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.dataSource.transaction("REPEATABLE READ", async (manager) => {
      await manager.query("set transaction read only");
      return work(new Transaction(manager));
    });
  }

  private async once<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Committed<Result>> {
    let newest: bigint | null = null;
    const { result, cursor } = await this.dataSource.transaction(async (manager) => {
      const tx = new Transaction(manager);
      const result = await work(tx);
      newest = await appendEvents(tx);
      const cursor = newest === null ? await currentCursor(manager) : newest - BigInt(tx.events.length);
      return { result, cursor };
    });
    if (newest !== null) {
      this.listener(newest);
    }
    return { result, cursor };
  }
}

/** The newest committed position of the event log. */
export async function currentCursor(manager: EntityManager): Promise<bigint> {
  const [row] = await manager.query("select cursor from event_counter");
  return BigInt(row.cursor);
}
