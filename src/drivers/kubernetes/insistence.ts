import { setTimeout as wait } from "node:timers/promises";
import { OperationFailure } from "../../errors.js";
import type { Reporter } from "../../operations/driver.js";
import { EngineRefusal } from "../engine/answers.js";
import { Patience } from "../engine/patience.js";
import { refused } from "./failures.js";

/** Before what was refused is asked again, in milliseconds. */
const pauseMilliseconds = 1_000;

/**
 * For undoing: what is refused just now, as long as a right is missing or a webhook does not answer, may be taken soon, and
 * until then the cluster goes on with the new one.
 */
export class Insistence extends Patience {
  private refusedSince: number | null = null;

  constructor(
    report: Pick<Reporter, "signal" | "assertHeld">,
    /** For how long it may be refused. */
    private readonly seconds: number,
  ) {
    super(report);
  }

  /** @throws OperationFailure ENGINE_REFUSED, PORT_TAKEN when it was refused all the time */
  override async untilBack<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const answer = await super.untilBack(ask);
        this.refusedSince = null;
        return answer;
      } catch (error) {
        const refusal = refusalIn(error);
        this.refusedSince ??= Date.now();
        if (!refusal || Date.now() - this.refusedSince > this.seconds * 1000) {
          throw refusal ? notUndone(refusal) : error;
        }
      }
      await wait(pauseMilliseconds);
      await this.report.assertHeld();
    }
  }
}

function refusalIn(error: unknown): OperationFailure | null {
  if (error instanceof EngineRefusal) {
    return refused(error);
  }
  const isRefusal =
    error instanceof OperationFailure && ["ENGINE_REFUSED", "PORT_TAKEN"].includes(error.cause.code);
  return isRefusal ? error : null;
}

function notUndone({ cause: { code, message } }: OperationFailure): OperationFailure {
  return new OperationFailure(code, `It could not be undone, and what it began may go on: ${message}`);
}
