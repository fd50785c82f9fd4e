import { Column, CreateDateColumn, Entity, PrimaryColumn } from "typeorm";
import type { ServiceState } from "../operations/driver.js";
import type { FieldChange } from "./changes.js";
import type { Source } from "./recipe-spec.js";
import type { RenderedSpec } from "./rendered-spec.js";
import type { SpecId } from "./spec-store.js";

/** A value given for one of the recipe's inputs: in clear, or the version id of an encrypted secret. */
export type InputValue = { name: string; value: string } | { name: string; secret: string };

/** The number under which a service publishes a port of its recipe. */
export interface PublishedPortChoice {
  /** Name of the recipe's port. */
  name: string;
  published: number;
}

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

  /** Ports this service publishes instead of what its recipe says. */
  @Column("jsonb", { nullable: true })
  ports!: PublishedPortChoice[] | null;

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

  /**
   * Since when it is held at a state that was asked for (a rollback, an older revision, a commit): what was newest
   * then raises no Update. Null: it should run the newest.
   */
  @Column("timestamptz", { name: "held_at", nullable: true })
  heldAt!: Date | null;

  /** Newest commit of its branch when it was held; null: none was known, and the first one seen counts as held. */
  @Column("text", { name: "held_commit", nullable: true })
  heldCommit!: string | null;

  /** Newest commit known of the branch it should run; null: none is known, or it has no branch to follow. */
  @Column("text", { name: "head_commit", nullable: true })
  headCommit!: string | null;

  /** Which row of `source_head` knows about its branch. */
  @Column("text", { name: "source_key", nullable: true })
  sourceKey!: string | null;

  /** The image that runs, as it was pinned; null: none, or a driver for which images mean nothing. */
  @Column("text", { name: "deployed_image", nullable: true })
  deployedImage!: string | null;

  /** What its engine calls it when Rebake took it over there; null: Rebake named it. */
  @Column("text", { nullable: true })
  adopted!: string | null;

  /** What somebody changed by hand on the engine since it was deployed; null: nothing is known of. */
  @Column("jsonb", { nullable: true })
  drift!: FieldChange[] | null;

  @CreateDateColumn({ name: "created_at", type: "timestamptz" })
  createdAt!: Date;

  @Column("timestamptz", { name: "removed_at", nullable: true })
  removedAt!: Date | null;
}
