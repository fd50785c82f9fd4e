import type { Drivers } from "../domain/drivers.js";
import { Operation, snapshotOf } from "../domain/operation.js";
import { Service } from "../domain/service.js";
import { settleUpdates } from "../domain/settle-updates.js";
import { storable } from "../domain/storable.js";
import { type Cause, LeaseLost, UserInputError, UserInputErrors } from "../errors.js";
import type { StepSnapshot } from "../events/event-map.js";
import type { Transaction, Transactions } from "../storage/transaction.js";
import type { Claimed } from "./claim.js";
import type { DatabaseClock } from "./database-clock.js";
import type { Outcome, StepProgress, StepState, Undo } from "./driver.js";
import type { PinnedIntent } from "./pin-intent.js";
import { recordDeployed } from "./record-deployed.js";

/** Longer lines of evidence are cut to this many characters; the operation's log has them in full. */
const longestEvidence = 2000;

/** From which states a step may come into each state; anything else is a fault of the driver. */
const transitions: Record<StepState, readonly StepState[]> = {
  PENDING: [],
  RUNNING: ["PENDING", "RUNNING"],
  DONE: ["RUNNING", "PENDING"],
  SKIPPED: ["PENDING", "RUNNING"],
  FAILED: ["PENDING", "RUNNING", "DONE"],
};

/** Opens the journal of an operation that was claimed. */
export type OpenJournal = (claimed: Claimed, transactions: Transactions) => Journal;

/**
 * The durable story of one claimed operation: each write is one transaction with its event, and carries the
 * fence, so that a server that lost its lease cannot write any more.
 */
export class Journal {
  private last: Promise<void> = Promise.resolve();

  readonly operation: Operation;
  private readonly clock: DatabaseClock;

  constructor(
    { operation, clock }: Omit<Claimed, "lease">,
    private readonly transactions: Transactions,
  ) {
    this.operation = operation;
    this.clock = clock;
  }

  /** Writes a step down. Calls are written one after the other, in the order they came. */
  step(progress: StepProgress): Promise<void> {
    return this.inOrder(async () => {
      if (this.hasFailed(progress)) {
        return;
      }
      this.operation.steps = this.operation.steps.map((step) =>
        step.name === progress.step ? advance(step, progress, this.clock.now()) : step,
      );
      return this.write({ steps: this.operation.steps });
    });
  }

  /**
   * Writes down what is going to run, before anything of it is made.
   * @param sourceKey of the branch that the commit is the newest of; null: it is not known to be the newest
   */
  intend(intent: PinnedIntent, sourceKey: string | null): Promise<void> {
    return this.inOrder(() => {
      const { spec, fingerprint, commit, image, revision, source } = intent;
      const changes = { spec, fingerprint, commit, image, source, toRevision: revision };
      Object.assign(this.operation, changes);
      return this.transactions.run(async (tx) => {
        // The service before the operation, as everybody locks the two.
        await tx.query("select id from service where id = $1 for no key update", [this.operation.serviceId]);
        await this.update(tx, changes);
        await tx.query(
          "update service set head_commit = $2, head_seen_at = now() where id = $1 and source_key = $3",
          [this.operation.serviceId, commit, sourceKey],
        );
        await tx.query(
          "update source_head set commit = $2, error = null, checked_at = now() where key = $1",
          [sourceKey, commit],
        );
        tx.emit({ type: "OPERATION_CHANGED", payload: snapshotOf(this.operation) });
      });
    });
  }

  /** Whoever takes an undoing over tells once more what it is for. */
  private hasFailed({ step, state }: StepProgress): boolean {
    const is = this.operation.steps.find(({ name }) => name === step)?.state;
    return this.operation.undo !== null && state === "FAILED" && is === state;
  }

  /** Writes down why it is undone, before anything of it is. */
  undo(why: Undo): Promise<void> {
    return this.inOrder(() => {
      const undo = { ...why, cause: keptCause(why.cause) };
      this.operation.undo = undo;
      return this.transactions.run((tx) => this.update(tx, { undo }));
    });
  }

