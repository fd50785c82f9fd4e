import type { Logger } from "pino";
import { In, IsNull, Not } from "typeorm";
import type { Drivers } from "../domain/drivers.js";
import { Environment } from "../domain/environment.js";
import { Service } from "../domain/service.js";
import { tellServicesChanged } from "../domain/service-snapshot.js";
import type { Transactions } from "../storage/transaction.js";
import type { Driver, DriverKind, ServiceRef, ServiceState } from "./driver.js";
import { type DriftDeps, isSuspect, recordDrift, standingOf } from "./record-drift.js";

export interface ObserverOptions extends DriftDeps {
  /** PROCESS environments of other hosts cannot be looked into from here. */
  hostId: string;
  drivers: Drivers;
  log: Logger;
}

/** A service that can be looked at. */
interface Seen {
  driver: Driver;
  ref: ServiceRef;
}

/** Until a state that could not be written is tried again, doubling up to the longest; in ms. */
const firstDelay = 250;
const longestDelay = 15_000;

/**
 * Keeps `service.state` and `service.drift` at what the drivers see, with events whenever they change. Several changes
 * of one service in a row are looked at once.
 */
export class Observer {
  private readonly pending = new Map<string, Promise<void>>();
  private readonly again = new Set<string>();
  /** Whose drift the end of an operation may change: drift stands, or was looked for while one ran. */
  private readonly unsettled = new Map<string, Seen>();
  /** Adopted services that were looked at once. */
  private readonly met = new Set<string>();
  private lookingUp: Promise<void> = Promise.resolve();
  /** Those whose state could not be written when it was last tried, and when that is tried again. */
  private readonly failing = new Map<string, { timer: NodeJS.Timeout; delay: number }>();
  private closed = false;

  constructor(private readonly options: ObserverOptions) {
    for (const driver of options.drivers.values()) {
      driver.onChange((ref) => this.look(driver, ref));
    }
  }

  /** Looks no more and waits for what is being written. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { timer } of this.failing.values()) {
      clearTimeout(timer);
    }
    await this.lookingUp;
    await this.idle();
  }

  /** Resolves when no service is being looked at. */
  async idle(): Promise<void> {
    while (this.pending.size > 0) {
      await Promise.all(this.pending.values());
    }
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
    const done = this.record({ driver, ref })
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
    this.options.log[known ? "debug" : "warn"](
      { err: error, service: ref.serviceId },
      "cannot record the service's state and drift; trying again",
    );
    clearTimeout(known?.timer);
    if (this.closed) {
      return;
    }
    const delay = Math.min((known?.delay ?? firstDelay / 2) * 2, longestDelay);
    const timer = setTimeout(() => this.look(driver, ref), delay);
    this.failing.set(ref.serviceId, { timer, delay });
  }

  /** To be called when an operation of a service has ended: only now can be told what was changed by hand. */
  operationEnded(serviceId: string): void {
    const seen = this.unsettled.get(serviceId);
    if (seen) {
      this.look(seen.driver, seen.ref);
    }
  }

  /**
   * Looks at services that their driver may tell nothing of before it is asked: adopted ones that bear no stamp of
   * Rebake's yet, and those whose drift may have been undone while no server was there.
   */
  lookAtUntold(): Promise<void> {
    return this.lookUp(
      `service.id in (select id from service where adopted is not null and removed_at is null and deployed_spec is null
         union all select service_id from service_update where reasons @> array['DRIFT'])`,
      [],
    );
  }

  /** Looks at a service that was adopted, here or by another server. */
  adopted(serviceId: string): void {
    if (!this.met.has(serviceId)) {
      this.met.add(serviceId);
      void this.lookUp("service.id = $3", [serviceId]);
    }
  }

  private lookUp(condition: string, values: unknown[]): Promise<void> {
    const { transactions, hostId, drivers, log } = this.options;
    this.lookingUp = this.lookingUp.then(async () => {
      try {
        const found = await refsWhere(transactions, [hostId, [...drivers.keys()]], condition, values);
        for (const { driver, ...ref } of found) {
          this.look(drivers.get(driver)!, ref);
        }
      } catch (error) {
        log.warn({ err: error }, "cannot look for services to observe");
      }
    });
    return this.lookingUp;
  }

  private async record(seen: Seen): Promise<void> {
    const { driver, ref } = seen;
    // Before the first question: an operation that ends from now on makes it look again.
    this.unsettled.set(ref.serviceId, seen);
    const before = await standingOf(this.options.transactions.dataSource.manager, ref.serviceId);
    const observed = await driver.inspect(ref);
    await this.recordState(ref.serviceId, observed.state);
    const suspect = isSuspect(observed, before?.deployedOperationId ?? null);
    if (observed.state === "UNKNOWN") {
      // What the engine has cannot be told; its driver speaks up when it can.
      return;
    }
    const settled = before === null || (await recordDrift(driver, ref, before, suspect, this.options));
    if (settled && (before === null || !suspect)) {
      this.unsettled.delete(ref.serviceId);
    }
  }

  private recordState(serviceId: string, state: ServiceState): Promise<void> {
    return this.options.transactions.run(async (tx) => {
      const rows = await tx.query<{ id: string }>(
        "update service set state = $2 where id = $1 and state <> $2 and removed_at is null returning id",
        [serviceId, state],
      );
      if (rows.length > 0) {
        await tellServicesChanged(tx, [serviceId]);
      }
    });
  }
}

/** Services in environments that a host may look into, by a condition on `service`. */
async function refsWhere(
  { dataSource }: Transactions,
  [hostId, kinds]: [string, DriverKind[]],
  condition: string,
  values: unknown[],
): Promise<(ServiceRef & { driver: DriverKind })[]> {
  return dataSource.query(
    `select service.id as "serviceId", service.environment_id as "environmentId", environment.code as environment,
       service.name, service.adopted, environment.driver
     from service join environment on environment.id = service.environment_id
     where (environment.host_id is null or environment.host_id = $1) and environment.driver = any($2)
       and service.removed_at is null and ${condition}
     order by service.id`,
    [hostId, kinds, ...values],
  );
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
