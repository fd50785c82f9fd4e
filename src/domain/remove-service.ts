import { In } from "typeorm";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { requestCancel } from "./cancel-operation.js";
import { enqueueOperation } from "./enqueue-operation.js";
import { findService } from "./find.js";
import { Operation } from "./operation.js";

/**
 * Queues the removal of a service: drained, ended and forgotten by its driver; its history stays. What runs for
 * it now is cancelled, what waits is superseded; a removal that waits or runs already is the answer.
 * @throws UserInputError NOT_FOUND, CONFLICT, INVALID
 */
export async function removeService(
  tx: Transaction,
  input: { service: string; idempotencyKey?: string | null },
  actor: Actor,
): Promise<Operation> {
  const service = await findService(tx, input.service, "update");
  const active = { serviceId: service.id, state: In(["QUEUED", "RUNNING"]) };
  const removal = await tx.manager.findOneBy(Operation, { ...active, kind: "REMOVE" });
  if (removal) {
    return removal;
  }
  const operation = await enqueueOperation(
    tx,
    service,
    { kind: "REMOVE", idempotencyKey: input.idempotencyKey },
    actor,
  );
  const running = await tx.manager.findOneBy(Operation, { serviceId: service.id, state: "RUNNING" });
  if (running) {
    await requestCancel(tx, running, actor);
  }
  return operation;
}
