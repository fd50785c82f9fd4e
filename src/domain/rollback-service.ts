import { In, LessThan } from "typeorm";
import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { assertThere, enqueueOperation, knownOperation } from "./enqueue-operation.js";
import { findService, loadRecipe } from "./find.js";
import { Operation, versionKinds } from "./operation.js";
import type { Service } from "./service.js";
import { isStorable, storable } from "./storable.js";

export interface RollbackServiceInput {
  service: string;
  /** One of the service's operations that succeeded; absent: the last one that brought another state. */
  operation?: string | null;
  idempotencyKey?: string | null;
}

/**
 * Queues the return to exactly what an earlier operation had brought: recipe revision, inputs, the environment's values
 * as they were, commit, image. Once there, the service is held: what is newest now raises no Update, something newer does.
 * @throws UserInputError NOT_FOUND, CONFLICT, INVALID
 */
export async function rollbackService(
  tx: Transaction,
  input: RollbackServiceInput,
  actor: Actor,
): Promise<Operation> {
  const service = await findService(tx, input.service, "update");
  const request = { kind: "ROLLBACK", idempotencyKey: input.idempotencyKey } as const;
  const known = await knownOperation(tx, service, request);
  if (known) {
    return known;
  }
  assertThere(service);
  const named = input.operation ?? null;
  const earlier = named === null ? await lastOther(tx, service) : await findOperation(tx, service, named);
  const recipe = await loadRecipe(tx, service.recipeId);
  const plan = {
    spec: earlier.spec!,
    fingerprint: earlier.fingerprint!,
    toRevision: earlier.toRevision!,
    commit: earlier.commit,
    image: earlier.image,
    source: earlier.source,
    holds: true,
    heldRevision: recipe.currentRevision,
    rollsBackTo: earlier.id,
  };
  return enqueueOperation(tx, service, { ...request, plan }, actor);
}

const brought = { state: In(["SUCCEEDED", "UNPROVEN"]), kind: In([...versionKinds]) };

async function findOperation(tx: Transaction, service: Service, id: string): Promise<Operation> {
  const found = isStorable(id) && (await tx.manager.findOneBy(Operation, { id, serviceId: service.id }));
  if (!found) {
    const message = `Service ${service.name} has no operation ${storable(id.slice(0, 80))}.`;
    throw new UserInputError("NOT_FOUND", message, ["operation"]);
  }
  const succeeded = found.state === "SUCCEEDED" || found.state === "UNPROVEN";
  if (!succeeded || found.spec === null || !versionKinds.some((kind) => kind === found.kind)) {
    const message = `Operation ${found.id} (${found.kind}, ${found.state}) brought no state to return to: name a DEPLOY, REBUILD or ROLLBACK that succeeded.`;
    throw new UserInputError("INVALID", message, ["operation"]);
  }
  return found;
}

async function lastOther(tx: Transaction, service: Service): Promise<Operation> {
  const earlier = await tx.manager.find(Operation, {
    where: { ...brought, serviceId: service.id, id: LessThan(service.deployedOperationId ?? "") },
    order: { id: "DESC" },
    take: 100,
  });
  const found = earlier.find(
    ({ fingerprint, commit, image }) =>
      fingerprint !== service.deployedFingerprint ||
      commit !== service.deployedCommit ||
      image !== service.deployedImage,
  );
  if (!found) {
    const message = `Service ${service.name} has run nothing else before: there is no state to return to.`;
    throw new UserInputError("NOT_FOUND", message, ["operation"]);
  }
  return found;
}
