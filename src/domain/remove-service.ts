import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { requestCancel } from "./cancel-operation.js";
import { enqueueOperation } from "./enqueue-operation.js";
import { findService } from "./find.js";
import { Operation } from "./operation.js";

/**
 * Queues the removal of a service: drained, ended and forgotten by its driver; its history stays. What runs for
 * it now is cancelled, what waits is superseded.
 * @throws UserInputError NOT_FOUND, INVALID
 */
export async function removeService(
  tx: Transaction,
  input: { service: string; idempotencyKey?: string | null },
  actor: Actor,
): Promise<Operation> {
  const service = await findService(tx, input.service, "update");
  const running = await tx.manager.findOneBy(Operation, { serviceId: service.id, state: "RUNNING" });
  if (running?.kind === "REMOVE") {
    return running;
  }
  const operation = await enqueueOperation(
    tx,
    service,
    { kind: "REMOVE", idempotencyKey: input.idempotencyKey },
    actor,
  );
  if (running) {
    await requestCancel(tx, running, actor);
  }
  return operation;
}
