import { setTimeout as wait } from "node:timers/promises";
import { LeaseLost } from "../../errors.js";
import type { Reporter } from "../../operations/driver.js";
import { EngineAway, unreachable } from "./answers.js";

/** Before an engine that is away is asked again, in milliseconds. */
const pauseMilliseconds = 500;
/** For how long something is asked that nothing depends on yet, in milliseconds. */
const brieflyMilliseconds = 5_000;
/** For how long one answer of those is waited for, in milliseconds. */
const silentMilliseconds = 8_000;

/** Asks an engine that may be away for a while. Only a lost lease ends the waiting. */
export class Patience {
  private away = false;

  constructor(protected readonly report: Pick<Reporter, "signal" | "assertHeld">) {}

  /** As long as it takes: something was changed already, and what came of it has to be known. */
  async untilBack<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      const { reason } = this.report.signal;
      if (reason instanceof LeaseLost) {
        throw reason;
      }
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof EngineAway)) {
          throw error;
        }
        this.away = true;
        await wait(pauseMilliseconds);
        // The signal of what was cancelled says nothing of a lease that is lost later.
        await this.report.assertHeld();
      }
    }
  }

  /**
   * As long as it takes once something may have been changed; before that an engine that is away ends the operation soon.
   * @param where the engine's address
   * @throws OperationFailure ENGINE_UNREACHABLE
   */
  async untilBackOnce<T>(mayBeChanged: boolean, where: string, ask: () => Promise<T>): Promise<T> {
    if (mayBeChanged) {
      return this.untilBack(ask);
    }
    try {
      return await this.briefly(ask);
    } catch (error) {
      throw error instanceof EngineAway ? unreachable(where, error) : error;
    }
  }

  /** For a few seconds, also when it does not answer at all. */
  async briefly<T>(ask: () => Promise<T>): Promise<T> {
    const until = Date.now() + brieflyMilliseconds;
    for (;;) {
      try {
        return await inTime(ask());
      } catch (error) {
        if (!(error instanceof EngineAway) || Date.now() > until || this.report.signal.aborted) {
          throw error;
        }
        await wait(pauseMilliseconds);
      }
    }
  }

  /** Whether the engine was away since this was last asked: deadlines count from its return. */
  wasAway(): boolean {
    const was = this.away;
    this.away = false;
    return was;
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = wait(silentMilliseconds, null, stop).then(() => {
    throw new EngineAway(`it did not answer within ${silentMilliseconds / 1000} s`);
  });
  // Whichever is slower is of no interest any more.
  late.catch(() => {});
  answer.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    stop.abort();
  }
}
