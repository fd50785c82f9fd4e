import { type Cause, UserInputError } from "../errors.js";
import type { OperationKind } from "../events/event-map.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { newId } from "./id.js";
import { initialSteps, Operation, snapshotOf } from "./operation.js";
import type { Service } from "./service.js";
import { isStorable } from "./storable.js";

const longestKey = 255;

/**
 * Queues work on a service whose row the caller has locked. At most one operation waits for each service: an
 * older one ends SUPERSEDED. The same idempotency key gives the same operation again, also when the service was
 * removed since.
 * @throws UserInputError NOT_FOUND when the service was removed, CONFLICT when it is about to be or the key was used
 * for another kind of operation, INVALID for a bad key
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
    assertSameKind(known, request.kind);
    return known;
  }
  if (service.removedAt) {
    throw new UserInputError("NOT_FOUND", `There is no service ${service.id}.`, ["service"]);
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
    replicas: null,
    source: null,
    holds: false,
    heldRevision: null,
    rollsBackTo: null,
    bulkRebuildId: null,
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

function assertSameKind(known: Operation, kind: OperationKind): void {
  if (known.kind !== kind) {
    const message = `This idempotencyKey has asked for ${known.kind} ${known.id} already: use another one for ${kind}.`;
    throw new UserInputError("CONFLICT", message, ["idempotencyKey"]);
  }
}

/** @throws UserInputError INVALID */
export function checkedKey(key: string | null): string | null {
  if (key !== null && (key.length === 0 || key.length > longestKey || !isStorable(key))) {
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
