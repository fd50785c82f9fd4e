import { Column, CreateDateColumn, Entity, PrimaryColumn } from "typeorm";
import type { ServiceState } from "../operations/driver.js";
import type { Source } from "./recipe-spec.js";
import type { RenderedSpec } from "./rendered-spec.js";
import type { SpecId } from "./spec-store.js";

/** A value given for one of the recipe's inputs: in clear, or the version id of an encrypted secret. */
export type InputValue = { name: string; value: string } | { name: string; secret: string };

/** A deployed instance of a recipe in an environment. Removed services keep their row, for the history. */
@Entity("service")
export class Service {
  @PrimaryColumn("text")
  id!: string;

  @Column("text", { name: "environment_id" })
  environmentId!: string;

  @Column("text", { name: "recipe_id" })
  recipeId!: string;

  /** A DNS label, unique in its environment. */
  @Column("text")
  name!: string;

  @Column("text", { nullable: true })
  title!: string | null;

  @Column("text", { name: "group_name", nullable: true })
  group!: string | null;

  @Column("text")
  mode!: RenderedSpec["mode"];

  @Column("integer")
  replicas!: number;

  /** What this service's source differs in from the recipe's, e.g. its branch. */
  @Column("jsonb", { nullable: true })
  source!: Partial<Source> | null;

  @Column("jsonb")
  inputs!: InputValue[];

  /** As last reported by its driver. */
  @Column("text")
  state!: ServiceState;

  @Column("integer", { name: "desired_revision" })
  desiredRevision!: number;

  @Column("text", { name: "desired_spec" })
  desiredSpec!: SpecId;

  @Column("text", { name: "desired_fingerprint" })
  desiredFingerprint!: string;

  /** Null before the first deploy has ended well. */
  @Column("integer", { name: "deployed_revision", nullable: true })
  deployedRevision!: number | null;

  @Column("text", { name: "deployed_spec", nullable: true })
  deployedSpec!: SpecId | null;

  @Column("text", { name: "deployed_fingerprint", nullable: true })
  deployedFingerprint!: string | null;

  @Column("text", { name: "deployed_commit", nullable: true })
  deployedCommit!: string | null;

  @Column("text", { name: "deployed_operation_id", nullable: true })
  deployedOperationId!: string | null;

  @CreateDateColumn({ name: "created_at", type: "timestamptz" })
  createdAt!: Date;

  @Column("timestamptz", { name: "removed_at", nullable: true })
  removedAt!: Date | null;
}
