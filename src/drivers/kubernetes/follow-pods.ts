import { setTimeout as wait } from "node:timers/promises";
import type { TaskReports } from "../engine/task-reports.js";
import type { Pod } from "./api-types.js";
import type { Cluster } from "./cluster.js";
import { containerLines } from "./log-lines.js";
import { objectPath } from "./paths.js";
import { statusesOf } from "./pods.js";

/** Before a stream that broke is begun again, in milliseconds. */
const pauseMilliseconds = 500;

/** Reads what the containers of pods print, into an operation's reports: each from when it has begun, until it ends. */
export class PodFollower {
  private readonly followed = new Map<string, Promise<void>>();

  constructor(
    private readonly cluster: Cluster,
    private readonly namespace: string,
    private readonly reports: TaskReports,
    private readonly signal: AbortSignal,
  ) {}

  /** Begins with what has begun since. */
  follow(pods: readonly Pod[]): void {
    for (const pod of pods) {
      for (const { name, state, lastState, restartCount } of statusesOf(pod)) {
        const hasBegun = state?.running || state?.terminated || lastState?.terminated;
        const key = `${pod.metadata.uid} ${name} ${restartCount}`;
        if (hasBegun && !this.followed.has(key)) {
          this.followed.set(key, this.read(pod, name, restartCount));
        }
      }
    }
  }

  /** Resolves when all streams have ended; they do so when the signal aborts. */
  async ended(): Promise<void> {
    await Promise.all(this.followed.values());
  }

  private async read({ metadata }: Pod, container: string, restarts: number): Promise<void> {
    const path = `${objectPath("Pod", this.namespace, metadata.name)}/log`;
    const query = { container, follow: true, timestamps: true };
    for (let tries = 0; tries < 3 && !this.signal.aborted; tries++) {
      try {
        const stream = await this.cluster.stream("follow pods/log", path, query, this.signal);
        for await (const { stamp, line } of containerLines(stream)) {
          this.reports.take({ stamp, line, taskId: metadata.uid, stream: "stdout" });
        }
        return;
      } catch {
        // It is gone, or not known to its node yet; what is missed then is asked for once more where it matters.
        await wait(pauseMilliseconds * (restarts + 1), null, { signal: this.signal }).catch(() => {});
      }
    }
  }
}

/** The last lines of a container are read once more: whoever follows it may be behind, or it is the one before. */
export async function readLastLines(
  cluster: Cluster,
  namespace: string,
  { metadata }: Pod,
  { container, previous }: { container: string; previous: boolean },
  signal: AbortSignal,
): Promise<{ stamp: string; line: string }[]> {
  const path = `${objectPath("Pod", namespace, metadata.name)}/log`;
  const query = { container, previous, timestamps: true, tailLines: 1000 };
  try {
    const stream = await cluster.stream("get pods/log", path, query, signal);
    const lines = [];
    for await (const line of containerLines(stream)) {
      lines.push(line);
    }
    return lines;
  } catch {
    // Its node may be gone, or its output kept elsewhere: there is nothing to show then.
    return [];
  }
}
