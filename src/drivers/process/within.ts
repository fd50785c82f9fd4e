import { OperationFailure } from "../../errors.js";

/** Does work under a deadline of its own; past it the work is aborted and has failed. */
export async function within<T>(
  seconds: number,
  signal: AbortSignal,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const message = `${what} took longer than ${seconds} s: allow more time in rollout.deadline.`;
  const timer = setTimeout(
    () => deadline.abort(new OperationFailure("DEADLINE_EXCEEDED", message)),
    seconds * 1000,
  );
  try {
    return await work(AbortSignal.any([signal, deadline.signal]));
  } finally {
    clearTimeout(timer);
  }
}
