import { Column, CreateDateColumn, Entity, PrimaryColumn } from "typeorm";
import { UserInputError } from "../errors.js";
import { completeSpec, type RecipeSpec } from "./recipe-spec.js";

export const recipeTypes = ["SERVICE", "DAEMON", "SERVER", "CLUSTER", "CDN", "SYSTEM", "OTHER"] as const;
export type RecipeType = (typeof recipeTypes)[number];

/** A named, driver-neutral template for services; its spec lives in its revisions. */
@Entity("recipe")
export class Recipe {
  @PrimaryColumn("text")
  id!: string;

  /** Unique; never changes. */
  @Column("text")
  name!: string;

  @Column("text", { nullable: true })
  title!: string | null;

  @Column("text")
  type!: RecipeType;

  @Column("text", { nullable: true })
  subtype!: string | null;

  @Column("text")
  description!: string;

  /** A template: it can be copied, not bumped. */
  @Column("boolean")
  locked!: boolean;

  @Column("timestamptz", { name: "archived_at", nullable: true })
  archivedAt!: Date | null;

  /** Number of the newest revision. */
  @Column("integer", { name: "current_revision" })
  currentRevision!: number;

  @CreateDateColumn({ name: "created_at", type: "timestamptz" })
  createdAt!: Date;

  /** @throws UserInputError LOCKED or ARCHIVED */
  assertBumpable(): void {
    if (this.locked) {
      throw new UserInputError(
        "LOCKED",
        `Recipe ${this.name} is a locked template: copy it and bump the copy.`,
      );
    }
    this.assertUsable();
  }

  /** @throws UserInputError ARCHIVED */
  assertUsable(): void {
    if (this.archivedAt) {
      throw new UserInputError("ARCHIVED", `Recipe ${this.name} is archived; use another recipe.`);
    }
  }
}

/** One immutable version of a recipe's spec: 1, 2, 3… */
@Entity("recipe_revision")
export class RecipeRevision {
  @PrimaryColumn("text")
  id!: string;

  @Column("text", { name: "recipe_id" })
  recipeId!: string;

  @Column("integer")
  number!: number;

  @Column("jsonb", { transformer: { from: completeSpec, to: (spec: RecipeSpec) => spec } })
  spec!: RecipeSpec;

  /** Why it was made, in its author's words. */
  @Column("text", { nullable: true })
  message!: string | null;

  /** Name of the token that made it. */
  @Column("text")
  author!: string;

  @CreateDateColumn({ name: "created_at", type: "timestamptz" })
  createdAt!: Date;
}
