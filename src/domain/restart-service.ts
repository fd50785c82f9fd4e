import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { assertThere, enqueueOperation, knownOperation } from "./enqueue-operation.js";
import { findService } from "./find.js";
import type { Operation } from "./operation.js";
import type { Service } from "./service.js";

/**
 * Queues a restart: every replica replaced by a new one of just what runs now, without downtime.
 * @throws UserInputError NOT_FOUND, CONFLICT when nothing runs that could be restarted, INVALID
 */
export async function restartService(
  tx: Transaction,
  input: { service: string; idempotencyKey?: string | null },
  actor: Actor,
): Promise<Operation> {
  const service = await findService(tx, input.service, "update");
  const request = { kind: "RESTART", idempotencyKey: input.idempotencyKey } as const;
  const known = await knownOperation(tx, service, request);
  if (known) {
    return known;
  }
  assertThere(service);
  assertDeployed(service, "restart");
  return enqueueOperation(tx, service, request, actor);
}

/** @throws UserInputError CONFLICT */
export function assertDeployed(service: Service, what: string): void {
  if (service.deployedSpec === null) {
    const message = `Service ${service.name} has never been deployed, so that there is nothing to ${what}: wait for its deploy, or rebuild it.`;
    throw new UserInputError("CONFLICT", message, ["service"]);
  }
}
