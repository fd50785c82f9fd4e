import type { Log } from "./log.js";

/** What has to be ended, in the reverse of the order in which it was begun. */
export class Shutdown {
  private readonly steps: { name: string; end: () => unknown }[] = [];
  private running: Promise<void> | null = null;

  constructor(private readonly log: Log) {}

  add(name: string, end: () => unknown): void {
    this.steps.push({ name, end });
  }

  /** Ends everything, also when a step fails; called again, it waits for the same end. */
  run(): Promise<void> {
    this.running ??= this.endAll();
    return this.running;
  }

  private async endAll(): Promise<void> {
    for (const { name, end } of this.steps.reverse()) {
      try {
        await end();
      } catch (error) {
        this.log.error({ err: error, step: name }, "a step of the shutdown failed");
      }
    }
  }
}
