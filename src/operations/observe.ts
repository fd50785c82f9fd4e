import type { Logger } from "pino";
import { In, IsNull, Not } from "typeorm";
import type { Drivers } from "../domain/drivers.js";
import { Environment } from "../domain/environment.js";
import { Service } from "../domain/service.js";
import { tellServicesChanged } from "../domain/service-snapshot.js";
import type { Transactions } from "../storage/transaction.js";
import type { Driver, ServiceRef } from "./driver.js";

/** Until a state that could not be written is tried again, doubling up to the longest; in ms. */
const firstDelay = 250;
const longestDelay = 15_000;

/**
 * Keeps `service.state` at what the drivers see, with an event whenever it changes. Several changes of one
 * service in a row are looked at once.
 */
export class Observer {
  private readonly pending = new Map<string, Promise<void>>();
  private readonly again = new Set<string>();
  /** Those whose state could not be written when it was last tried, and when that is tried again. */
  private readonly failing = new Map<string, { timer: NodeJS.Timeout; delay: number }>();
  private closed = false;

  constructor(
    private readonly transactions: Transactions,
    drivers: Drivers,
    private readonly log: Logger,
  ) {
    for (const driver of drivers.values()) {
      driver.onChange((ref) => this.look(driver, ref));
    }
  }

  /** Looks no more and waits for what is being written. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { timer } of this.failing.values()) {
      clearTimeout(timer);
    }
    await Promise.all(this.pending.values());
  }

  /** Looks at a service now, or once more when it is being looked at. */
  look(driver: Driver, ref: ServiceRef): void {
    if (this.closed) {
      return;
    }
    if (this.pending.has(ref.serviceId)) {
      this.again.add(ref.serviceId);
      return;
    }
    const done = this.record(driver, ref)
      .then(() => this.looked(ref))
      .catch((error) => this.lookLater(driver, ref, error))
      .finally(() => {
        this.pending.delete(ref.serviceId);
        if (this.again.delete(ref.serviceId)) {
          this.look(driver, ref);
        }
      });
    this.pending.set(ref.serviceId, done);
  }

  private looked({ serviceId }: ServiceRef): void {
    clearTimeout(this.failing.get(serviceId)?.timer);
    this.failing.delete(serviceId);
  }

  /** Nobody else may look at it for long: it is looked at again until its state is written. */
  private lookLater(driver: Driver, ref: ServiceRef, error: unknown): void {
    const known = this.failing.get(ref.serviceId);
    this.log[known ? "debug" : "warn"](
      { err: error, service: ref.serviceId },
      "cannot record the service's state; trying again",
    );
    clearTimeout(known?.timer);
    if (this.closed) {
      return;
    }
    const delay = Math.min((known?.delay ?? firstDelay / 2) * 2, longestDelay);
    const timer = setTimeout(() => this.look(driver, ref), delay);
    this.failing.set(ref.serviceId, { timer, delay });
  }

  private async record(driver: Driver, ref: ServiceRef): Promise<void> {
    const { state } = await driver.inspect(ref);
    await this.transactions.run(async (tx) => {
      const rows = await tx.query<{ id: string }>(
        "update service set state = $2 where id = $1 and state <> $2 and removed_at is null returning id",
        [ref.serviceId, state],
      );
      if (rows.length > 0) {
        await tellServicesChanged(tx, [ref.serviceId]);
      }
    });
  }
}

/** The services a driver brings back at start: deployed and not removed, in environments of this host. */
export async function deployedServices(transactions: Transactions, hostId: string): Promise<Service[]> {
  const { manager } = transactions.dataSource;
  const own = await manager.find(Environment, { select: { id: true }, where: { hostId } });
  // By their ids: a join would have all services read, those of other hosts and removed ones, too.
  return manager.find(Service, {
    where: {
      environmentId: In(own.map(({ id }) => id)),
      removedAt: IsNull(),
      deployedFingerprint: Not(IsNull()),
    },
    order: { id: "ASC" },
  });
}
