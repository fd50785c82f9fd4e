import { Column, Entity, PrimaryColumn } from "typeorm";
import type { UpdateReason } from "../events/event-map.js";
import type { FieldChange } from "./changes.js";
import type { SpecId } from "./spec-store.js";

/**
 * The standing fact that a service does not run what it should. The row exists exactly while desired and
 * deployed differ, or what is deployed was changed by hand; `settle-updates.ts` is the only writer.
 */
@Entity("service_update")
export class Update {
  @PrimaryColumn("text")
  id!: string;

  @Column("text", { name: "service_id" })
  serviceId!: string;

  @Column("text", { name: "environment_id" })
  environmentId!: string;

  @Column("text", { name: "recipe_id" })
  recipeId!: string;

  @Column("text", { array: true })
  reasons!: UpdateReason[];

  @Column("integer", { name: "from_revision", nullable: true })
  fromRevision!: number | null;

  @Column("integer", { name: "to_revision" })
  toRevision!: number;

  /** What is deployed; null when the service never ran. */
  @Column("text", { name: "from_spec", nullable: true })
  fromSpec!: SpecId | null;

  /** What is desired. */
  @Column("text", { name: "to_spec" })
  toSpec!: SpecId;

  /** Full hashes, when new code is among the reasons. */
  @Column("text", { name: "from_commit", nullable: true })
  fromCommit!: string | null;

  @Column("text", { name: "to_commit", nullable: true })
  toCommit!: string | null;

  /** What was changed by hand on the engine, when that is among the reasons. */
  @Column("jsonb", { nullable: true })
  drift!: FieldChange[] | null;

  @Column("timestamptz")
  since!: Date;

  @Column("timestamptz", { name: "read_at", nullable: true })
  readAt!: Date | null;
}

/** `UPDATE` when new code is the only reason, else `UPGRADE`. */
export function updateKind(reasons: readonly UpdateReason[]): "UPDATE" | "UPGRADE" {
  return reasons.length === 1 && reasons[0] === "CODE" ? "UPDATE" : "UPGRADE";
}
