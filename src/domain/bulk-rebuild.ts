import { Column, CreateDateColumn, Entity, PrimaryColumn } from "typeorm";
import type { BulkRebuildSnapshot } from "../events/event-map.js";

export const bulkRebuildStates = ["RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"] as const;
export type BulkRebuildState = (typeof bulkRebuildStates)[number];

export const bulkItemStates = ["WAITING", "RUNNING", "SUCCEEDED", "FAILED", "SKIPPED"] as const;
export type BulkItemState = (typeof bulkItemStates)[number];

/** Rebuilds of all services that a filter named when it was asked for, a few at a time. */
@Entity("bulk_rebuild")
export class BulkRebuild {
  @PrimaryColumn("text")
  id!: string;

  @Column("text")
  state!: BulkRebuildState;

  /** How many rebuilds at once. */
  @Column("integer")
  parallel!: number;

  /** After so many failures nothing more is begun. */
  @Column("integer", { name: "max_failures" })
  maxFailures!: number;

  @Column("integer")
  total!: number;

  @Column("integer")
  running!: number;

  @Column("integer")
  succeeded!: number;

  @Column("integer")
  failed!: number;

  @Column("integer")
  skipped!: number;

  @Column("text", { name: "idempotency_key", nullable: true })
  idempotencyKey!: string | null;

  /** Name of the token that asked for it. */
  @Column("text", { name: "requested_by" })
  requestedBy!: string;

  /** Ids of the environments its services are in. */
  @Column("text", { array: true })
  environments!: string[];

  @Column("text", { name: "cancel_requested_by", nullable: true })
  cancelRequestedBy!: string | null;

  @CreateDateColumn({ name: "created_at", type: "timestamptz" })
  createdAt!: Date;

  @Column("timestamptz", { name: "finished_at", nullable: true })
  finishedAt!: Date | null;
}

/** The bulk rebuild as its events carry it. */
export function bulkSnapshotOf(bulk: BulkRebuild): BulkRebuildSnapshot {
  return {
    bulkRebuildId: bulk.id,
    environmentId: null,
    serviceId: null,
    state: bulk.state,
    parallel: bulk.parallel,
    maxFailures: bulk.maxFailures,
    total: bulk.total,
    running: bulk.running,
    succeeded: bulk.succeeded,
    failed: bulk.failed,
    skipped: bulk.skipped,
    requestedBy: bulk.requestedBy,
    createdAt: bulk.createdAt.toISOString(),
    finishedAt: bulk.finishedAt?.toISOString() ?? null,
  };
}
