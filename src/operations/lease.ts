/** A moment on both clocks of this machine, in milliseconds: neither alone sees every sleep and every jump. */
export interface Moment {
  monotonic: number;
  wall: number;
}

export const thisMoment = (): Moment => ({ monotonic: performance.now(), wall: Date.now() });

/** The part of a lease in which its holder may begin to act; the rest is for what it has begun. */
const usable = 2 / 3;

/**
 * For how long this server may act for an operation without asking the database. The database counts the lease from
 * when it ran the statement that granted it; this counts from before that statement was sent, so it ends earlier.
 */
export class Lease {
  constructor(
    private readonly seconds: number,
    private granted: Moment,
  ) {}

  /** @param asked before the statement was sent that prolonged it */
  prolonged(asked: Moment): void {
    this.granted = asked;
  }

  /** Whether it holds for certain, and for long enough to begin something. */
  holds(now = thisMoment()): boolean {
    const passed = Math.max(now.monotonic - this.granted.monotonic, now.wall - this.granted.wall);
    return passed < this.seconds * 1000 * usable;
  }
}
