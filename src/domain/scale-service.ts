import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { replicaCount } from "./deploy-service.js";
import { assertThere, enqueueOperation, knownOperation } from "./enqueue-operation.js";
import { findService } from "./find.js";
import type { Operation } from "./operation.js";
import { parseInput } from "./parse-spec.js";
import { assertDeployed } from "./restart-service.js";

/**
 * Queues a change of the number of replicas; those that stay are left alone. The number counts once the operation has
 * succeeded.
 * @throws UserInputError NOT_FOUND, CONFLICT when nothing runs yet, INVALID also for a GLOBAL service
 */
export async function scaleService(
  tx: Transaction,
  input: { service: string; replicas: number; idempotencyKey?: string | null },
  actor: Actor,
): Promise<Operation> {
  const replicas = parseInput(replicaCount, input.replicas, ["replicas"]);
  const service = await findService(tx, input.service, "update");
  const request = { kind: "SCALE", idempotencyKey: input.idempotencyKey, replicas } as const;
  const known = await knownOperation(tx, service, request);
  if (known) {
    return known;
  }
  assertThere(service);
  if (service.mode === "GLOBAL") {
    const message = `Service ${service.name} is GLOBAL: it has one replica on each node and cannot be scaled.`;
    throw new UserInputError("INVALID", message, ["service"]);
  }
  assertDeployed(service, "scale");
  return enqueueOperation(tx, service, request, actor);
}
