import type { Pod } from "./api-types.js";
import { endedByNode, type Trouble } from "./failures.js";

/** How often it may happen before it is taken to go on like that. */
const mostEndings = 3;
/** For how long it has to go on: a kubelet that was just started may reject several in a row, in milliseconds. */
const endingPatience = 10_000;

/** Counts how often nodes have ended pods of an operation, e.g. evicted them: the cluster makes new ones without end. */
export class NodeEndings {
  private times = 0;
  private since: number | null = null;
  /** Pods that were there when one was ended: what ended that may have ended them, too, e.g. its node was shut down. */
  private readonly counted = new Set<string>();
  private before: string[] = [];
  /** The last one, whether or not it is a trouble by itself. */
  last: Trouble | null = null;

  /** @param pods of the operation, also those that have ended */
  look(pods: readonly Pod[], now = Date.now()): Trouble | null {
    const fresh = pods.filter((pod) => endedByNode(pod) && !this.counted.has(pod.metadata.uid));
    const known = [...this.before, ...fresh.map(({ metadata }) => metadata.uid)];
    this.before = pods.map(({ metadata }) => metadata.uid);
    if (fresh.length === 0) {
      return null;
    }
    for (const uid of known) {
      this.counted.add(uid);
    }
    this.times++;
    this.since ??= now;
    this.last = endedByNode(fresh.at(-1)!);
    return this.times >= mostEndings && now - this.since >= endingPatience ? this.last : null;
  }
}
