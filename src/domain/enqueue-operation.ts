import { type Cause, UserInputError } from "../errors.js";
import type { OperationKind } from "../events/event-map.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { newId } from "./id.js";
import { initialSteps, isVersionKind, Operation, snapshotOf } from "./operation.js";
import type { Source } from "./recipe-spec.js";
import type { Service } from "./service.js";
import type { SpecId } from "./spec-store.js";
import { isStorable } from "./storable.js";

const longestKey = 255;

/** A state that was asked for instead of the newest one. */
export interface PlannedState {
  spec: SpecId;
  fingerprint: string;
  toRevision: number;
  /** Null: the newest of the branch. */
  commit: string | null;
  /** As it was pinned; null: what its tag points at now. */
  image: string | null;
  /** The service's own source with this state; null: it stays what it is. */
  source: Partial<Source> | null;
  /** Whether the service stays held at it. */
  holds: boolean;
  /** The recipe's newest revision at this moment. */
  heldRevision: number;
  /** The operation that had brought this state; null: none had. */
  rollsBackTo?: string | null;
}

/** What is to be done to a service. */
export interface OperationRequest {
  kind: OperationKind;
  idempotencyKey?: string | null | undefined;
  /** For REBUILD and ROLLBACK to something else than the newest state. */
  plan?: PlannedState | null;
  /** For SCALE. */
  replicas?: number | null;
  bulkRebuildId?: string | null;
}

/**
 * Queues work on a service whose row the caller has locked. Operations of a service run one after the other. Of those
 * that wait, a newer one takes the place of an older one that it makes pointless, which ends SUPERSEDED: what to run
 * that of what to run and of a restart, a number of replicas that of another, a removal everything. The same
 * idempotency key gives the same operation again, also when the service was removed since.
 * @throws UserInputError NOT_FOUND when the service was removed, CONFLICT when it is about to be or the key was used
 * for another kind of operation, INVALID for a bad key
 */
export async function enqueueOperation(
  tx: Transaction,
  service: Service,
  request: OperationRequest,
  actor: Actor,
): Promise<Operation> {
  const known = await knownOperation(tx, service, request);
  if (known) {
    return known;
  }
  assertThere(service);
  await supersedeQueued(tx, service, request.kind);
  const operation = tx.manager.create(Operation, {
    ...blank(service, request),
    requestedBy: actor.name,
    queuedAt: await tx.now(),
  });
  await tx.manager.insert(Operation, operation);
  tx.emit({ type: "OPERATION_CHANGED", payload: snapshotOf(operation) });
  return operation;
}

/**
 * What the same idempotency key has asked for already.
 * @throws UserInputError CONFLICT, INVALID
 */
export async function knownOperation(
  tx: Transaction,
  service: Pick<Service, "id">,
  { kind, idempotencyKey }: Pick<OperationRequest, "kind" | "idempotencyKey">,
): Promise<Operation | null> {
  const key = checkedKey(idempotencyKey ?? null);
  if (key === null) {
    return null;
  }
  const known = await tx.manager.findOneBy(Operation, { serviceId: service.id, idempotencyKey: key });
  if (known && known.kind !== kind) {
    const message = `This idempotencyKey has asked for ${known.kind} ${known.id} already: use another one for ${kind}.`;
    throw new UserInputError("CONFLICT", message, ["idempotencyKey"]);
  }
  return known;
}

/** @throws UserInputError NOT_FOUND */
export function assertThere(service: Service): void {
  if (service.removedAt) {
    throw new UserInputError("NOT_FOUND", `There is no service ${service.id}.`, ["service"]);
  }
}

function blank(service: Service, request: OperationRequest) {
  const { kind, idempotencyKey, plan, replicas, bulkRebuildId } = request;
  return {
    id: newId("operation"),
    serviceId: service.id,
    environmentId: service.environmentId,
    kind,
    state: "QUEUED" as const,
    idempotencyKey: idempotencyKey ?? null,
    fromRevision: service.deployedRevision,
    steps: initialSteps(kind),
    replicas: replicas ?? null,
    source: plan?.source ?? null,
    holds: plan?.holds ?? false,
    heldRevision: plan?.heldRevision ?? null,
    rollsBackTo: plan?.rollsBackTo ?? null,
    bulkRebuildId: bulkRebuildId ?? null,
    toRevision: plan?.toRevision ?? null,
    spec: plan?.spec ?? null,
    fingerprint: plan?.fingerprint ?? null,
    commit: plan?.commit ?? null,
    image: plan?.image ?? null,
    cause: null,
    cancelRequestedBy: null,
    startedAt: null,
    finishedAt: null,
  };
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
  for (const operation of active.filter((item) => item.state === "QUEUED" && supersedes(by, item.kind))) {
    const message = `A newer request (${by}) took this one's place before it started.`;
    const cause: Cause = { code: "SUPERSEDED_BY_NEWER", message, exitCode: null, lastLines: [] };
    await endUnstarted(tx, operation, "SUPERSEDED", cause);
  }
}

function supersedes(newer: OperationKind, waiting: OperationKind): boolean {
  if (newer === "REMOVE" || newer === waiting) {
    return true;
  }
  return isVersionKind(newer) && (isVersionKind(waiting) || waiting === "RESTART");
}

/** Ends an operation that never ran. The caller has locked its service. */
export async function endUnstarted(
  tx: Transaction,
  operation: Operation,
  state: "SUPERSEDED" | "CANCELLED",
  cause: Cause,
): Promise<void> {
  Object.assign(operation, { state, cause, finishedAt: await tx.now() });
  operation.steps = operation.steps.map((step) => ({ ...step, state: "SKIPPED" }));
  await tx.manager.update(
    Operation,
    { id: operation.id },
    { state, cause, steps: operation.steps, finishedAt: operation.finishedAt },
  );
  tx.emit({ type: "OPERATION_CHANGED", payload: snapshotOf(operation) });
}
