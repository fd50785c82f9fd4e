import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { enqueueOperation } from "./enqueue-operation.js";
import { findService } from "./find.js";
import type { Operation } from "./operation.js";

/**
 * Queues a rebuild: the recipe loaded again, the newest commit of the branch, replaced without downtime.
 * @throws UserInputError NOT_FOUND, CONFLICT, INVALID
 */
export async function rebuildService(
  tx: Transaction,
  input: { service: string; idempotencyKey?: string | null },
  actor: Actor,
): Promise<Operation> {
  const service = await findService(tx, input.service, "update");
  return enqueueOperation(tx, service, { kind: "REBUILD", idempotencyKey: input.idempotencyKey }, actor);
}
