import { LeaseLost, OperationFailure } from "../../errors.js";
import type { Outcome, Reporter, StepProgress } from "../../operations/driver.js";

/** What came of putting back what ran before. */
export interface Restored {
  /** Whether some of the old ones had been told to go. */
  touched: boolean;
  /** What does not stand again though it was put back, in a sentence. */
  lacks: string | null;
}

/** A replacement or scaling that has to be undone, as this server knows it. */
export interface Failed {
  /** What ended it; what the reporter's signal says goes before it. */
  error: unknown;
  /** The step it failed in, as it is to be told in the end. */
  step(detail: string | undefined): StepProgress | null;
  /** Whether any of the old ones was seen to be told to go. */
  hasReplaced: boolean;
  /** Puts back what ran before, after which nothing of the new one is left; null: nothing was changed. */
  restore: (() => Promise<Restored>) | null;
}

/**
 * Undoes a replacement or scaling, and ends as is due for what it is undone for, which is journalled first: also a server that takes
 * it over in the middle of this, or when all is done but for the verdict, ends so.
 * @throws LeaseLost, and a fault that ended it, once that is undone
 */
export async function undo(report: Reporter, failed: Failed): Promise<Outcome> {
  const { signal, undoing } = report;
  let reason: unknown = signal.aborted && !undoing ? signal.reason : failed.error;
  if (reason instanceof LeaseLost) {
    throw reason;
  }
  const isCancelled = reason instanceof OperationFailure && reason.cause.code === "CANCELLED_BY_USER";
  const step = undoing ? undoing.step : failed.step(isCancelled ? "cancelled" : undefined);
  let hasReplaced = undoing?.hasReplaced || failed.hasReplaced;
  if (failed.restore) {
    if (reason instanceof OperationFailure && !undoing) {
      await report.undo({ cause: reason.cause, step, hasReplaced });
    }
    try {
      const { touched, lacks } = await failed.restore();
      hasReplaced ||= touched;
      reason = lacks === null ? reason : notStanding(reason, lacks);
    } catch (failure) {
      reason = whyNotUndone(failure, reason);
    }
  }
  if (step) {
    await report.step(step);
  }
  if (!(reason instanceof OperationFailure)) {
    throw reason;
  }
  const verdict = isCancelled ? "CANCELLED" : hasReplaced ? "ROLLED_BACK" : "FAILED";
  return { verdict, cause: reason.cause };
}

/**
 * What keeps an operation from being undone is told with what it was to be undone for.
 * @throws `failure` when it is no failure of the operation but a fault, or a lost lease
 */
function whyNotUndone(failure: unknown, reason: unknown): unknown {
  if (!(failure instanceof OperationFailure)) {
    throw failure;
  }
  const isSame = (one: OperationFailure) =>
    one.cause.code === "CHANGED_ON_ENGINE"
      ? one.cause.code === failure.cause.code
      : one.cause.message === failure.cause.message;
  if (!(reason instanceof OperationFailure) || isSame(reason)) {
    return reason;
  }
  const { code, message } = failure.cause;
  return new OperationFailure(code, `${message} It was to be undone: ${reason.cause.message}`, reason.cause);
}

/** @param lacks in a sentence what of the old one does not stand again, though it was put back */
function notStanding(reason: unknown, lacks: string): unknown {
  if (!(reason instanceof OperationFailure)) {
    return reason;
  }
  const { code, message } = reason.cause;
  return new OperationFailure(code, `${message} ${lacks}`, reason.cause);
}

/** That somebody had the engine go back while no server looked. */
export function takenBack(): OperationFailure {
  return new OperationFailure(
    "CHANGED_ON_ENGINE",
    "The service was put back to what it ran before, while no server looked: rebuild it once that is settled.",
  );
}

/** @throws OperationFailure what an earlier server had begun to undo the operation for */
export function assertNotUndone({ undoing }: Reporter): void {
  if (undoing) {
    const { code, message, ...evidence } = undoing.cause;
    throw new OperationFailure(code, message, evidence);
  }
}
