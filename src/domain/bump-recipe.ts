import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { recipeText } from "./create-recipe.js";
import type { Drivers } from "./drivers.js";
import { findRecipe, loadRevision } from "./find.js";
import { assertExpected, makeRevision } from "./make-revision.js";
import { mergePatch, parseInput, parseSpec } from "./parse-spec.js";
import type { Recipe, RecipeRevision } from "./recipe.js";

export interface BumpRecipeInput {
  /** Name or id. */
  recipe: string;
  /** The revision the caller has seen; a newer one is a CONFLICT. */
  expectedRevision?: number | null;
  /** Digest of the preview the caller has seen; when it does not hold any more: CONFLICT. */
  expectedPreview?: string | null;
  message?: string | null;
  title?: string | null;
  description?: string | null;
  /** A JSON Merge Patch for the current spec. */
  spec?: unknown;
}

/**
 * Makes the next revision of a recipe and sets what every service of that recipe should run from now on. A service
 * that lacks a value for a new required input gets its Update all the same; it can be rebuilt once it has one.
 * @throws UserInputError NOT_FOUND, CONFLICT, LOCKED, ARCHIVED, PORT_TAKEN; UserInputErrors INVALID, TOO_LARGE,
 * UNKNOWN_COMPUTED
 */
export async function bumpRecipe(
  tx: Transaction,
  input: BumpRecipeInput,
  actor: Actor,
  drivers: Drivers,
): Promise<{ recipe: Recipe; revision: RecipeRevision }> {
  const recipe = await findRecipe(tx, input.recipe, "update");
  recipe.assertBumpable();
  assertExpected(recipe, input.expectedRevision ?? null);
  const current = await loadRevision(tx, recipe.id, recipe.currentRevision);
  const spec = input.spec ? parseSpec(mergePatch(current.spec, input.spec)) : current.spec;
  const text = parseInput(recipeText, input, []);
  const expectedPreview = input.expectedPreview ?? null;
  const next = { current, spec, text, expectedPreview };
  return { recipe, revision: await makeRevision(tx, recipe, next, { actor, drivers }) };
}
