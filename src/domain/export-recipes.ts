import { In, IsNull } from "typeorm";
import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import { named } from "./named.js";
import { parseSpec } from "./parse-spec.js";
import { Recipe, type RecipeType } from "./recipe.js";
import { type RecipeSpec, recipeSpecSchema } from "./recipe-spec.js";
import { isStorable, storable } from "./storable.js";

/** Names the form of the document; a form that older versions cannot read gets another number. */
export const catalogFormat = "rebake-catalog/1";

/** How many recipes one document may have. */
export const maxCatalogRecipes = 1_000;

/** A recipe as it is exported: its current revision, without what only one installation knows. */
export interface ExportedRecipe {
  name: string;
  title: string | null;
  type: RecipeType;
  subtype: string | null;
  description: string;
  locked: boolean;
  /** What differs from a spec's defaults. */
  spec: Partial<RecipeSpec>;
}

/**
 * Recipes as one JSON text that is the same for the same recipes, whoever made them and whenever: recipes in the order
 * of their names, keys in one order, defaults left out. So it can be kept in git.
 * @param names absent: all that are not archived
 * @throws UserInputError NOT_FOUND, TOO_LARGE
 */
export async function exportRecipes(
  tx: Pick<Transaction, "manager" | "query">,
  names: readonly string[] | null,
): Promise<string> {
  const recipes = await tx.manager.findBy(
    Recipe,
    names ? { name: In(names.filter(isStorable)) } : { archivedAt: IsNull() },
  );
  const missing = (names ?? []).filter((name) => !recipes.some((recipe) => recipe.name === name));
  if (missing.length > 0) {
    const shown = named(missing.map((name) => storable(name.slice(0, 80))));
    throw new UserInputError("NOT_FOUND", `There is no recipe ${shown}.`, ["recipes"]);
  }
  if (recipes.length > maxCatalogRecipes) {
    const message = `These are ${recipes.length} recipes; an export may have ${maxCatalogRecipes}: name fewer.`;
    throw new UserInputError("TOO_LARGE", message, ["recipes"]);
  }
  const specs = await tx.query<{ id: string; spec: RecipeSpec }>(
    `select recipe.id, revision.spec from recipe join recipe_revision as revision
       on revision.recipe_id = recipe.id and revision.number = recipe.current_revision
     where recipe.id = any($1)`,
    [recipes.map(({ id }) => id)],
  );
  const byId = new Map(specs.map(({ id, spec }) => [id, spec]));
  const exported = recipes
    .map((recipe) => exportedOf(recipe, byId.get(recipe.id)!))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return `${JSON.stringify({ format: catalogFormat, recipes: exported }, null, 2)}\n`;
}

function exportedOf(recipe: Recipe, spec: RecipeSpec): ExportedRecipe {
  const { name, title, type, subtype, description, locked } = recipe;
  return { name, title, type, subtype, description, locked, spec: withoutDefaults(spec) };
}

/** The shortest form that parses to the same spec. */
function withoutDefaults(spec: RecipeSpec): Partial<RecipeSpec> {
  const parsed = parseSpec(spec);
  const kept = Object.keys(recipeSpecSchema.shape).flatMap((field) => {
    const value = trimmed(parsed[field as keyof RecipeSpec], emptySpec[field as keyof RecipeSpec]);
    return value === undefined ? [] : [[field, value] as const];
  });
  return Object.fromEntries(kept);
}

const emptySpec = parseSpec({});

/** Nulls go everywhere, since absent means the same; what equals the default goes at the top. */
function trimmed(value: unknown, standard: unknown): unknown {
  if (value === null || JSON.stringify(value) === JSON.stringify(standard)) {
    return undefined;
  }
  return withoutNulls(value);
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutNulls);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]));
}
