interface Work {
  name: string;
  run(): Promise<void>;
}

/**
 * Runs cases several at a time, ahead of the moment at which their results are asked for, one after the other. With a
 * single lane a case starts when it is asked for.
 */
export class Lanes {
  private readonly started = new Map<string, Promise<void>>();
  private running = 0;

  /** @param ahead those that will be asked for, in that order */
  constructor(
    private readonly count: number,
    private readonly ahead: readonly Work[],
  ) {}

  /** How a case ended; rejects as it does. */
  result(work: Work): Promise<void> {
    const result = this.started.get(work.name) ?? this.start(work);
    this.startAhead();
    return result;
  }

  /** Resolves when nothing runs any more. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.started.values());
  }

  private startAhead(): void {
    if (this.count > 1) {
      const waiting = this.ahead.filter(({ name }) => !this.started.has(name));
      for (const work of waiting.slice(0, Math.max(0, this.count - this.running))) {
        this.start(work);
      }
    }
  }

  private start({ name, run }: Work): Promise<void> {
    this.running += 1;
    const result = run().finally(() => {
      this.running -= 1;
      this.startAhead();
    });
    // It may fail before anybody asks.
    result.catch(() => undefined);
    this.started.set(name, result);
    return result;
  }
}

/** Whether mocha, called with these, runs the test of that name: only such are worth being started ahead. */
export function isChosen(fullTitle: string, argv: readonly string[] = process.argv): boolean {
  const given = (option: RegExp) => {
    const index = argv.findIndex((arg) => option.test(arg.split("=")[0]!));
    const [, value = argv[index + 1]] = /=(.*)/s.exec(argv[index] ?? "") ?? [];
    return index === -1 ? "" : value!;
  };
  const isMatched =
    fullTitle.includes(given(/^(--fgrep|-f)$/)) && new RegExp(given(/^(--grep|-g)$/)).test(fullTitle);
  return isMatched !== argv.some((arg) => /^(--invert|-i)$/.test(arg));
}
