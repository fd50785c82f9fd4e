import { Column, Entity, PrimaryColumn } from "typeorm";
import type { Cause } from "../errors.js";
import type { OperationKind, OperationSnapshot, OperationState, StepSnapshot } from "../events/event-map.js";
import { type StepName, stepNames, type Undo } from "../operations/driver.js";
import type { Source } from "./recipe-spec.js";
import type { SpecId } from "./spec-store.js";

export const operationKinds = ["DEPLOY", "REBUILD", "ROLLBACK", "RESTART", "SCALE", "REMOVE"] as const;
export const operationStates = [
  "QUEUED",
  "RUNNING",
  "SUCCEEDED",
  "UNPROVEN",
  "FAILED",
  "ROLLED_BACK",
  "CANCELLED",
  "SUPERSEDED",
] as const;

/** Those that decide what a service runs. */
export const versionKinds = ["DEPLOY", "REBUILD", "ROLLBACK"] as const;

export function isVersionKind(kind: OperationKind): boolean {
  return versionKinds.some((one) => one === kind);
}

/** Whether an operation in this state has its verdict. */
export function hasEnded(state: OperationState): boolean {
  return state !== "QUEUED" && state !== "RUNNING";
}

/** One queued piece of work on one service; the row is the job. */
@Entity("operation")
export class Operation {
  @PrimaryColumn("text")
  id!: string;

  @Column("text", { name: "service_id" })
  serviceId!: string;

  @Column("text", { name: "environment_id" })
  environmentId!: string;

  @Column("text")
  kind!: OperationKind;

  @Column("text")
  state!: OperationState;

  @Column("text", { name: "idempotency_key", nullable: true })
  idempotencyKey!: string | null;

  /** Name of the token that asked for it. */
  @Column("text", { name: "requested_by" })
  requestedBy!: string;

  @Column("integer", { name: "from_revision", nullable: true })
  fromRevision!: number | null;

  /** Set once LOAD_RECIPE is done, like `spec`, `fingerprint`, `commit` and `image`: the journalled intent. */
  @Column("integer", { name: "to_revision", nullable: true })
  toRevision!: number | null;

  @Column("text", { nullable: true })
  spec!: SpecId | null;

  @Column("text", { nullable: true })
  fingerprint!: string | null;

  @Column("text", { nullable: true })
  commit!: string | null;

  /** As it was pinned; null: none, or a driver for which images mean nothing. */
  @Column("text", { nullable: true })
  image!: string | null;

  /** Replicas that a SCALE asks for. */
  @Column("integer", { nullable: true })
  replicas!: number | null;

  /** The service's own source, where it was asked to become another one. */
  @Column("jsonb", { nullable: true })
  source!: Partial<Source> | null;

  /** Whether the service is held at this operation's state once it has succeeded. */
  @Column("boolean")
  holds!: boolean;

  /** The recipe's newest revision when this was asked for: a newer one ends the holding. */
  @Column("integer", { name: "held_revision", nullable: true })
  heldRevision!: number | null;

  /** For a ROLLBACK: the operation whose state it brings back. */
  @Column("text", { name: "rolls_back_to", nullable: true })
  rollsBackTo!: string | null;

  @Column("text", { name: "bulk_rebuild_id", nullable: true })
  bulkRebuildId!: string | null;

  @Column("jsonb")
  steps!: StepSnapshot[];

  @Column("jsonb", { nullable: true })
  cause!: Cause | null;

  /** Why it is undone, from before anything of it is; null: it is not, or its driver needs no such note. */
  @Column("jsonb", { nullable: true })
  undo!: Undo | null;

  @Column("text", { name: "cancel_requested_by", nullable: true })
  cancelRequestedBy!: string | null;

  @Column("timestamptz", { name: "queued_at" })
  queuedAt!: Date;

  @Column("timestamptz", { name: "started_at", nullable: true })
  startedAt!: Date | null;

  @Column("timestamptz", { name: "finished_at", nullable: true })
  finishedAt!: Date | null;

  /** Until when the server that runs it holds it, by the database's clock. */
  @Column("timestamptz", { name: "lease_until", nullable: true })
  leaseUntil!: Date | null;

  /** Rises with every claim; a write that carries an older one is refused. */
  @Column("bigint")
  fence!: string;
}

const stepsOf: Partial<Record<OperationKind, readonly StepName[]>> = {
  SCALE: ["START", "READY", "TERMINATE_OLD"],
  REMOVE: ["TERMINATE_OLD"],
};

/** The steps of a new operation: all of them, unless its kind has fewer. */
export function initialSteps(kind: OperationKind): StepSnapshot[] {
  const names = stepsOf[kind] ?? stepNames;
  return names.map((name) => ({
    name,
    state: "PENDING",
    done: 0,
    of: 1,
    startedAt: null,
    finishedAt: null,
    detail: null,
  }));
}

/** The operation as its events carry it. */
export function snapshotOf(operation: Operation): OperationSnapshot {
  return {
    operationId: operation.id,
    serviceId: operation.serviceId,
    environmentId: operation.environmentId,
    bulkRebuildId: operation.bulkRebuildId,
    kind: operation.kind,
    state: operation.state,
    steps: operation.steps,
    fromRevision: operation.fromRevision,
    toRevision: operation.toRevision,
    commit: operation.commit,
    requestedBy: operation.requestedBy,
    queuedAt: operation.queuedAt.toISOString(),
    startedAt: operation.startedAt?.toISOString() ?? null,
    finishedAt: operation.finishedAt?.toISOString() ?? null,
    cancelRequested: operation.cancelRequestedBy !== null,
    cause: operation.cause,
  };
}
