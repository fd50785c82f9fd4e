import { In, IsNull } from "typeorm";
import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import { Environment } from "./environment.js";
import { Recipe, RecipeRevision } from "./recipe.js";
import { Service } from "./service.js";
import { isStorable, storable } from "./storable.js";

/**
 * What others may do with a row found until the transaction ends: anything (`none`), neither change it nor take it for
 * a change (`share`), only refer to it (`update`). A row that is added or changed twice refers to others by its foreign
 * keys, whatever else is locked by then: so `update` must not be stronger.
 */
export type Lock = "none" | "share" | "update";
const lockModes = { share: "pessimistic_read", update: "for_no_key_update" } as const;
const locking = (lock: Lock) => (lock === "none" ? {} : { lock: { mode: lockModes[lock] } });

/**
 * By its code; a deleted one is not found.
 * @throws UserInputError NOT_FOUND
 */
export async function findEnvironment(
  tx: Transaction,
  code: string,
  lock: Lock = "none",
): Promise<Environment> {
  const where = { code, deletedAt: IsNull() };
  const found = isStorable(code) && (await tx.manager.findOne(Environment, { where, ...locking(lock) }));
  return found || notFound(`There is no environment ${shown(code)}.`, "environment");
}

/**
 * By name or id.
 * @throws UserInputError NOT_FOUND
 */
export async function findRecipe(tx: Transaction, nameOrId: string, lock: Lock = "none"): Promise<Recipe> {
  const where = [{ name: nameOrId }, { id: nameOrId }];
  const found = isStorable(nameOrId) && (await tx.manager.findOne(Recipe, { where, ...locking(lock) }));
  return found || notFound(`There is no recipe ${shown(nameOrId)}.`, "recipe");
}

/** The recipe of a service, by its id. */
export async function loadRecipe(tx: Transaction, id: string): Promise<Recipe> {
  return tx.manager.findOneByOrFail(Recipe, { id });
}

/**
 * The environment of a service, by its id. Its values stay what they are until the transaction ends, unless `none` says
 * that nothing depends on it: whoever changes a value waits for the service then, and renders it anew.
 */
export async function loadEnvironment(
  tx: Transaction,
  id: string,
  lock: Exclude<Lock, "update"> = "share",
): Promise<Environment> {
  return tx.manager.findOneOrFail(Environment, { where: { id }, ...locking(lock) });
}

/**
 * A revision somebody names.
 * @throws UserInputError NOT_FOUND
 */
export async function findRevision(tx: Transaction, recipe: Recipe, number: number): Promise<RecipeRevision> {
  const found = await tx.manager.findOneBy(RecipeRevision, { recipeId: recipe.id, number });
  if (!found) {
    const message = `Recipe ${recipe.name} has no revision ${number}; it has 1 to ${recipe.currentRevision}.`;
    throw new UserInputError("NOT_FOUND", message, ["revision"]);
  }
  return found;
}

/** A revision that a recipe or service row names, so it is there. */
export async function loadRevision(
  tx: Transaction,
  recipeId: string,
  number: number,
): Promise<RecipeRevision> {
  return tx.manager.findOneByOrFail(RecipeRevision, { recipeId, number });
}

/**
 * Also one that was removed.
 * @throws UserInputError NOT_FOUND
 */
export async function findService(tx: Transaction, id: string, lock: Lock = "none"): Promise<Service> {
  const found = isStorable(id) && (await tx.manager.findOne(Service, { where: { id }, ...locking(lock) }));
  return found || notFound(`There is no service ${shown(id)}.`, "service");
}

/** The environments of services, by their ids. */
export async function environmentsOf(
  tx: Pick<Transaction, "manager">,
  services: readonly Pick<Service, "environmentId">[],
  lock: Lock = "none",
): Promise<Map<string, Environment>> {
  const environments = await tx.manager.find(Environment, {
    where: { id: In([...new Set(services.map(({ environmentId }) => environmentId))]) },
    order: { id: "ASC" },
    ...locking(lock),
  });
  return new Map(environments.map((environment) => [environment.id, environment]));
}

function notFound(message: string, field: string): never {
  throw new UserInputError("NOT_FOUND", message, [field]);
}

/** What a caller sent, short enough for a message. */
function shown(value: string): string {
  return storable(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
