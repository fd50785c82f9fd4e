import { initialSteps, Operation, snapshotOf } from "../domain/operation.js";
import { LeaseLost } from "../errors.js";
import type { Transaction, Transactions } from "../storage/transaction.js";
import { DatabaseClock } from "./database-clock.js";
import { Lease, thisMoment } from "./lease.js";

/** Who claims: one process of one home. */
export interface Claimant {
  /** Id kept in the home; PROCESS environments belong to it. */
  hostId: string;
  /** `<hostId>/<random>`: differs at every start. */
  owner: string;
  leaseSeconds: number;
}

/** An operation that this server works on for as long as it holds its lease. */
export interface Claimed {
  operation: Operation;
  lease: Lease;
  clock: DatabaseClock;
}

/** Any number will do that nobody else takes: "claim" in ASCII. */
const lockKey = 0x63_6c_61_69_6d;

/**
 * Takes an operation whose server is gone, else the next one that waits, under a lease with a new fence and at a free
 * place of its environment. Servers claim one after the other, so that what one finds free is free.
 * @param except operations that still run here: their lease may have run out while this process slept
 */
export async function claimNext(
  transactions: Transactions,
  claimant: Claimant,
  except: readonly string[] = [],
): Promise<Claimed | null> {
  const asked = thisMoment();
  const found = await transactions.run(async (tx) => {
    await tx.query("select pg_advisory_xact_lock($1)", [lockKey]);
    return claim(tx, claimant, except);
  });
  return found && { ...found, lease: new Lease(claimant.leaseSeconds, asked) };
}

async function claim(tx: Transaction, { hostId, owner, leaseSeconds }: Claimant, except: readonly string[]) {
  const [row] = await tx.query<{ id: string; now: Date }>(
    `update operation set state = 'RUNNING', fence = fence + 1, lease_owner = $2, slot = next.slot,
       lease_until = now() + make_interval(secs => $3), started_at = coalesce(started_at, now())
     from (
       select * from (${abandoned}) as abandoned
       union all select * from (${waiting}) as waiting
       order by rank, queued_at, id limit 1
     ) as next
     where operation.id = next.id
     returning operation.id, clock_timestamp() as now`,
    [hostId, owner, leaseSeconds, except],
  );
  if (!row) {
    return null;
  }
  const operation = await tx.manager.findOneByOrFail(Operation, { id: row.id });
  // One that is undone goes on as it was told.
  if (operation.undo === null) {
    if (operation.fence !== "1") {
      operation.steps = initialSteps(operation.kind);
      await tx.manager.update(Operation, { id: operation.id }, { steps: operation.steps });
    }
    tx.emit({ type: "OPERATION_CHANGED", payload: snapshotOf(operation) });
  }
  return { operation, clock: new DatabaseClock(row.now) };
}

/**
 * What nobody works on any more. An operation of an earlier process of this same home needs no waiting: the home's
 * lock says that that process has ended. A row that somebody writes now is left alone: its lease may be prolonged just
 * then. One that was written since this statement began is looked at anew, which only a lock does: an UPDATE that found
 * it in a subquery would not.
 */
const abandoned = `
  select 1 as rank, operation.id, operation.slot, operation.queued_at
  from operation join environment on environment.id = operation.environment_id
  where operation.state = 'RUNNING' and (environment.host_id is null or environment.host_id = $1)
    and (operation.lease_until < now() or operation.lease_owner like $1 || '/%' and operation.lease_owner <> $2)
    and operation.id <> all($4::text[])
  order by operation.queued_at, operation.id limit 1 for no key update of operation skip locked`;

/**
 * Of each environment that this server can work for and that has a place free, the operation that waits longest. After
 * its limit was lowered places beyond it are still taken, and operations that an earlier version began have none.
 */
const waiting = `
  select 2 as rank, oldest.id, free.slot, oldest.queued_at
  from environment
  cross join lateral (
    select number as slot from generate_series(1, environment.concurrency) as place(number)
    where not exists (
      select from operation as running where running.environment_id = environment.id
        and running.state = 'RUNNING' and running.slot = number)
      and environment.concurrency > (
        select count(*) from operation as running where running.environment_id = environment.id
          and running.state = 'RUNNING')
    order by number limit 1
  ) as free
  cross join lateral (
    select queued.id, queued.queued_at from operation as queued
    where queued.environment_id = environment.id and queued.state = 'QUEUED'
      and not exists (
        select from operation as running where running.service_id = queued.service_id and running.state = 'RUNNING')
    order by queued.queued_at, queued.id limit 1 for no key update of queued skip locked
  ) as oldest
  where environment.host_id is null or environment.host_id = $1
  order by oldest.queued_at, oldest.id limit 1`;

/** How a lease stands after an attempt to prolong it. */
export interface Prolonged {
  id: string;
  /** False: somebody writes to the operation just now, so that nothing is known yet. */
  prolonged: boolean;
  cancelRequestedBy: string | null;
}

/** What this claimant holds of those it names. */
const held = `operation join unnest($3::text[], $4::bigint[]) as named(id, fence)
    on operation.id = named.id and operation.fence = named.fence
      and operation.state = 'RUNNING' and operation.lease_owner = $1`;

/**
 * Prolongs the leases of operations; those not returned are lost.
 * @param busy what to do about one that somebody writes to: its journal may wait for something itself, which must not
 * keep the others from being prolonged
 */
export async function prolong(
  transactions: Transactions,
  claimant: Claimant,
  operations: readonly Operation[],
  busy: "skip" | "wait" = "skip",
): Promise<Prolonged[]> {
  return transactions.run((tx) =>
    tx.query<Prolonged>(
      `with free as (
         select operation.id from ${held} for no key update of operation ${busy === "skip" ? "skip locked" : ""}
       ), prolonged as (
         update operation set lease_until = now() + make_interval(secs => $2)
         from free where operation.id = free.id returning operation.id
       )
       select operation.id, operation.cancel_requested_by as "cancelRequestedBy",
         operation.id in (select id from prolonged) as prolonged
       from ${held}`,
      [
        claimant.owner,
        claimant.leaseSeconds,
        operations.map((operation) => operation.id),
        operations.map((operation) => operation.fence),
      ],
    ),
  );
}

/** Gives an unfinished operation back, for whoever claims next to go on with at once. */
export async function release(transactions: Transactions, operation: Operation): Promise<void> {
  await transactions.run((tx) =>
    tx.query(
      "update operation set lease_until = 'epoch' where id = $1 and fence = $2 and state = 'RUNNING'",
      [operation.id, operation.fence],
    ),
  );
}

/**
 * Keeps everybody from taking a claimed operation over until this transaction ends: for what is written with it.
 * @throws LeaseLost when somebody has it already
 */
export async function holdClaim(
  tx: Transaction,
  { id, fence }: Pick<Operation, "id" | "fence">,
): Promise<void> {
  const rows = await tx.query(
    "select id from operation where id = $1 and fence = $2 and state = 'RUNNING' for no key update",
    [id, fence],
  );
  if (rows.length === 0) {
    throw new LeaseLost(id);
  }
}
