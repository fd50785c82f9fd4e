import { z } from "zod";
import { UserInputError, UserInputErrors } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { addRecipe, type RecipeHead, recipeText } from "./create-recipe.js";
import type { Drivers } from "./drivers.js";
import { catalogFormat, maxCatalogRecipes } from "./export-recipes.js";
import { loadRevision } from "./find.js";
import { canonicalJson } from "./fingerprint.js";
import { makeRevision } from "./make-revision.js";
import { parseInput, parseSpec } from "./parse-spec.js";
import { Recipe, type RecipeRevision, recipeTypes } from "./recipe.js";
import { dnsLabel, plainText, type RecipeSpec } from "./recipe-spec.js";

const importedRecipe = z.strictObject({
  name: dnsLabel(63),
  title: plainText(255).nullable().default(null),
  type: z.enum(recipeTypes).default("SERVICE"),
  subtype: plainText(255).nullable().default(null),
  description: plainText(10_000).default(""),
  locked: z.boolean().default(false),
  spec: z.record(z.string(), z.unknown()).default({}),
});
const documentSchema = z.strictObject({
  format: z.literal(catalogFormat, `must be "${catalogFormat}"`),
  recipes: z
    .array(importedRecipe)
    .min(1, "must have at least one recipe")
    .max(maxCatalogRecipes, `may have at most ${maxCatalogRecipes}`),
});
interface Wanted {
  /** Where in the document. */
  index: number;
  head: RecipeHead;
  spec: RecipeSpec;
}

export const importOutcomes = ["CREATED", "BUMPED", "UNCHANGED"] as const;
/** What an import did with one recipe. */
export interface ImportedRecipe {
  recipe: Recipe;
  revision: RecipeRevision;
  outcome: (typeof importOutcomes)[number];
}

/**
 * Makes this installation's recipes those of an exported document, all or none: new ones are created, different ones
 * get a next revision, equal ones stay. Recipes the document does not name stay as well.
 * @throws UserInputError INVALID for what is no such document, LOCKED, ARCHIVED, PORT_TAKEN; UserInputErrors INVALID,
 * TOO_LARGE, UNKNOWN_COMPUTED
 */
export async function importRecipe(
  tx: Transaction,
  input: { document: string; message?: string | null },
  actor: Actor,
  drivers: Drivers,
): Promise<ImportedRecipe[]> {
  const { message } = parseInput(recipeText, { message: input.message }, []);
  const wanted = parseDocument(input.document);
  const imported: ImportedRecipe[] = [];
  // In one order everywhere, so that two imports cannot wait for each other in a circle.
  for (const one of wanted.sort((a, b) => (a.head.name < b.head.name ? -1 : 1))) {
    try {
      imported.push(await importOne(tx, one, message ?? "Imported", { actor, drivers }));
    } catch (error) {
      throw new UserInputErrors(toldOf(error, one.head.name, one.index));
    }
  }
  return imported;
}

function parseDocument(text: string): Wanted[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserInputError("INVALID", `document is not valid JSON: ${(error as Error).message}.`, [
      "document",
    ]);
  }
  const { recipes } = parseInput(documentSchema, json, ["document"]);
  const problems: UserInputError[] = [];
  const seen = new Set<string>();
  const wanted = recipes.flatMap(({ spec, ...head }, index) => {
    if (seen.has(head.name)) {
      problems.push(new UserInputError("INVALID", `Recipe ${head.name} occurs twice.`, at(index, "name")));
    }
    seen.add(head.name);
    try {
      return [{ index, head, spec: parseSpec(spec) }];
    } catch (error) {
      problems.push(...toldOf(error, head.name, index));
      return [];
    }
  });
  if (problems.length > 0) {
    throw new UserInputErrors(problems.slice(0, 50));
  }
  return wanted;
}

const at = (index: number, ...field: string[]) => ["document", "recipes", String(index), ...field];

function toldOf(error: unknown, name: string, index: number): UserInputError[] {
  const errors = error instanceof UserInputErrors ? error.errors : [error];
  return errors.map((each) => {
    if (!(each instanceof UserInputError)) {
      throw each;
    }
    return new UserInputError(each.code, `${name}: ${each.message}`, at(index, ...(each.field ?? [])));
  });
}

async function importOne(
  tx: Transaction,
  wanted: Wanted,
  message: string,
  deps: { actor: Actor; drivers: Drivers },
): Promise<ImportedRecipe> {
  const { head, spec } = wanted;
  const recipe = await tx.manager.findOne(Recipe, {
    where: { name: head.name },
    lock: { mode: "for_no_key_update" },
  });
  if (!recipe) {
    const added = await addUnlessThere(tx, wanted, message, deps.actor);
    return added ?? importOne(tx, wanted, message, deps);
  }
  const current = await loadRevision(tx, recipe.id, recipe.currentRevision);
  const same =
    canonicalJson(parseSpec(current.spec)) === canonicalJson(spec) &&
    canonicalJson(headOf(recipe)) === canonicalJson(headOf(head));
  if (same) {
    return { recipe, revision: current, outcome: "UNCHANGED" };
  }
  recipe.assertBumpable();
  const text = { title: head.title, description: head.description, message };
  const revision = await makeRevision(tx, recipe, { current, spec, text }, deps);
  const { type, subtype, locked } = head;
  await tx.manager.update(Recipe, { id: recipe.id }, { type, subtype, locked });
  return { recipe: await tx.manager.findOneByOrFail(Recipe, { id: recipe.id }), revision, outcome: "BUMPED" };
}

/** Null: somebody else has made one of that name meanwhile, and has committed it. */
async function addUnlessThere(
  tx: Transaction,
  { head, spec }: Wanted,
  message: string,
  actor: Actor,
): Promise<ImportedRecipe | null> {
  try {
    return { ...(await addRecipe(tx, head, spec, message, actor)), outcome: "CREATED" };
  } catch (error) {
    if (error instanceof UserInputError && error.code === "NAME_TAKEN") {
      return null;
    }
    throw error;
  }
}

function headOf({ name, title, type, subtype, description, locked }: RecipeHead): RecipeHead {
  return { name, title, type, subtype, description, locked };
}
