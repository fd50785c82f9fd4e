/** For how long a registry is not asked again, in milliseconds. */
const pause = 60_000;
/** Recipes name registries, and may name any number. */
const most = 1_000;

/** Registries that could not be reached a moment ago, so that not every deployment waits for them. */
export class AwayRegistries {
  /** Until when, oldest first. */
  private readonly until = new Map<string, number>();

  /** @param now in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  add(registry: string): void {
    this.until.delete(registry);
    this.until.set(registry, this.now() + pause);
    for (const oldest of this.until.keys()) {
      if (this.until.size <= most) {
        break;
      }
      this.until.delete(oldest);
    }
  }

  has(registry: string): boolean {
    const until = this.until.get(registry);
    if (until !== undefined && until <= this.now()) {
      this.until.delete(registry);
    }
    return this.until.has(registry);
  }
}
