import { setTimeout as wait } from "node:timers/promises";
import type { Log } from "../../log.js";
import type { Target } from "../../operations/driver.js";
import type { Preparer } from "./prepare.js";
import type { Service } from "./service.js";
import { within } from "./within.js";
import type { Workspace } from "./workspace.js";

/** Pause before the first new attempt and the longest one, in milliseconds. */
const firstPause = 1000;
const longestPause = 60_000;

interface Restoration {
  target: Target;
  abort: AbortController;
  ended: Promise<void>;
}

/** What was on its way to come back when something else was wanted. */
export interface Interrupted {
  /** Goes on with it. */
  resume(): void;
  /** Removes what it has on disk: something else runs in its place. */
  discard(): Promise<void>;
}

/** Brings deployed services back after a start of the server, each as soon as it can. */
export class Restorer {
  private readonly restorations = new Map<Service, Restoration>();

  constructor(
    private readonly preparer: Preparer,
    private readonly log: Log,
  ) {}

  /** Resolves when what the service has on disk is safe from eviction; the rest happens in the background. */
  async begin(service: Service, target: Target): Promise<void> {
    const opening = this.preparer.reopen(target);
    this.launch(service, target, opening);
    await opening;
  }

  /** Stops bringing a service back, because it is to be replaced or removed. Null when nothing was under way. */
  async interrupt(service: Service): Promise<Interrupted | null> {
    const restoration = this.restorations.get(service);
    if (!restoration) {
      return null;
    }
    restoration.abort.abort();
    await restoration.ended;
    if (service.serving) {
      return null;
    }
    const { target } = restoration;
    return {
      resume: () => void this.begin(service, target),
      discard: () => this.preparer.workspaceOf(target).remove(),
    };
  }

  /** Known at once, so that an interruption right after it does not miss it. */
  private launch(service: Service, target: Target, opening: Promise<Workspace | null>): void {
    const abort = new AbortController();
    const ended = this.bringBack(service, target, opening, abort.signal).finally(() => {
      if (this.restorations.get(service)?.abort === abort) {
        this.restorations.delete(service);
      }
    });
    this.restorations.set(service, { target, abort, ended });
  }

  private async bringBack(
    service: Service,
    target: Target,
    opening: Promise<Workspace | null>,
    signal: AbortSignal,
  ): Promise<void> {
    let workspace = await opening;
    for (let pause = firstPause; !signal.aborted; pause = Math.min(pause * 2, longestPause)) {
      try {
        const published = await service.publish(target);
        workspace ??= await this.prepare(target, signal);
        signal.throwIfAborted();
        const set = service.newSet(target, workspace, published, null);
        service.serving = set;
        set.supervise();
        service.options.changed();
        return;
      } catch (error) {
        if (!signal.aborted) {
          const name = `${target.ref.environment}/${target.ref.name}`;
          this.log.error({ err: error, service: name, retryInMs: pause }, "cannot bring the service back");
          await wait(pause, null, { signal }).catch(() => undefined);
        }
      }
    }
    workspace?.release();
  }

  private async prepare(target: Target, signal: AbortSignal): Promise<Workspace> {
    const workspace = this.preparer.workspaceOf(target);
    const { deadline } = target.spec.rollout;
    const log = () => undefined;
    await within(deadline, signal, "Fetching the source", (stop) =>
      this.preparer.fetchSource(target, workspace, { signal: stop, log }),
    );
    await within(deadline, signal, "Installing the dependencies", (stop) =>
      this.preparer.install(target, workspace, { signal: stop, log }),
    );
    return workspace;
  }
}
