import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import { serverIsUp } from "../domain/server.js";
import { tellServicesChanged } from "../domain/service-snapshot.js";
import type { Transaction, Transactions } from "../storage/transaction.js";
import type { Claimant } from "./claim.js";
import type { ServiceRef } from "./driver.js";

export interface PresenceOptions {
  transactions: Transactions;
  claimant: Claimant;
  version: string;
  /** Services of this host that others may have taken for lost while it was silent: they have to be looked at again. */
  found: (refs: ServiceRef[]) => void;
  log: Logger;
}

/** Homes that nothing belongs to and nobody has run for so many days are forgotten. */
const forgetAfterDays = 30;

/** How long a goodbye may take, in ms. */
const patience = 3_000;

/**
 * Says that this server is there, and sees which others are not: the services of a host whose server is silent are
 * UNKNOWN, those of one that has stopped are STOPPED.
 */
export class Presence {
  private timer: NodeJS.Timeout | null = null;
  private beating: Promise<void> | null = null;
  private trouble: unknown = null;
  private saidAt = performance.now();

  constructor(private readonly options: PresenceOptions) {}

  /** Settles once it is known to the others. */
  async start(): Promise<void> {
    await this.arrive();
    const third = (this.options.claimant.leaseSeconds * 1000) / 3;
    this.timer = setInterval(() => {
      // One that hangs says what there is to say; those after it would only pile up.
      this.beating ??= this.beat().finally(() => {
        this.beating = null;
      });
    }, third);
  }

  /**
   * Resolves when this server could lately write to the database.
   * @throws Error what kept it from writing
   */
  async check(): Promise<void> {
    this.options.transactions.assertSpace();
    if (this.trouble !== null) {
      throw this.trouble;
    }
    if (performance.now() - this.saidAt > this.options.claimant.leaseSeconds * 1000) {
      throw Object.assign(new Error("a write to the database takes longer than a lease"), { code: "55P03" });
    }
  }

  /** Says goodbye, unless that takes too long: the others find out by themselves. */
  async stop(): Promise<void> {
    clearInterval(this.timer ?? undefined);
    const said = (this.beating ?? Promise.resolve()).then(() => this.leave());
    await Promise.race([said, wait(patience, null, { ref: false })]);
    said.catch(() => {});
  }

  private leave(): Promise<unknown> {
    const { transactions, claimant } = this.options;
    return transactions.run((tx) =>
      tx.query("update server set stopped_at = now() where host_id = $1 and owner = $2", [
        claimant.hostId,
        claimant.owner,
      ]),
    );
  }

  private async arrive(): Promise<void> {
    await this.options.transactions.run((tx) =>
      this.register(
        tx,
        `update set owner = excluded.owner, name = excluded.name, version = excluded.version,
           lease_seconds = excluded.lease_seconds, started_at = now(), seen_at = now(), stopped_at = null`,
      ),
    );
  }

  private async register(tx: Transaction, whenThere: string): Promise<void> {
    const { claimant, version } = this.options;
    await tx.query(
      `insert into server (host_id, owner, name, version, lease_seconds) values ($1, $2, $3, $4, $5)
       on conflict (host_id) do ${whenThere}`,
      [claimant.hostId, claimant.owner, hostname(), version, claimant.leaseSeconds],
    );
  }

  private async beat(): Promise<void> {
    try {
      await this.stay();
      this.saidAt = performance.now();
      this.trouble = null;
      await this.markLost();
    } catch (error) {
      this.trouble = error;
      this.options.log.debug({ err: error }, "cannot say that this server is there");
    }
  }

  private async stay(): Promise<void> {
    const { transactions, claimant, found } = this.options;
    const lost = await transactions.run(async (tx) => {
      const known = await tx.query(
        "update server set seen_at = now() where host_id = $1 and owner = $2 returning host_id",
        [claimant.hostId, claimant.owner],
      );
      if (known.length === 0) {
        // Forgotten after a long sleep; a newer process of this home stays what it is.
        await this.register(tx, "nothing");
      }
      const lost = await tx.query<ServiceRef>(
        `select service.id as "serviceId", service.environment_id as "environmentId",
           environment.code as environment, service.name, service.adopted
         from environment join service on service.environment_id = environment.id
         where environment.host_id = $1 and service.removed_at is null and (service.state = 'UNKNOWN'
           or service.state = 'STOPPED' and service.deployed_fingerprint is not null)`,
        [claimant.hostId],
      );
      // As everything does that appends events: somebody who holds the counter is noticed here, too.
      await tx.query("update event_counter set cursor = cursor");
      return lost;
    });
    found(lost);
  }

  private async markLost(): Promise<void> {
    const { transactions, claimant } = this.options;
    await transactions.run(async (tx) => {
      const rows = await tx.query<{ id: string }>(
        `update service set state = lost.now from (
           select service.id, case when server.stopped_at is null then 'UNKNOWN' else 'STOPPED' end as now
           from server join environment on environment.host_id = server.host_id
           join service on service.environment_id = environment.id and service.removed_at is null
           where server.host_id <> $1 and not ${serverIsUp} and service.state <> 'STOPPED'
             and (service.state <> 'UNKNOWN' or server.stopped_at is not null)
           order by service.id for update of service skip locked
         ) as lost
         where service.id = lost.id returning service.id`,
        [claimant.hostId],
      );
      if (rows.length > 0) {
        await tellServicesChanged(
          tx,
          rows.map(({ id }) => id),
        );
      }
      await tx.query(
        `delete from server where seen_at < now() - make_interval(days => $1)
           and not exists (select from environment where environment.host_id = server.host_id)`,
        [forgetAfterDays],
      );
    });
  }
}
