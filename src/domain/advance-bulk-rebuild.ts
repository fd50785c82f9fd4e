import { UserInputError, UserInputErrors } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import { type BulkItemState, BulkRebuild, bulkSnapshotOf } from "./bulk-rebuild.js";
import { requestCancel } from "./cancel-operation.js";
import type { Drivers } from "./drivers.js";
import { endUnstarted, enqueueOperation } from "./enqueue-operation.js";
import { findService } from "./find.js";
import { Operation } from "./operation.js";
import { rebuildService } from "./rebuild-service.js";
import type { Service } from "./service.js";
import { Update } from "./update.js";

/** How many services are looked at in one transaction. */
const mostAtOnce = 50;

/**
 * Takes a bulk rebuild as far as it goes now: counts what has ended, begins what may begin, ends it when all has ended.
 * Whoever holds its row does; it is locked before any service, and nobody locks the two the other way round.
 * @returns whether there may be more to do at once
 */
export async function advanceBulkRebuild(tx: Transaction, id: string, drivers: Drivers): Promise<boolean> {
  const [row] = await tx.query(
    "select id from bulk_rebuild where id = $1 and finished_at is null for update skip locked",
    [id],
  );
  if (!row) {
    return false;
  }
  const bulk = await tx.manager.findOneByOrFail(BulkRebuild, { id });
  const before = JSON.stringify(bulk);
  await collect(tx, bulk);
  let looked = 0;
  if (bulk.cancelRequestedBy !== null) {
    await skipWaiting(tx, bulk, "The bulk rebuild was cancelled.");
    await cancelRunning(tx, bulk, bulk.cancelRequestedBy);
  } else if (bulk.failed >= bulk.maxFailures) {
    await skipWaiting(tx, bulk, `The bulk rebuild stopped after ${bulk.failed} failed.`);
  } else {
    looked = await beginNext(tx, bulk, drivers);
  }
  if (bulk.succeeded + bulk.failed + bulk.skipped === bulk.total) {
    bulk.state = endState(bulk);
    bulk.finishedAt = await tx.now();
  }
  if (JSON.stringify(bulk) !== before) {
    await tx.manager.save(BulkRebuild, bulk);
    tx.emit({ type: "BULK_REBUILD_CHANGED", payload: bulkSnapshotOf(bulk) });
  }
  return looked === mostAtOnce || (bulk.finishedAt === null && bulk.running === 0);
}

function endState(bulk: BulkRebuild): BulkRebuild["state"] {
  if (bulk.cancelRequestedBy !== null) {
    return "CANCELLED";
  }
  return bulk.failed > 0 ? "FAILED" : "SUCCEEDED";
}

/** Notes how operations of it have ended. */
async function collect(tx: Transaction, bulk: BulkRebuild): Promise<void> {
  const ended = await tx.query<{ state: "SUCCEEDED" | "FAILED" | "SKIPPED" }>(
    `update bulk_rebuild_item as item set
       state = case when operation.state in ('SUCCEEDED', 'UNPROVEN') then 'SUCCEEDED'
         when operation.state in ('FAILED', 'ROLLED_BACK') then 'FAILED' else 'SKIPPED' end,
       message = operation.cause->>'message'
     from operation
     where item.bulk_rebuild_id = $1 and item.state = 'RUNNING' and operation.id = item.operation_id
       and operation.state not in ('QUEUED', 'RUNNING')
     returning item.state`,
    [bulk.id],
  );
  for (const { state } of ended) {
    count(bulk, state);
    bulk.running -= 1;
  }
}

function count(bulk: BulkRebuild, state: Exclude<BulkItemState, "WAITING" | "RUNNING">): void {
  const counter = { SUCCEEDED: "succeeded", FAILED: "failed", SKIPPED: "skipped" } as const;
  bulk[counter[state]] += 1;
}

async function skipWaiting(tx: Transaction, bulk: BulkRebuild, message: string): Promise<void> {
  const skipped = await tx.query(
    `update bulk_rebuild_item set state = 'SKIPPED', message = $2
     where bulk_rebuild_id = $1 and state = 'WAITING' returning position`,
    [bulk.id, message],
  );
  bulk.skipped += skipped.length;
}

