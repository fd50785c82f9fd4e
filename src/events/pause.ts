import { setImmediate as nextTurn } from "node:timers/promises";

/** Lets the event loop serve sockets and timers before the next batch. */
export async function yieldToLoop(): Promise<void> {
  await nextTurn();
}

/** Waits, but no longer than until the signal is aborted; never rejects. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}
