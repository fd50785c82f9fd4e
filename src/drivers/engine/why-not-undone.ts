import { OperationFailure } from "../../errors.js";

/**
 * What keeps an operation from being undone is told with what it was to be undone for.
 * @throws `failure` when it is no failure of the operation but a fault, or a lost lease
 */
export function whyNotUndone(failure: unknown, reason: unknown): unknown {
  if (!(failure instanceof OperationFailure)) {
    throw failure;
  }
  if (!(reason instanceof OperationFailure) || reason.cause.code === failure.cause.code) {
    return reason;
  }
  const { code, message } = failure.cause;
  return new OperationFailure(code, `${message} It was to be undone: ${reason.cause.message}`, reason.cause);
}
