import type { Transaction } from "../storage/transaction.js";
import type { BumpRecipeInput } from "./bump-recipe.js";
import { recipeText } from "./create-recipe.js";
import type { Drivers } from "./drivers.js";
import { environmentsOf, findRecipe, loadRevision } from "./find.js";
import { assertExpected } from "./make-revision.js";
import { mergePatch, parseInput, parseSpec } from "./parse-spec.js";
import type { Recipe } from "./recipe.js";
import type { RecipeSpec } from "./recipe-spec.js";
import { type Classified, classify, digestOf } from "./rollout-class.js";
import { ingredientsOf, readServices } from "./set-desired.js";

/** What a bump would come to. */
export interface BumpPreview {
  recipe: Recipe;
  /** Number of the revision it would make. */
  toRevision: number;
  before: RecipeSpec;
  after: RecipeSpec;
  /** Every service of the recipe, in the order of their ids. */
  services: Classified[];
  /** Names all of this: a bump that expects it is refused when it would do anything else. */
  digest: string;
}

/**
 * What a bump would do, without doing it. Call it in a transaction that reads at one moment.
 * @throws UserInputError and UserInputErrors as bumpRecipe
 */
export async function previewBump(
  tx: Transaction,
  input: BumpRecipeInput,
  drivers: Drivers,
): Promise<BumpPreview> {
  const recipe = await findRecipe(tx, input.recipe);
  recipe.assertBumpable();
  assertExpected(recipe, input.expectedRevision ?? null);
  parseInput(recipeText, input, []);
  const { spec: before } = await loadRevision(tx, recipe.id, recipe.currentRevision);
  const after = input.spec ? parseSpec(mergePatch(before, input.spec)) : before;
  const toRevision = recipe.currentRevision + 1;
  const rows = await readServices(tx, "recipe_id = $1", [recipe.id]);
  const environments = await environmentsOf(tx, rows);
  const revision = { number: toRevision, spec: after };
  const ingredients = rows.map((row) => ingredientsOf(row, environments.get(row.environmentId)!, revision));
  const services = await classify(tx, rows, ingredients, drivers);
  const digest = digestOf({ recipeId: recipe.id, revision: toRevision, spec: after, services });
  return { recipe, toRevision, before, after, services, digest };
}
