import { Field, InputType, Int, ObjectType } from "type-graphql";
import type { ImportedRecipe } from "../../domain/import-recipe.js";
import type { Recipe, RecipeRevision } from "../../domain/recipe.js";
import { ImportOutcomeEnum } from "./enums.js";
import { EventfulPayload, Payload } from "./payloads.js";
import { RecipeRevisionType, RecipeType } from "./recipe.js";

@InputType({ description: "A recipe to copy, and what differs in the copy." })
export class CopyRecipeInput {
  @Field({ description: "Name or id of the original, which may be a locked template." })
  recipe!: string;

  @Field(() => Int, { nullable: true, description: "Which of its revisions; the current one when absent." })
  revision?: number | null;

  @Field({ description: "Name of the copy: a unique DNS label." })
  name!: string;

  @Field(() => String, {
    nullable: true,
    description: "Its title; the original's when absent, null for none.",
  })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "Its description; the original's when absent." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "Why it was made." })
  message?: string | null;
}

@InputType({ description: "A recipe to take back to an older revision." })
export class RevertRecipeInput {
  @Field({ description: "Name or id of the recipe." })
  recipe!: string;

  @Field(() => Int, { description: "Number of the revision whose spec counts again." })
  revision!: number;

  @Field(() => Int, {
    nullable: true,
    description:
      "The revision you have seen: when it is no longer the current one, nothing is done (CONFLICT).",
  })
  expectedRevision?: number | null;

  @Field(() => String, { nullable: true, description: "Why, in your own words." })
  message?: string | null;
}

@InputType({ description: "A recipe to take out of use." })
export class ArchiveRecipeInput {
  @Field({ description: "Name or id of the recipe." })
  recipe!: string;
}

@InputType({ description: "A recipe to put back into use." })
export class UnarchiveRecipeInput {
  @Field({ description: "Name or id of the recipe." })
  recipe!: string;
}

@InputType({ description: "Exported recipes to bring in." })
export class ImportRecipeInput {
  @Field({
    description: "What `exportRecipes` has answered, here or elsewhere: JSON of one or more recipes.",
  })
  document!: string;

  @Field(() => String, { nullable: true, description: "Message of the revisions that are made." })
  message?: string | null;
}

@ObjectType({ description: "What copyRecipe answers.", simpleResolvers: true })
export class CopyRecipePayload extends Payload {
  @Field(() => RecipeType, { nullable: true, description: "The copy; null with errors." })
  recipe?: Recipe | null;

  @Field(() => RecipeRevisionType, { nullable: true, description: "Its first revision; null with errors." })
  revision?: RecipeRevision | null;
}

@ObjectType({ description: "What revertRecipe answers.", simpleResolvers: true })
export class RevertRecipePayload extends EventfulPayload {
  @Field(() => RecipeType, { nullable: true, description: "The recipe; null with errors." })
  recipe?: Recipe | null;

  @Field(() => RecipeRevisionType, { nullable: true, description: "Its new revision; null with errors." })
  revision?: RecipeRevision | null;
}

@ObjectType({ description: "What archiveRecipe answers.", simpleResolvers: true })
export class ArchiveRecipePayload extends Payload {
  @Field(() => RecipeType, { nullable: true, description: "The recipe; null with errors." })
  recipe?: Recipe | null;
}

@ObjectType({ description: "What unarchiveRecipe answers.", simpleResolvers: true })
export class UnarchiveRecipePayload extends Payload {
  @Field(() => RecipeType, { nullable: true, description: "The recipe; null with errors." })
  recipe?: Recipe | null;
}

@ObjectType("ImportedRecipe", { description: "What an import did with one recipe.", simpleResolvers: true })
export class ImportedRecipeType {
  @Field(() => RecipeType, { description: "The recipe." })
  recipe!: Recipe;

  @Field(() => RecipeRevisionType, { description: "Its current revision." })
  revision!: RecipeRevision;

  @Field(() => ImportOutcomeEnum, { description: "Whether it is new, has a new revision, or stays." })
  outcome!: ImportedRecipe["outcome"];
}

@ObjectType({ description: "What importRecipe answers.", simpleResolvers: true })
export class ImportRecipePayload extends EventfulPayload {
  @Field(() => [ImportedRecipeType], {
    nullable: true,
    description: "Each recipe of the document, in the order of their names; null with errors.",
  })
  imported?: ImportedRecipe[] | null;
}

@ObjectType({ description: "What exportRecipes answers.", simpleResolvers: true })
export class ExportedRecipes extends Payload {
  @Field(() => String, {
    nullable: true,
    description: "JSON text, the same for the same recipes; null with errors.",
  })
  document?: string | null;
}
