import { type Cause, UserInputError } from "../errors.js";
import type { OperationKind } from "../events/event-map.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { newId } from "./id.js";
import { initialSteps, Operation, snapshotOf } from "./operation.js";
import type { Service } from "./service.js";

const longestKey = 255;

/**
 * Queues work on a service whose row the caller has locked. At most one operation waits for each service: an
 * older one ends SUPERSEDED. The same idempotency key gives the same operation again.
 * @throws UserInputError CONFLICT when the service is about to be removed, INVALID for a bad key
 */
export async function enqueueOperation(
  tx: Transaction,
  service: Service,
  request: { kind: OperationKind; idempotencyKey?: string | null },
  actor: Actor,
): Promise<Operation> {
  const key = checkedKey(request.idempotencyKey ?? null);
  const known =
    key && (await tx.manager.findOneBy(Operation, { serviceId: service.id, idempotencyKey: key }));
  if (known) {
    return known;
  }
  await supersedeQueued(tx, service, request.kind);
  const operation = tx.manager.create(Operation, {
    id: newId("operation"),
    serviceId: service.id,
    environmentId: service.environmentId,
    kind: request.kind,
    state: "QUEUED",
    idempotencyKey: key,
    requestedBy: actor.name,
    fromRevision: service.deployedRevision,
    steps: initialSteps(request.kind),
    queuedAt: new Date(),
    toRevision: null,
    spec: null,
    fingerprint: null,
    commit: null,
    cause: null,
    cancelRequestedBy: null,
    startedAt: null,
    finishedAt: null,
  });
  await tx.manager.insert(Operation, operation);
  tx.emit({ type: "OPERATION_CHANGED", payload: snapshotOf(operation) });
  return operation;
}

function checkedKey(key: string | null): string | null {
  if (key !== null && (key.length === 0 || key.length > longestKey || key.includes("\0"))) {
    throw new UserInputError("INVALID", `idempotencyKey must have 1 to ${longestKey} characters.`, [
      "idempotencyKey",
    ]);
  }
  return key;
}

async function supersedeQueued(tx: Transaction, service: Service, by: OperationKind): Promise<void> {
  const active = await tx.manager.find(Operation, {
    where: [
      { serviceId: service.id, state: "QUEUED" },
      { serviceId: service.id, state: "RUNNING" },
    ],
  });
  if (by !== "REMOVE" && active.some((operation) => operation.kind === "REMOVE")) {
    throw new UserInputError("CONFLICT", `Service ${service.name} is being removed.`, ["service"]);
  }
  for (const operation of active.filter((item) => item.state === "QUEUED")) {
    const message = `A newer request (${by}) took this one's place before it started.`;
    const cause: Cause = { code: "SUPERSEDED_BY_NEWER", message, exitCode: null, lastLines: [] };
    await endUnstarted(tx, operation, "SUPERSEDED", cause);
  }
}

/** Ends an operation that never ran. The caller has locked its service. */
export async function endUnstarted(
  tx: Transaction,
  operation: Operation,
  state: "SUPERSEDED" | "CANCELLED",
  cause: Cause,
): Promise<void> {
  Object.assign(operation, { state, cause, finishedAt: new Date() });
  operation.steps = operation.steps.map((step) => ({ ...step, state: "SKIPPED" }));
  await tx.manager.update(
    Operation,
    { id: operation.id },
    { state, cause, steps: operation.steps, finishedAt: operation.finishedAt },
  );
  tx.emit({ type: "OPERATION_CHANGED", payload: snapshotOf(operation) });
}
