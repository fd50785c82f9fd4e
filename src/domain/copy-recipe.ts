import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { addRecipe, recipeText } from "./create-recipe.js";
import { findRecipe, findRevision } from "./find.js";
import { parseInput } from "./parse-spec.js";
import type { Recipe, RecipeRevision } from "./recipe.js";
import { dnsLabel } from "./recipe-spec.js";

const copyInput = recipeText.extend({ name: dnsLabel(63) });

export interface CopyRecipeInput {
  /** Name or id. */
  recipe: string;
  /** The current one when absent. */
  revision?: number | null;
  /** Of the copy. */
  name: string;
  /** As the original's when absent. */
  title?: string | null;
  description?: string | null;
  message?: string | null;
}

/**
 * Makes a recipe of its own out of another one, which may be a locked template or archived.
 * @throws UserInputError NOT_FOUND, NAME_TAKEN; UserInputErrors INVALID
 */
export async function copyRecipe(
  tx: Transaction,
  input: CopyRecipeInput,
  actor: Actor,
): Promise<{ recipe: Recipe; revision: RecipeRevision }> {
  const { name, title, description, message } = parseInput(copyInput, input, []);
  const original = await findRecipe(tx, input.recipe, "share");
  const { spec, number } = await findRevision(tx, original, input.revision ?? original.currentRevision);
  const head = {
    name,
    type: original.type,
    subtype: original.subtype,
    title: title === undefined ? original.title : title,
    description: description ?? original.description,
    locked: false,
  };
  return addRecipe(tx, head, spec, message ?? `Copied from ${original.name}, revision ${number}`, actor);
}
