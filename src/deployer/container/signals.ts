import { constants } from "node:os";

const passedOn = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR2"] as const;

/** Why preparing ends early: the container is being stopped. */
export class Interrupted extends Error {
  constructor(readonly signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
  }
}

/**
 * Takes every signal from the beginning: process 1 of a container gets none that it does not listen to. Until there is
 * an app they end the preparation.
 */
export class Signals {
  private readonly stop = new AbortController();
  private take = (signal: NodeJS.Signals) => {
    if (signal !== "SIGUSR2") {
      this.stop.abort(new Interrupted(signal));
    }
  };

  constructor() {
    for (const signal of passedOn) {
      process.on(signal, () => this.take(signal));
    }
  }

  /** Aborted, with an `Interrupted`, by what should end the preparation. */
  get stopped(): AbortSignal {
    return this.stop.signal;
  }

  /** From now on they go to the app: SIGTERM after `holdSeconds`, a second one and all others at once. */
  passTo(app: { kill(signal: NodeJS.Signals): unknown }, holdSeconds: number): void {
    let held: NodeJS.Timeout | null = null;
    this.take = (signal) => {
      if (signal === "SIGTERM" && held === null && holdSeconds > 0) {
        held = setTimeout(() => app.kill(signal), holdSeconds * 1000);
        return;
      }
      clearTimeout(held ?? undefined);
      app.kill(signal);
    };
  }
}

/** What a shell makes of it. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
