/** What the database's clock says, read once and counted on from there: servers' own clocks may differ. */
export class DatabaseClock {
  private readonly readAt = performance.now();

  /** @param at what the database said just now */
  constructor(private readonly at: Date) {}

  now(): Date {
    return new Date(this.at.getTime() + performance.now() - this.readAt);
  }
}
