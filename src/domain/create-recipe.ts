import { z } from "zod";
import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { newId } from "./id.js";
import { mergePatch, parseInput, parseSpec } from "./parse-spec.js";
import { Recipe, RecipeRevision, recipeTypes } from "./recipe.js";
import { dnsLabel, plainText, type RecipeSpec } from "./recipe-spec.js";

/** The parts of a recipe that are for people; they may be in any language. Absent is not null: bumps keep it. */
export const recipeText = z.object({
  title: plainText(255).nullish(),
  description: plainText(10_000).nullish(),
  message: plainText(2000).nullish(),
});

const recipeHead = recipeText.extend({
  name: dnsLabel(63),
  type: z.enum(recipeTypes).default("SERVICE"),
  subtype: plainText(255).nullable().default(null),
  locked: z.boolean().default(false),
});

export type CreateRecipeInput = z.input<typeof recipeHead> & { spec?: unknown };

/**
 * Adds a recipe with its first revision.
 * @throws UserInputError NAME_TAKEN; UserInputErrors INVALID, TOO_LARGE, UNKNOWN_COMPUTED
 */
export async function createRecipe(
  tx: Transaction,
  input: CreateRecipeInput,
  actor: Actor,
): Promise<{ recipe: Recipe; revision: RecipeRevision }> {
  const head = parseInput(recipeHead, input, []);
  const spec = parseSpec(mergePatch({}, input.spec ?? {}));
  const { message = null, title = null, description, ...rest } = head;
  return addRecipe(tx, { ...rest, title, description: description ?? "" }, spec, message, actor);
}

/** A new recipe besides its spec. */
export type RecipeHead = Pick<Recipe, "name" | "title" | "type" | "subtype" | "description" | "locked">;

/**
 * Adds a recipe whose parts have been checked.
 * @throws UserInputError NAME_TAKEN
 */
export async function addRecipe(
  tx: Transaction,
  head: RecipeHead,
  spec: RecipeSpec,
  message: string | null,
  actor: Actor,
): Promise<{ recipe: Recipe; revision: RecipeRevision }> {
  const id = newId("recipe");
  const added = await tx.query(
    `insert into recipe (id, name, title, type, subtype, description, locked, current_revision)
     values ($1, $2, $3, $4, $5, $6, $7, 1) on conflict (name) do nothing returning id`,
    [id, head.name, head.title, head.type, head.subtype, head.description, head.locked],
  );
  if (added.length === 0) {
    const message = `There is a recipe ${head.name} already; bump it or choose another name.`;
    throw new UserInputError("NAME_TAKEN", message, ["name"]);
  }
  const revision = tx.manager.create(RecipeRevision, {
    id: newId("revision"),
    recipeId: id,
    number: 1,
    spec,
    message,
    author: actor.name,
  });
  await tx.manager.insert(RecipeRevision, revision);
  return { recipe: await tx.manager.findOneByOrFail(Recipe, { id }), revision };
}
