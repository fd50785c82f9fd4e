import type { RenderedSpec } from "../../domain/rendered-spec.js";
import type { Assessment } from "./assess.js";
import { isReady } from "./pods.js";

/** For how long a rollout has not come further than ever before: what was lost and is there again is no progress. */
export class Standstill {
  private best = -1;
  private since = 0;
  /** Whether all that are there were ready since: they have to be watched yet, which is no progress. */
  private isWatched = false;

  constructor(private readonly rollout: Pick<RenderedSpec["rollout"], "deadline" | "monitor">) {}

  /**
   * Whether that is longer than it may; `wasAway`: whether the cluster was away, from whose return it counts. Neither does
   * it count while new ones wait for the end of old ones.
   */
  isTooLong(
    { views, mine, heldUp }: Pick<Assessment, "views" | "mine" | "heldUp">,
    wasAway: boolean,
    now = Date.now(),
  ): boolean {
    const reached = [...views.values()].reduce((sum, { done }) => sum + done, 0);
    if (reached > this.best || wasAway || heldUp) {
      this.best = Math.max(reached, this.best);
      this.since = now;
      this.isWatched = false;
    }
    this.isWatched ||= mine.length > 0 && mine.every(isReady);
    const { deadline, monitor } = this.rollout;
    return now - this.since >= (deadline + (this.isWatched ? monitor : 0)) * 1000;
  }
}
