interface Shared<T> {
  promise: Promise<T>;
  controller: AbortController;
  waiting: number;
  listeners: Set<(line: string) => void>;
}

/**
 * Work that several operations ask for at the same time is done once, e.g. fetching one commit for ten
 * services. It is aborted only when the last that waits for it has given up.
 */
export class SharedWork {
  private readonly running = new Map<string, Shared<unknown>>();

  async run<T>(
    key: string,
    signal: AbortSignal,
    onLine: (line: string) => void,
    work: (signal: AbortSignal, emit: (line: string) => void) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    let shared = this.running.get(key) as Shared<T> | undefined;
    if (!shared || shared.controller.signal.aborted) {
      shared = this.begin(key, work);
    }
    shared.waiting += 1;
    shared.listeners.add(onLine);
    const joined = shared;
    let giveUp = () => {};
    const aborted = new Promise<never>((_, reject) => {
      giveUp = () => reject(signal.reason);
      signal.aborted ? giveUp() : signal.addEventListener("abort", giveUp, { once: true });
    });
    try {
      return await Promise.race([joined.promise, aborted]);
    } finally {
      signal.removeEventListener("abort", giveUp);
      joined.listeners.delete(onLine);
      joined.waiting -= 1;
      if (joined.waiting === 0) {
        joined.controller.abort(signal.reason);
        // Whoever gives up last leaves nothing running behind.
        await joined.promise.catch(() => undefined);
      }
    }
  }

  private begin<T>(
    key: string,
    work: (signal: AbortSignal, emit: (line: string) => void) => Promise<T>,
  ): Shared<T> {
    const controller = new AbortController();
    const listeners = new Set<(line: string) => void>();
    const emit = (line: string) => {
      for (const listener of listeners) {
        listener(line);
      }
    };
    const shared: Shared<T> = { controller, listeners, waiting: 0, promise: work(controller.signal, emit) };
    this.running.set(key, shared as Shared<unknown>);
    const forget = () => {
      if (this.running.get(key) === (shared as Shared<unknown>)) {
        this.running.delete(key);
      }
    };
    shared.promise.then(forget, forget);
    return shared;
  }
}
