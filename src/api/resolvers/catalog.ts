import { Arg, Ctx, Mutation, Query, Resolver } from "type-graphql";
import { archiveRecipe, unarchiveRecipe } from "../../domain/archive-recipe.js";
import { copyRecipe } from "../../domain/copy-recipe.js";
import { exportRecipes } from "../../domain/export-recipes.js";
import { importRecipe } from "../../domain/import-recipe.js";
import { revertRecipe } from "../../domain/revert-recipe.js";
import { assertMayChangeAll } from "../access.js";
import type { RequestContext } from "../context.js";
import { runMutation, runQuery } from "../mutation.js";
import { toPlain } from "../plain.js";
import {
  ArchiveRecipeInput,
  ArchiveRecipePayload,
  CopyRecipeInput,
  CopyRecipePayload,
  ExportedRecipes,
  ImportRecipeInput,
  ImportRecipePayload,
  RevertRecipeInput,
  RevertRecipePayload,
  UnarchiveRecipeInput,
  UnarchiveRecipePayload,
} from "../types/catalog.js";

/** What is done with recipes besides making and bumping them. */
@Resolver()
export class CatalogResolver {
  @Query(() => ExportedRecipes, {
    description: "Recipes as JSON, to be kept in git or brought into another installation with importRecipe.",
  })
  exportRecipes(
    @Ctx() context: RequestContext,
    @Arg("recipes", () => [String], {
      nullable: true,
      description: "Names; all that are not archived when absent.",
    })
    recipes: string[] | null,
  ) {
    return runQuery(context, async (tx) => ({ document: await exportRecipes(tx, recipes) }));
  }

  @Mutation(() => CopyRecipePayload, { description: "Makes a recipe of its own out of another one." })
  copyRecipe(
    @Ctx() context: RequestContext,
    @Arg("input", () => CopyRecipeInput, { description: "Which, and what differs." }) input: CopyRecipeInput,
  ) {
    const check = () => assertMayChangeAll(context);
    return runMutation(context, check, (tx) => copyRecipe(tx, toPlain(input), context.actor));
  }

  @Mutation(() => RevertRecipePayload, {
    description: "Makes a new revision with the spec of an older one; like a bump, it raises Updates.",
  })
  revertRecipe(
    @Ctx() context: RequestContext,
    @Arg("input", () => RevertRecipeInput, { description: "Which, and to what." }) input: RevertRecipeInput,
  ) {
    const check = () => assertMayChangeAll(context);
    const { actor, deps } = context;
    return runMutation(context, check, (tx) => revertRecipe(tx, toPlain(input), actor, deps.drivers));
  }

  @Mutation(() => ArchiveRecipePayload, {
    description: "Takes a recipe out of use: it takes no more changes and services. Its history stays.",
  })
  archiveRecipe(
    @Ctx() context: RequestContext,
    @Arg("input", () => ArchiveRecipeInput, { description: "Which." }) input: ArchiveRecipeInput,
  ) {
    const check = () => assertMayChangeAll(context);
    return runMutation(context, check, async (tx) => ({ recipe: await archiveRecipe(tx, input) }));
  }

  @Mutation(() => UnarchiveRecipePayload, { description: "Puts an archived recipe back into use." })
  unarchiveRecipe(
    @Ctx() context: RequestContext,
    @Arg("input", () => UnarchiveRecipeInput, { description: "Which." }) input: UnarchiveRecipeInput,
  ) {
    const check = () => assertMayChangeAll(context);
    return runMutation(context, check, async (tx) => ({ recipe: await unarchiveRecipe(tx, input) }));
  }

  @Mutation(() => ImportRecipePayload, {
    description:
      "Makes recipes those of an exported document, all or none: new ones are created, different ones bumped, equal ones left alone.",
  })
  importRecipe(
    @Ctx() context: RequestContext,
    @Arg("input", () => ImportRecipeInput, { description: "The document." }) input: ImportRecipeInput,
  ) {
    const check = () => assertMayChangeAll(context);
    const { actor, deps } = context;
    return runMutation(context, check, async (tx) => ({
      imported: await importRecipe(tx, toPlain(input), actor, deps.drivers),
    }));
  }
}