  /** Writes the verdict, and with it what the service runs from now on and whether that is what it should. */
  finish(outcome: Outcome, drivers: Drivers): Promise<void> {
    return this.inOrder(async () => {
      try {
        await this.conclude(outcome, drivers);
      } catch (error) {
        if (!(error instanceof UserInputError || error instanceof UserInputErrors)) {
          throw error;
        }
        // What runs is a fact, also when it cannot be what should run from now on.
        await this.conclude(outcome, null);
      }
    });
  }

  /** @param drivers for what should run from now on, where that was asked for; null: that stays as it is */
  private conclude(outcome: Outcome, drivers: Drivers | null): Promise<void> {
    const cause = outcome.cause && keptCause(outcome.cause);
    return this.transactions.run(async (tx) => {
      const service = await tx.manager.findOneOrFail(Service, {
        where: { id: this.operation.serviceId },
        lock: { mode: "pessimistic_write" },
      });
      const finishedAt = this.clock.now();
      const steps = this.operation.steps.map((step) => closeStep(step, outcome, finishedAt));
      const changes = { state: outcome.verdict, cause, steps, finishedAt };
      await this.update(tx, { ...changes, leaseUntil: null });
      Object.assign(this.operation, changes);
      if (outcome.verdict === "SUCCEEDED" || outcome.verdict === "UNPROVEN") {
        await recordDeployed(tx, service, this.operation, drivers);
      }
      await settleUpdates(tx, [service.id]);
      tx.emit({ type: "OPERATION_CHANGED", payload: snapshotOf(this.operation) });
    });
  }

  private inOrder(work: () => Promise<void>): Promise<void> {
    const next = this.last.then(work, work);
    this.last = next.catch(() => {});
    return next;
  }

  private write(changes: Partial<Operation>): Promise<void> {
    return this.transactions.run(async (tx) => {
      await this.update(tx, changes);
      tx.emit({ type: "OPERATION_CHANGED", payload: snapshotOf(this.operation) });
    });
  }

  private async update(tx: Transaction, changes: Partial<Operation>): Promise<void> {
    const { id, fence } = this.operation;
    const { affected } = await tx.manager.update(Operation, { id, fence, state: "RUNNING" }, changes);
    if (affected === 0) {
      throw new LeaseLost(id);
    }
    // What others wrote meanwhile (a wish to cancel) belongs into the snapshot.
    const row = await tx.manager.findOneByOrFail(Operation, { id });
    this.operation.cancelRequestedBy = row.cancelRequestedBy;
  }
}

function advance(step: StepSnapshot, progress: StepProgress, at: Date): StepSnapshot {
  const { state, done, of, detail } = progress;
  if (!transitions[state].includes(step.state)) {
    throw new Error(`step ${step.name} cannot go from ${step.state} to ${state}`);
  }
  const now = at.toISOString();
  const ended = state !== "RUNNING";
  return {
    ...step,
    state,
    done,
    of,
    detail: detail === undefined ? step.detail : storable(detail),
    startedAt: step.startedAt ?? (state === "SKIPPED" ? null : now),
    finishedAt: ended ? now : null,
  };
}

/** After the verdict no step is left running or waiting. */
function closeStep(step: StepSnapshot, { verdict }: Outcome, at: Date): StepSnapshot {
  if (step.state === "PENDING") {
    return { ...step, state: "SKIPPED" };
  }
  if (step.state === "RUNNING") {
    const good = verdict === "SUCCEEDED" || verdict === "UNPROVEN";
    return { ...step, state: good ? "DONE" : "FAILED", finishedAt: at.toISOString() };
  }
  return step;
}

/** Evidence comes from git, npm and apps: it may hold anything and be of any length, and every event repeats it. */
function keptCause({ message, lastLines, ...rest }: Cause): Cause {
  const kept = (text: string) => storable(text.slice(0, longestEvidence));
  return { ...rest, message: kept(message), lastLines: lastLines.map(kept) };
}
