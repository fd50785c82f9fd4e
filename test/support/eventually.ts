import { setTimeout as delay } from "node:timers/promises";

export interface EventuallyOptions {
  /** In ms; 20,000 unless given: a busy machine is slow, and a condition that holds costs no more for it. */
  deadline?: number;
  /** Completes "not in time: …". */
  what?: string;
}

/**
 * Waits until `condition` returns something truthy, without a throw, and returns it.
 * @throws Error with the condition's own last error when the deadline has passed
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { deadline = 20_000, what = condition.toString() } = options;
  const end = Date.now() + deadline;
  let lastError: unknown;
  do {
    try {
      const value = await condition();
      if (value) {
        return value as Exclude<T, false | null | undefined>;
      }
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    await delay(10);
  } while (Date.now() < end);
  throw new Error(`not in time (${deadline} ms): ${what}`, { cause: lastError });
}
