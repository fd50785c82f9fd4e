/**
 * Puts together what a source has at hand, so that many small items leave as few large ones. An item is never held back
 * to wait for another.
 * @param most items in one batch
 */
export async function* inBatches<T>(source: AsyncIterable<T>, most: number): AsyncGenerator<T[], void, void> {
  const items = source[Symbol.asyncIterator]();
  try {
    let next = items.next();
    for (;;) {
      const first = await next;
      if (first.done) {
        return;
      }
      const batch = [first.value];
      next = items.next();
      let more = await atHand(next);
      while (more && !more.done && batch.length < most) {
        batch.push(more.value);
        next = items.next();
        more = await atHand(next);
      }
      yield batch;
    }
  } finally {
    await items.return?.();
  }
}

/** What a promise has come to by the next turn of the event loop; null: nothing yet. */
function atHand<T>(promise: Promise<T>): Promise<T | null> {
  return Promise.race([promise, new Promise<null>((resolve) => setImmediate(resolve, null))]);
}
