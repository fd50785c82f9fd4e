import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import { findRecipe } from "./find.js";
import { named } from "./named.js";
import { Recipe } from "./recipe.js";

/**
 * Takes a recipe out of use: it takes no more changes and services. One that is archived already is the answer.
 * @throws UserInputError NOT_FOUND, IN_USE naming the services made from it, LOCKED for a template
 */
export async function archiveRecipe(tx: Transaction, input: { recipe: string }): Promise<Recipe> {
  const recipe = await findRecipe(tx, input.recipe, "update");
  if (recipe.locked) {
    const message = `Recipe ${recipe.name} is a locked template and stays.`;
    throw new UserInputError("LOCKED", message, ["recipe"]);
  }
  const services = await tx.query<{ name: string }>(
    `select environment.code || '/' || service.name as name from service
     join environment on environment.id = service.environment_id
     where service.recipe_id = $1 and service.removed_at is null order by service.id`,
    [recipe.id],
  );
  if (services.length > 0) {
    const message = `Recipe ${recipe.name} is used by ${named(services.map(({ name }) => name))}: remove them first.`;
    throw new UserInputError("IN_USE", message, ["recipe"]);
  }
  return setArchived(tx, recipe, recipe.archivedAt ?? (await tx.now()));
}

/**
 * Puts a recipe back into use.
 * @throws UserInputError NOT_FOUND
 */
export async function unarchiveRecipe(tx: Transaction, input: { recipe: string }): Promise<Recipe> {
  return setArchived(tx, await findRecipe(tx, input.recipe, "update"), null);
}

async function setArchived(tx: Transaction, recipe: Recipe, archivedAt: Date | null): Promise<Recipe> {
  await tx.manager.update(Recipe, { id: recipe.id }, { archivedAt });
  return tx.manager.findOneByOrFail(Recipe, { id: recipe.id });
}
