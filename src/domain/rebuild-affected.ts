import { z } from "zod";
import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { BulkRebuild, bulkSnapshotOf } from "./bulk-rebuild.js";
import { type Condition, whereAll } from "./conditions-sql.js";
import { checkedKey } from "./enqueue-operation.js";
import { newId } from "./id.js";
import { parseInput } from "./parse-spec.js";

const options = z.object({
  parallel: z.int().min(1, "must be 1 to 100").max(100, "must be 1 to 100").nullable().default(2),
  maxFailures: z
    .int()
    .min(1, "must be 1 to 100000")
    .max(100_000, "must be 1 to 100000")
    .nullable()
    .default(1),
});

export interface RebuildAffectedInput {
  /** How many at once; 2 when absent. */
  parallel?: number | null;
  /** After so many failures nothing more is begun; 1 when absent. */
  maxFailures?: number | null;
  idempotencyKey?: string | null;
}

/**
 * Begins to rebuild all services that have an Update now which satisfies some conditions, in the order in which their
 * Updates arose. The same idempotency key gives the same one again.
 * @param which about the table `t` of Updates
 * @throws UserInputError CONFLICT when somebody else has used the key; UserInputErrors INVALID
 */
export async function rebuildAffected(
  tx: Transaction,
  input: RebuildAffectedInput,
  which: readonly Condition[],
  actor: Actor,
): Promise<BulkRebuild> {
  const { parallel, maxFailures } = parseInput(options, input, []);
  const key = checkedKey(input.idempotencyKey ?? null);
  const known = key && (await tx.manager.findOneBy(BulkRebuild, { idempotencyKey: key }));
  if (known) {
    return assertOwn(known, actor);
  }
  const id = newId("bulkRebuild");
  const added = await tx.query(
    `insert into bulk_rebuild (id, state, parallel, max_failures, total, idempotency_key, requested_by, environments)
     values ($1, 'RUNNING', $2, $3, 0, $4, $5, '{}') on conflict (idempotency_key) do nothing returning id`,
    [id, parallel ?? 2, maxFailures ?? 1, key, actor.name],
  );
  if (added.length === 0) {
    return assertOwn(await tx.manager.findOneByOrFail(BulkRebuild, { idempotencyKey: key! }), actor);
  }
  await plan(tx, id, which);
  const bulk = await tx.manager.findOneByOrFail(BulkRebuild, { id });
  tx.emit({ type: "BULK_REBUILD_CHANGED", payload: bulkSnapshotOf(bulk) });
  return bulk;
}

function assertOwn(known: BulkRebuild, actor: Actor): BulkRebuild {
  if (known.requestedBy !== actor.name) {
    const message = "Somebody else has used this idempotencyKey: choose another one.";
    throw new UserInputError("CONFLICT", message, ["idempotencyKey"]);
  }
  return known;
}

async function plan(tx: Transaction, id: string, which: readonly Condition[]): Promise<void> {
  const values: unknown[] = [id];
  const where = whereAll(which, values);
  await tx.query(
    `with planned as (
       insert into bulk_rebuild_item (bulk_rebuild_id, position, service_id)
       select $1, row_number() over (order by t.id), t.service_id from service_update as t where ${where}
       returning service_id)
     update bulk_rebuild set
       total = (select count(*) from planned),
       environments = coalesce((select array_agg(distinct service.environment_id)
         from planned join service on service.id = planned.service_id), '{}'),
       state = case when exists (select from planned) then 'RUNNING' else 'SUCCEEDED' end,
       finished_at = case when exists (select from planned) then null else now() end
     where id = $1`,
    values,
  );
}
