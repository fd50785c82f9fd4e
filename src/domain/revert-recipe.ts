import { z } from "zod";
import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { recipeText } from "./create-recipe.js";
import type { Drivers } from "./drivers.js";
import { findRecipe, findRevision, loadRevision } from "./find.js";
import { assertExpected, makeRevision } from "./make-revision.js";
import { parseInput, parseSpec } from "./parse-spec.js";
import type { Recipe, RecipeRevision } from "./recipe.js";

const revertInput = recipeText.pick({ message: true }).extend({ revision: z.int() });

export interface RevertRecipeInput {
  /** Name or id. */
  recipe: string;
  /** Number of the revision whose spec counts again. */
  revision: number;
  expectedRevision?: number | null;
  message?: string | null;
}

/**
 * Makes a new revision with an older one's spec; title and description stay.
 * @throws UserInputError NOT_FOUND, CONFLICT, LOCKED, ARCHIVED, PORT_TAKEN, INVALID for the current revision;
 * UserInputErrors UNKNOWN_COMPUTED
 */
export async function revertRecipe(
  tx: Transaction,
  input: RevertRecipeInput,
  actor: Actor,
  drivers: Drivers,
): Promise<{ recipe: Recipe; revision: RecipeRevision }> {
  const { revision: number, message } = parseInput(revertInput, input, []);
  const recipe = await findRecipe(tx, input.recipe, "update");
  recipe.assertBumpable();
  assertExpected(recipe, input.expectedRevision ?? null);
  const older = await findRevision(tx, recipe, number);
  if (number === recipe.currentRevision) {
    const text = `Recipe ${recipe.name} is at revision ${number} already: name an older one.`;
    throw new UserInputError("INVALID", text, ["revision"]);
  }
  const current = await loadRevision(tx, recipe.id, recipe.currentRevision);
  const text = { message: message ?? `Back to revision ${number}` };
  const next = { current, spec: parseSpec(older.spec), text };
  return { recipe, revision: await makeRevision(tx, recipe, next, { actor, drivers }) };
}
