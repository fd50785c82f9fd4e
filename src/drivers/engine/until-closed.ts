import { setMaxListeners } from "node:events";
import { LeaseLost, RequestError } from "../../errors.js";
import type { Reporter } from "../../operations/driver.js";

/** What ends when an environment's engine is not reached that way any more, with the reason for its operations. */
export function connectionInUse(): { signal: AbortSignal; end(): void } {
  const closing = new AbortController();
  // One for each operation that is under way.
  setMaxListeners(0, closing.signal);
  const end = () => closing.abort(new LeaseLost("(its environment's connection was changed)"));
  return { signal: closing.signal, end };
}

/**
 * A server that stops, or a connection that is not the environment's any more, is as good as a lost lease: whoever comes
 * next goes on, with the connection that there is then.
 * @param closed aborted with a LeaseLost
 */
export function untilClosed(report: Reporter, ...closed: AbortSignal[]): Reporter {
  return {
    undoing: report.undoing,
    undo: (why) => report.undo(why),
    step: (progress) => report.step(progress),
    log: (line) => report.log(line),
    assertHeld: async () => {
      // What was cancelled before has a signal that says only that.
      for (const signal of closed) {
        signal.throwIfAborted();
      }
      await report.assertHeld();
    },
    signal: AbortSignal.any([report.signal, ...closed]),
  };
}

/**
 * For what a service prints, when that has ended.
 * @param ended aborted when it was to end
 * @throws RequestError UNAVAILABLE when it only cannot be read that way any more
 */
export function assertToEnd(closed: AbortSignal, ended: AbortSignal): void {
  if (closed.aborted && !ended.aborted) {
    const message = "The environment's connection was changed: follow what the service prints anew.";
    throw new RequestError("UNAVAILABLE", message);
  }
}
