import type { Logger } from "pino";
import type { Operation } from "../domain/operation.js";
import { LeaseLost, OperationFailure } from "../errors.js";
import { type Claimant, type Claimed, claimNext, type Prolonged, prolong, release } from "./claim.js";
import type { OperationLogLine } from "./driver.js";
import { Journal, type OpenJournal } from "./journal.js";
import { type Moment, thisMoment } from "./lease.js";
import { OperationLogWriter } from "./operation-log.js";
import { type RunDeps, runOperation } from "./run.js";

export interface WorkerOptions extends RunDeps {
  claimant: Claimant;
  /** Operations at once on this server. */
  concurrency: number;
  /** Called when an operation's log has grown. */
  logWritten: (operationId: string) => void;
  openJournal?: OpenJournal;
}

interface Running extends Claimed {
  abort: AbortController;
  done: Promise<void>;
}

const pollMilliseconds = 1000;

/** Claims operations and runs them, a few at a time, for as long as it holds their leases. */
export class Worker {
  private readonly running = new Map<string, Running>();
  private stopping = false;
  private wakeUp: () => void = () => {};
  private woken = false;
  private loop: Promise<void> = Promise.resolve();
  private heartbeat: NodeJS.Timeout | null = null;
  /** Questions that wait for whoever writes to an operation, by its id. */
  private readonly patient = new Map<string, Promise<void>>();
  private beating: Promise<void> = Promise.resolve();
  private beats = 0;
  private failing = false;

  constructor(private readonly options: WorkerOptions) {}

  start(): void {
    const third = (this.options.claimant.leaseSeconds * 1000) / 3;
    this.heartbeat = setInterval(() => {
      // A beat that does not end says nothing either.
      if (this.beats > 0 || this.patient.size > 0) {
        this.giveUpWhenLate();
      }
      if (this.beats === 0) {
        void this.beatNow();
      }
    }, third);
    this.loop = this.claimLoop();
  }

  /** Looks for work now: something was queued. */
  wake(): void {
    this.woken = true;
    this.wakeUp();
  }

  /** Stops an operation that runs here; its driver leaves the old one serving. */
  private cancel(operationId: string, by: string): void {
    const message = `Cancelled by ${by}.`;
    this.running.get(operationId)?.abort.abort(new OperationFailure("CANCELLED_BY_USER", message));
  }

  /** Somebody asked for an operation to be cancelled, which may run here: looks at once instead of at the next beat. */
  cancelRequested(operationId: string): void {
    if (this.running.has(operationId)) {
      void this.beatNow();
    }
  }

  /** Whether it could reach the database when it last tried. */
  get healthy(): boolean {
    return !this.failing && !this.stopping;
  }