async function cancelRunning(tx: Transaction, bulk: BulkRebuild, by: string): Promise<void> {
  const running = await tx.query<{ operationId: string; serviceId: string }>(
    `select operation_id as "operationId", service_id as "serviceId" from bulk_rebuild_item
     where bulk_rebuild_id = $1 and state = 'RUNNING' order by service_id`,
    [bulk.id],
  );
  for (const { operationId, serviceId } of running) {
    await findService(tx, serviceId, "update");
    const operation = await tx.manager.findOneByOrFail(Operation, { id: operationId });
    if (operation.state === "RUNNING") {
      await requestCancel(tx, operation, { tokenId: "", name: by });
    } else if (operation.state === "QUEUED") {
      const message = `Cancelled by ${by} before it started.`;
      const cause = { code: "CANCELLED_BY_USER" as const, message, exitCode: null, lastLines: [] };
      await endUnstarted(tx, operation, "CANCELLED", cause);
    }
  }
}

interface Item {
  position: number;
  serviceId: string;
}

async function beginNext(tx: Transaction, bulk: BulkRebuild, drivers: Drivers): Promise<number> {
  let looked = 0;
  while (bulk.running < bulk.parallel && bulk.failed < bulk.maxFailures && looked < mostAtOnce) {
    const [item] = await tx.query<Item>(
      `select position, service_id as "serviceId" from bulk_rebuild_item
       where bulk_rebuild_id = $1 and state = 'WAITING' order by position limit 1`,
      [bulk.id],
    );
    if (!item) {
      break;
    }
    looked += 1;
    await begin(tx, bulk, item, drivers);
  }
  return looked;
}

async function begin(tx: Transaction, bulk: BulkRebuild, item: Item, drivers: Drivers): Promise<void> {
  const { state, message, operationId } = await tryRebuild(tx, bulk, item.serviceId, drivers);
  await tx.query(
    `update bulk_rebuild_item set state = $3, message = $4, operation_id = $5
     where bulk_rebuild_id = $1 and position = $2`,
    [bulk.id, item.position, state, message, operationId],
  );
  if (state === "RUNNING") {
    bulk.running += 1;
  } else {
    count(bulk, state);
  }
}

interface Begun {
  state: "RUNNING" | "SKIPPED" | "FAILED";
  message: string | null;
  operationId: string | null;
}

/** What somebody has asked of a service meanwhile counts more. */
async function tryRebuild(
  tx: Transaction,
  bulk: BulkRebuild,
  serviceId: string,
  drivers: Drivers,
): Promise<Begun> {
  const skipped = (message: string): Begun => ({ state: "SKIPPED", message, operationId: null });
  const service = await findService(tx, serviceId, "update");
  if (service.removedAt) {
    return skipped("The service has been removed meanwhile.");
  }
  const update = await tx.manager.findOneBy(Update, { serviceId });
  if (!update) {
    return skipped("The service runs what it should by now.");
  }
  const active = [
    { serviceId, state: "QUEUED" as const },
    { serviceId, state: "RUNNING" as const },
  ];
  if (await tx.manager.exists(Operation, { where: active })) {
    return skipped("Another operation of the service was under way.");
  }
  try {
    const actor = { tokenId: "", name: bulk.requestedBy };
    const operation = onlyDrifted(service, update)
      ? await enqueueOperation(tx, service, { kind: "RESTART", bulkRebuildId: bulk.id }, actor)
      : await rebuildService(tx, { service: serviceId }, actor, drivers, bulk.id);
    return { state: "RUNNING", message: null, operationId: operation.id };
  } catch (error) {
    if (error instanceof UserInputError || error instanceof UserInputErrors) {
      return { state: "FAILED", message: error.message, operationId: null };
    }
    throw error;
  }
}

/** What is held at a state, and only was changed by hand, gets that state back: a rebuild would end the holding. */
function onlyDrifted({ heldAt }: Service, { reasons }: Update): boolean {
  return heldAt !== null && reasons.every((reason) => reason === "DRIFT");
}
