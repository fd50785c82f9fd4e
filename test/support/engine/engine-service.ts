import type { ServiceRef } from "../../../src/operations/driver.js";

/** What is asked for of a service. */
export interface Desired {
  ref: ServiceRef;
  stamp: { operationId: string; fence: number };
  fingerprint: string;
  commit: string | null;
  /** What its replicas answer. */
  answers: string | null;
  replicas: number;
  /** Milliseconds a replica needs until it is ready, and to end. */
  startMs: number;
  /** Its replicas end instead of becoming ready. */
  broken: boolean;
}

export interface Replica {
  id: number;
  operationId: string;
  fingerprint: string;
  commit: string | null;
  answers: string | null;
  state: "STARTING" | "READY" | "STOPPING";
}

/** What the engine tells of a service. */
export interface View {
  name: string;
  version: number;
  desired: Desired;
  status: "UPDATING" | "COMPLETED" | "FAILED";
  replicas: Replica[];
}

/** A service of the engine, with its replicas. */
export class EngineService {
  version = 1;
  replicas: Replica[] = [];
  /** The least number of ready replicas since `mark`, and what was asked for then. */
  leastReady = 0;
  private status: View["status"] = "UPDATING";
  private next = 1;
  private ending: (() => void) | null = null;
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    readonly name: string,
    private desired: Desired,
  ) {
    this.roll();
  }

  view(): View {
    const { name, version, desired, status, replicas } = this;
    return { name, version, desired, status, replicas };
  }

  ready(): number {
    return this.replicas.filter(({ state }) => state === "READY").length;
  }

  /** Forgets how few were ready before. */
  mark(): void {
    this.leastReady = this.ready();
  }

  update(desired: Desired): void {
    this.version++;
    this.desired = desired;
    this.status = "UPDATING";
    this.roll();
  }

  /** Takes all replicas down, then calls `ended`. */
  end(ended: () => void): void {
    this.version++;
    this.ending = ended;
    this.roll();
  }

  close(): void {
    this.timers.forEach(clearTimeout);
  }

  /** One step: starts one replica that is missing, else ends one that is too many. */
  private roll(): void {
    if (this.ending) {
      for (const replica of this.replicas) {
        this.stop(replica);
      }
      this.finishEnding();
      return;
    }
    const { desired } = this;
    const good = this.replicas.filter((one) => this.isWanted(one) && one.state !== "STOPPING");
    const old = this.replicas.filter((one) => !this.isWanted(one) && one.state !== "STOPPING");
    const ready = good.filter(({ state }) => state === "READY").length;
    if (good.length > desired.replicas) {
      this.stop(good.at(-1)!);
    } else if (old.length > desired.replicas - ready) {
      this.stop(old.find(({ state }) => state !== "READY") ?? old[0]!);
    } else if (good.length < desired.replicas && ready === good.length) {
      this.start();
    } else if (ready === desired.replicas && this.replicas.length === ready) {
      this.status = "COMPLETED";
    }
  }

  private isWanted({ operationId }: Replica): boolean {
    return operationId === this.desired.stamp.operationId;
  }

  private start(): void {
    const { stamp, fingerprint, commit, answers, broken, startMs } = this.desired;
    const replica: Replica = {
      id: this.next++,
      operationId: stamp.operationId,
      fingerprint,
      commit,
      answers,
      state: "STARTING",
    };
    this.replicas.push(replica);
    this.after(startMs, () => {
      if (replica.state !== "STARTING") {
        return;
      }
      if (broken) {
        this.replicas = this.replicas.filter((one) => one !== replica);
        // It tries no more before it is told something else.
        this.status = this.isWanted(replica) ? "FAILED" : this.status;
        return;
      }
      replica.state = "READY";
      this.roll();
    });
  }

  private stop(replica: Replica): void {
    if (replica.state === "STOPPING") {
      return;
    }
    replica.state = "STOPPING";
    this.leastReady = Math.min(this.leastReady, this.ready());
    this.after(this.desired.startMs / 4, () => {
      this.replicas = this.replicas.filter((one) => one !== replica);
      this.roll();
    });
  }

  private finishEnding(): void {
    if (this.replicas.length === 0) {
      this.ending?.();
      this.ending = null;
    }
  }

  private after(milliseconds: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, milliseconds);
    this.timers.add(timer);
  }
}