  /** Claims nothing more, stops what runs and gives it back for the next start, or another server, to go on with. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wakeUp();
    await this.loop;
    const unfinished = [...this.running.values()];
    for (const { operation, abort } of unfinished) {
      abort.abort(new LeaseLost(operation.id));
    }
    await Promise.all(unfinished.map(({ done }) => done));
    clearInterval(this.heartbeat ?? undefined);
    await this.beating;
    await Promise.all(this.patient.values());
  }

  private async claimLoop(): Promise<void> {
    while (!this.stopping) {
      this.woken = false;
      const claimed = this.running.size < this.options.concurrency ? await this.tryClaim() : null;
      if (claimed) {
        this.begin(claimed);
      } else if (!this.woken) {
        await this.sleep();
      }
    }
  }

  private async tryClaim(): Promise<Claimed | null> {
    const { transactions, claimant } = this.options;
    try {
      const claimed = await claimNext(transactions, claimant, [...this.running.keys()]);
      this.failing = false;
      return claimed;
    } catch (error) {
      this.options.log[this.failing ? "debug" : "error"](
        { err: error },
        "cannot look for work; trying again",
      );
      this.failing = true;
      return null;
    }
  }

  private sleep(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pollMilliseconds);
      this.wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.stopping || this.woken) {
        this.wakeUp();
      }
    });
  }

  private begin(claimed: Claimed): void {
    const { operation } = claimed;
    const abort = new AbortController();
    const done = this.work(claimed, abort.signal).finally(() => {
      this.running.delete(operation.id);
      this.wake();
    });
    this.running.set(operation.id, { ...claimed, abort, done });
    if (operation.cancelRequestedBy !== null) {
      this.cancel(operation.id, operation.cancelRequestedBy);
    }
  }

  private async work(claimed: Claimed, signal: AbortSignal): Promise<void> {
    const { transactions, logWritten } = this.options;
    const { operation } = claimed;
    const log = this.options.log.child({ operation: operation.id, service: operation.serviceId });
    const lines = new OperationLogWriter(claimed, transactions, logWritten, log);
    const started = performance.now();
    try {
      log.info({ kind: operation.kind, requestedBy: operation.requestedBy }, "operation started");
      const { openJournal = (...given) => new Journal(...given) } = this.options;
      const journal = openJournal(claimed, transactions);
      const io = {
        log: (line: OperationLogLine) => lines.append(line),
        assertHeld: () => this.assertHeld(claimed, signal),
        signal,
      };
      const outcome = await runOperation(journal, io, { ...this.options, log });
      const seconds = Number(((performance.now() - started) / 1000).toFixed(3));
      log.info({ verdict: outcome.verdict, cause: outcome.cause?.code, seconds }, "operation ended");
    } catch (error) {
      await this.leave(claimed, error, log);
    } finally {
      await lines.close();
    }
  }

  /** Whatever failed here might fail again: only a server that stops hands over at once, else the lease runs out. */
  private async leave({ operation }: Claimed, error: unknown, log: Logger): Promise<void> {
    if (error instanceof LeaseLost) {
      log[error.cause ? "error" : "info"]({ err: error }, "operation left for the next claim");
      await release(this.options.transactions, operation).catch((err) =>
        log.warn({ err }, "its lease runs out by itself"),
      );
    } else {
      log.error({ err: error }, "operation interrupted; it goes on when its lease has run out");
    }
  }

  /** A process that slept, or was cut off from the database, asks before it acts again. */
  private async assertHeld({ operation, lease }: Claimed, signal: AbortSignal): Promise<void> {
    const lost = () => signal.reason instanceof LeaseLost;
    if (!lost() && !lease.holds()) {
      await this.ask([operation], "wait");
    }
    if (lost() || !lease.holds()) {
      throw new LeaseLost(operation.id);
    }
  }

  /** One beat after the other. */
  private beatNow(): Promise<void> {
    this.beats++;
    const running = () => [...this.running.values()].map(({ operation }) => operation);
    this.beating = this.beating.then(() => this.ask(running(), "skip")).finally(() => this.beats--);
    return this.beating;
  }

  /**
   * Prolongs leases, and acts upon what is said of them. Does not depend on how long a driver takes. What is not
   * prolonged in time stops before its lease ends.
   */
  private async ask(operations: readonly Operation[], busy: "skip" | "wait"): Promise<void> {
    const asked = thisMoment();
    try {
      const held = await prolong(this.options.transactions, this.options.claimant, operations, busy);
      for (const operation of operations) {
        this.told(
          operation,
          held.find(({ id }) => id === operation.id),
          asked,
        );
      }
    } catch (error) {
      this.options.log.warn({ err: error }, "cannot prolong leases");
      this.giveUpWhenLate();
    }
  }

  private told(operation: Operation, row: Prolonged | undefined, asked: Moment): void {
    const running = this.running.get(operation.id);
    if (running?.operation !== operation) {
      return;
    }
    if (!row) {
      running.abort.abort(new LeaseLost(operation.id));
    } else if (row.prolonged) {
      running.lease.prolonged(asked);
    } else {
      this.askPatiently(operation);
    }
    if (row && row.cancelRequestedBy !== null) {
      this.cancel(operation.id, row.cancelRequestedBy);
    }
  }

  /** For one that somebody writes to just now, its own journal most likely: beside the beats of the others. */
  private askPatiently(operation: Operation): void {
    if (!this.patient.has(operation.id)) {
      const done = this.ask([operation], "wait").finally(() => this.patient.delete(operation.id));
      this.patient.set(operation.id, done);
    }
  }

  private giveUpWhenLate(): void {
    for (const { operation, lease, abort } of this.running.values()) {
      if (!lease.holds()) {
        abort.abort(new LeaseLost(operation.id));
      }
    }
  }
}
