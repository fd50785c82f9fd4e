import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { endUnstarted } from "./enqueue-operation.js";
import { hasEnded, Operation, snapshotOf } from "./operation.js";
import { Service } from "./service.js";
import { settleUpdates } from "./settle-updates.js";
import { isStorable, storable } from "./storable.js";

/**
 * Ends an operation that waits at once; asks one that runs to stop, which leaves the old one serving. Whether it
 * came in time is told by the operation's verdict.
 * @throws UserInputError NOT_FOUND, OPERATION_ENDED, CONFLICT for a removal that runs
 */
export async function cancelOperation(
  tx: Transaction,
  input: { operation: string },
  actor: Actor,
): Promise<Operation> {
  const operation = await lockWithService(tx, input.operation);
  if (hasEnded(operation.state)) {
    const message = `Operation ${operation.id} has ended ${operation.state} and cannot be cancelled any more.`;
    throw new UserInputError("OPERATION_ENDED", message, ["operation"]);
  }
  if (operation.state === "QUEUED") {
    await endUnstarted(tx, operation, "CANCELLED", {
      code: "CANCELLED_BY_USER",
      message: `Cancelled by ${actor.name} before it started.`,
      exitCode: null,
      lastLines: [],
    });
    await settleUpdates(tx, [operation.serviceId]);
    return operation;
  }
  if (operation.kind === "REMOVE") {
    throw new UserInputError(
      "CONFLICT",
      "A removal that runs cannot be cancelled; deploy the service again instead.",
      ["operation"],
    );
  }
  await requestCancel(tx, operation, actor);
  return operation;
}

/** Notes the wish; the worker that runs the operation acts on it. The caller has locked the service. */
export async function requestCancel(tx: Transaction, operation: Operation, actor: Actor): Promise<void> {
  if (operation.cancelRequestedBy === null) {
    operation.cancelRequestedBy = actor.name;
    await tx.manager.update(Operation, { id: operation.id }, { cancelRequestedBy: actor.name });
    tx.emit({ type: "OPERATION_CHANGED", payload: snapshotOf(operation) });
  }
}

/** The service before the operation: the order in which everybody locks the two. */
async function lockWithService(tx: Transaction, id: string): Promise<Operation> {
  const found = isStorable(id) && (await tx.manager.findOneBy(Operation, { id }));
  if (!found) {
    throw new UserInputError("NOT_FOUND", `There is no operation ${storable(id.slice(0, 80))}.`, [
      "operation",
    ]);
  }
  await tx.manager.findOne(Service, { where: { id: found.serviceId }, lock: { mode: "pessimistic_write" } });
  return tx.manager.findOneOrFail(Operation, { where: { id }, lock: { mode: "pessimistic_write" } });
}
