import { z } from "zod";
import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { newId } from "./id.js";
import { mergePatch, parseInput, parseSpec } from "./parse-spec.js";
import { Recipe, RecipeRevision, recipeTypes } from "./recipe.js";
import { dnsLabel, plainText } from "./recipe-spec.js";

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
  const { message = null, title = null, ...rest } = head;
  const recipe = tx.manager.create(Recipe, {
    id: newId("recipe"),
    ...rest,
    title,
    description: head.description ?? "",
    archivedAt: null,
    currentRevision: 1,
  });
  const added = await tx.query(
    `insert into recipe (id, name, title, type, subtype, description, locked, current_revision)
     values ($1, $2, $3, $4, $5, $6, $7, 1) on conflict (name) do nothing returning created_at`,
    [recipe.id, recipe.name, recipe.title, recipe.type, recipe.subtype, recipe.description, recipe.locked],
  );
  if (added.length === 0) {
    throw new UserInputError(
      "NAME_TAKEN",
      `There is a recipe ${recipe.name} already; bump it or choose another name.`,
      ["name"],
    );
  }
  const revision = tx.manager.create(RecipeRevision, {
    id: newId("revision"),
    recipeId: recipe.id,
    number: 1,
    spec,
    message,
    author: actor.name,
  });
  await tx.manager.insert(RecipeRevision, revision);
  return { recipe: await tx.manager.findOneByOrFail(Recipe, { id: recipe.id }), revision };
}
