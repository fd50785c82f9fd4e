import { initialSteps, Operation, snapshotOf } from "../domain/operation.js";
import type { Transaction, Transactions } from "../storage/transaction.js";

/** Who claims: one process of one home. */
export interface Claimant {
  /** Id kept in the home; PROCESS environments belong to it. */
  hostId: string;
  /** `<hostId>/<random>`: differs at every start. */
  owner: string;
  leaseSeconds: number;
}

/**
 * Takes the next operation that waits, or one whose server is gone, under a lease with a new fence. An operation
 * of an earlier process of this same home needs no waiting: the home's lock says that that process has ended.
 */
export async function claimNext(transactions: Transactions, claimant: Claimant): Promise<Operation | null> {
  try {
    return await transactions.run((tx) => claim(tx, claimant));
  } catch (error) {
    // Two servers claimed operations of one service at once: the unique index let one of them through.
    if ((error as { code?: string }).code === "23505") {
      return null;
    }
    throw error;
  }
}

async function claim(tx: Transaction, { hostId, owner, leaseSeconds }: Claimant): Promise<Operation | null> {
  const [row] = await tx.query<{ id: string }>(
    `update operation set state = 'RUNNING', fence = fence + 1, lease_owner = $2,
       lease_until = now() + make_interval(secs => $3), started_at = coalesce(started_at, now())
     where id = (
       select waiting.id from operation as waiting
       join environment on environment.id = waiting.environment_id
       where waiting.state in ('QUEUED', 'RUNNING') and (environment.host_id is null or environment.host_id = $1)
         and case waiting.state
           when 'QUEUED' then not exists (
             select from operation as running
             where running.service_id = waiting.service_id and running.state = 'RUNNING')
           else waiting.lease_until < now() or (waiting.lease_owner like $1 || '/%' and waiting.lease_owner <> $2) end
       order by waiting.queued_at, waiting.id
       for update of waiting skip locked limit 1)
     returning id`,
    [hostId, owner, leaseSeconds],
  );
  if (!row) {
    return null;
  }
  const operation = await tx.manager.findOneByOrFail(Operation, { id: row.id });
  if (operation.fence !== "1") {
    operation.steps = initialSteps(operation.kind);
    await tx.manager.update(Operation, { id: operation.id }, { steps: operation.steps });
  }
  tx.emit({ type: "OPERATION_CHANGED", payload: snapshotOf(operation) });
  return operation;
}

/** Prolongs the leases of operations; those not returned are lost. */
export async function prolong(
  transactions: Transactions,
  claimant: Claimant,
  operations: readonly Operation[],
): Promise<{ id: string; cancelRequestedBy: string | null }[]> {
  return transactions.run((tx) =>
    tx.query(
      `update operation set lease_until = now() + make_interval(secs => $2)
       from unnest($3::text[], $4::bigint[]) as held(id, fence)
       where operation.id = held.id and operation.fence = held.fence and operation.state = 'RUNNING'
         and operation.lease_owner = $1
       returning operation.id, cancel_requested_by as "cancelRequestedBy"`,
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
