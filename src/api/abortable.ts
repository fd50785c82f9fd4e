/**
 * Reads an async generator in a way that ends when the reader goes: `return` of a generator by itself waits
 * for what the generator awaits, which may never come.
 */
export function abortable<T>(
  make: (signal: AbortSignal) => AsyncGenerator<T, void, void>,
): AsyncIterableIterator<T> {
  const abort = new AbortController();
  const inner = make(abort.signal);
  return {
    next: () => inner.next(),
    return: () => {
      abort.abort();
      return inner.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
