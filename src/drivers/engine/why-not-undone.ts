import { OperationFailure } from "../../errors.js";

/**
 * What keeps an operation from being undone is told with what it was to be undone for.
 * @throws `failure` when it is no failure of the operation but a fault, or a lost lease
 */
export function whyNotUndone(failure: unknown, reason: unknown): unknown {
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
export function notStanding(reason: unknown, lacks: string): unknown {
  if (!(reason instanceof OperationFailure)) {
    return reason;
  }
  const { code, message } = reason.cause;
  return new OperationFailure(code, `${message} ${lacks}`, reason.cause);
}
