import type { FieldChange } from "../domain/changes.js";
import type { Cause } from "../errors.js";
import type { ServiceState, StepName, StepState } from "../operations/driver.js";

/** What an Update event says of its Update; enough to show it when the rows have changed or gone. */
export interface UpdateSnapshot {
  updateId: string;
  serviceId: string;
  /** Name of the service. */
  service: string;
  environmentId: string;
  /** Code of the environment. */
  environment: string;
  recipeId: string;
  /** Name of the recipe. */
  recipe: string;
  reasons: UpdateReason[];
  fromRevision: number | null;
  toRevision: number;
  /** Rendered specs by content, between which the changes are; null when the service never ran. */
  fromSpec: string | null;
  toSpec: string;
  /** Full hashes when new code is a reason, else null; absent in events of older versions. */
  fromCommit?: string | null;
  toCommit?: string | null;
  /** What was changed by hand on the engine, else null; absent in events of older versions. */
  drift?: FieldChange[] | null;
  /** ISO 8601. */
  since: string;
}

export type UpdateReason = "RECIPE" | "INPUTS" | "ENVIRONMENT" | "IMAGE" | "CODE" | "DRIFT";

export interface StepSnapshot {
  name: StepName;
  state: StepState;
  done: number;
  of: number;
  /** ISO 8601. */
  startedAt: string | null;
  finishedAt: string | null;
  detail: string | null;
}

export type OperationKind = "DEPLOY" | "REBUILD" | "ROLLBACK" | "RESTART" | "SCALE" | "REMOVE";
export type OperationState =
  | "QUEUED"
  | "RUNNING"
  | "SUCCEEDED"
  | "UNPROVEN"
  | "FAILED"
  | "ROLLED_BACK"
  | "CANCELLED"
  | "SUPERSEDED";

/** An operation as it was at its event. */
export interface OperationSnapshot {
  operationId: string;
  serviceId: string;
  environmentId: string;
  /** Which it is part of; absent in events of older versions. */
  bulkRebuildId?: string | null;
  kind: OperationKind;
  state: OperationState;
  steps: StepSnapshot[];
  fromRevision: number | null;
  toRevision: number | null;
  commit: string | null;
  requestedBy: string;
  queuedAt: string;
  startedAt: string | null;
  finishedAt: string | null;
  cancelRequested: boolean;
  cause: Cause | null;
}

/** A service as it was at its event. */
export type ServiceSnapshot = {
  serviceId: string;
  environmentId: string;
  state: ServiceState;
} & Partial<ServiceFacts>;

/** Absent in events of older versions. */
interface ServiceFacts {
  /** Its name. */
  service: string;
  /** Code of its environment. */
  environment: string;
  recipeId: string;
  /** Name of its recipe. */
  recipe: string;
  group: string | null;
  /** What runs; null when nothing does yet. */
  revision: number | null;
  commit: string | null;
  /** How many are asked for. */
  replicas: number;
  /** What its engine calls it when Rebake took it over there; null: Rebake named it. */
  adopted?: string | null;
  removed: boolean;
}

/** A bulk rebuild as it was at its event. It is of no single environment and service. */
export interface BulkRebuildSnapshot {
  bulkRebuildId: string;
  environmentId: null;
  serviceId: null;
  state: "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";
  parallel: number;
  maxFailures: number;
  total: number;
  running: number;
  succeeded: number;
  failed: number;
  skipped: number;
  requestedBy: string;
  createdAt: string;
  finishedAt: string | null;
}

/** Every type of event and what it carries: producers and subscriptions share this one map. */
export interface EventMap {
  UPDATE_AVAILABLE: UpdateSnapshot;
  UPDATE_RESOLVED: UpdateSnapshot;
  OPERATION_CHANGED: OperationSnapshot;
  BULK_REBUILD_CHANGED: BulkRebuildSnapshot;
  SERVICE_CHANGED: ServiceSnapshot;
}
export type EventType = keyof EventMap;

/** An event to be appended: the ids are what subscriptions are indexed by. */
export type NewEvent = {
  [T in EventType]: { type: T; payload: EventMap[T] };
}[EventType];

/** An event whose payload is JSON text already: thousands of them come out of one statement. */
export interface SerialisedEvent {
  type: EventType;
  environmentId: string | null;
  serviceId: string | null;
  /** What a stream of events is about: an operation or a bulk rebuild; null: neither. */
  operationId: string | null;
  /** JSON of the type's payload in EventMap. */
  payload: string;
}

/** The operation or bulk rebuild that an event's stream is about; null: neither. */
export function subjectOf(payload: EventMap[EventType]): string | null {
  if ("operationId" in payload) {
    return payload.operationId;
  }
  return "bulkRebuildId" in payload ? payload.bulkRebuildId : null;
}

export function serialise({ type, payload }: NewEvent): SerialisedEvent {
  const { environmentId, serviceId } = payload;
  const operationId = subjectOf(payload);
  return { type, environmentId, serviceId, operationId, payload: JSON.stringify(payload) };
}

/** An event of the log; cursors are handed out in commit order and without gaps. */
export type LoggedEvent = NewEvent & { cursor: bigint; at: Date };
