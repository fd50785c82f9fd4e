import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { BulkRebuild, bulkSnapshotOf } from "./bulk-rebuild.js";
import { isStorable, storable } from "./storable.js";

/**
 * Has a bulk rebuild begin nothing more and ask its running rebuilds to stop, which leaves the old ones serving. It
 * ends when all of them have.
 * @throws UserInputError NOT_FOUND, OPERATION_ENDED
 */
export async function cancelBulkRebuild(
  tx: Transaction,
  input: { bulkRebuild: string },
  actor: Actor,
): Promise<BulkRebuild> {
  const id = input.bulkRebuild;
  const bulk =
    isStorable(id) &&
    (await tx.manager.findOne(BulkRebuild, { where: { id }, lock: { mode: "pessimistic_write" } }));
  if (!bulk) {
    const message = `There is no bulk rebuild ${storable(id.slice(0, 80))}.`;
    throw new UserInputError("NOT_FOUND", message, ["bulkRebuild"]);
  }
  if (bulk.finishedAt) {
    const message = `Bulk rebuild ${bulk.id} has ended ${bulk.state} and cannot be cancelled any more.`;
    throw new UserInputError("OPERATION_ENDED", message, ["bulkRebuild"]);
  }
  if (bulk.cancelRequestedBy === null) {
    bulk.cancelRequestedBy = actor.name;
    await tx.manager.update(BulkRebuild, { id }, { cancelRequestedBy: actor.name });
    tx.emit({ type: "BULK_REBUILD_CHANGED", payload: bulkSnapshotOf(bulk) });
  }
  return bulk;
}
