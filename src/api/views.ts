import type { BulkRebuild } from "../domain/bulk-rebuild.js";
import type { Operation } from "../domain/operation.js";
import type { Update } from "../domain/update.js";
import type { BulkRebuildSnapshot, OperationSnapshot, UpdateSnapshot } from "../events/event-map.js";

/** What the GraphQL type Update is resolved from: the standing row, or an event's snapshot. */
export type UpdateView = Pick<
  Update,
  | "id"
  | "serviceId"
  | "reasons"
  | "fromRevision"
  | "toRevision"
  | "fromSpec"
  | "toSpec"
  | "fromCommit"
  | "toCommit"
  | "drift"
  | "since"
  | "readAt"
>;

/** What the GraphQL type Operation is resolved from: the row, or an event's snapshot. */
export type OperationView = Pick<
  Operation,
  | "id"
  | "serviceId"
  | "bulkRebuildId"
  | "kind"
  | "state"
  | "steps"
  | "fromRevision"
  | "toRevision"
  | "commit"
  | "requestedBy"
  | "queuedAt"
  | "startedAt"
  | "finishedAt"
  | "cause"
>;

/** What the GraphQL type BulkRebuild is resolved from: the row, or an event's snapshot. */
export type BulkRebuildView = Omit<BulkRebuild, "idempotencyKey" | "environments" | "cancelRequestedBy">;

/** A bulk rebuild as it was at its event. */
export function bulkRebuildAt({
  bulkRebuildId,
  createdAt,
  finishedAt,
  ...rest
}: BulkRebuildSnapshot): BulkRebuildView {
  return {
    ...rest,
    id: bulkRebuildId,
    createdAt: new Date(createdAt),
    finishedAt: finishedAt ? new Date(finishedAt) : null,
  };
}

/** An Update as it was at its event; nobody had read it then. */
export function updateAt(snapshot: UpdateSnapshot): UpdateView {
  const { updateId, serviceId, reasons, fromRevision, toRevision, fromSpec, toSpec } = snapshot;
  return {
    id: updateId,
    serviceId,
    reasons,
    fromRevision,
    toRevision,
    fromSpec,
    toSpec,
    fromCommit: snapshot.fromCommit ?? null,
    toCommit: snapshot.toCommit ?? null,
    drift: snapshot.drift ?? null,
    since: new Date(snapshot.since),
    readAt: null,
  };
}

/** An operation as it was at its event. */
export function operationAt(snapshot: OperationSnapshot): OperationView {
  const { operationId, serviceId, kind, state, steps, fromRevision, toRevision, commit, requestedBy, cause } =
    snapshot;
  return {
    id: operationId,
    bulkRebuildId: snapshot.bulkRebuildId ?? null,
    serviceId,
    kind,
    state,
    steps,
    fromRevision,
    toRevision,
    commit,
    requestedBy,
    cause,
    queuedAt: new Date(snapshot.queuedAt),
    startedAt: snapshot.startedAt ? new Date(snapshot.startedAt) : null,
    finishedAt: snapshot.finishedAt ? new Date(snapshot.finishedAt) : null,
  };
}
