import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { afterBump } from "./after-bump.js";
import type { Drivers } from "./drivers.js";
import { environmentsOf } from "./find.js";
import { newId } from "./id.js";
import { Recipe, RecipeRevision } from "./recipe.js";
import type { RecipeSpec } from "./recipe-spec.js";
import { type Classified, classify, digestOf } from "./rollout-class.js";
import { lockServices, readServices, setDesired } from "./set-desired.js";

/** The next revision of a recipe, besides its spec. */
export interface RevisionText {
  /** Absent stays; null clears. */
  title?: string | null | undefined;
  /** Absent or null stays. */
  description?: string | null | undefined;
  message?: string | null | undefined;
}

/** @throws UserInputError CONFLICT when somebody else has made a revision since the caller looked */
export function assertExpected(recipe: Recipe, expected: number | null): void {
  if (expected !== null && expected !== recipe.currentRevision) {
    const message = `Recipe ${recipe.name} is at revision ${recipe.currentRevision}, not ${expected}: read it again and repeat the change on top of it.`;
    throw new UserInputError("CONFLICT", message, ["expectedRevision"]);
  }
}

/**
 * Makes the next revision of a recipe and sets what every service of that recipe should run from now on. The caller
 * has locked the recipe's row, and checked that it may be bumped.
 * @param expectedPreview digest of a preview, which must still hold
 * @throws UserInputError CONFLICT for a preview that does not hold any more, PORT_TAKEN; UserInputErrors
 * UNKNOWN_COMPUTED for each service that cannot be rendered
 */
export async function makeRevision(
  tx: Transaction,
  recipe: Recipe,
  next: { current: RecipeRevision; spec: RecipeSpec; text: RevisionText; expectedPreview?: string | null },
  { actor, drivers }: { actor: Actor; drivers: Drivers },
): Promise<RecipeRevision> {
  const revision = await addRevision(tx, recipe, next.spec, next.text, actor);
  // Environments before services, as whoever changes an environment does. No service is added meanwhile: that takes
  // the recipe's lock.
  const environments = await environmentsOf(
    tx,
    await readServices(tx, "recipe_id = $1", [recipe.id]),
    "share",
  );
  const services = await lockServices(tx, "recipe_id = $1", [recipe.id]);
  const parted = afterBump(services, environments, { current: next.current, next: revision }, drivers);
  if (next.expectedPreview) {
    const found = await classify(tx, services, environments, parted, drivers);
    assertPreviewHolds(next.expectedPreview, recipe, next.spec, found);
  }
  await setDesired(tx, parted.affected, drivers, { release: true });
  return revision;
}

function assertPreviewHolds(
  expected: string,
  recipe: Recipe,
  spec: RecipeSpec,
  services: readonly Classified[],
): void {
  if (digestOf({ recipeId: recipe.id, revision: recipe.currentRevision, spec, services }) !== expected) {
    const message = `What the preview of recipe ${recipe.name} showed has changed since: preview the bump again.`;
    throw new UserInputError("CONFLICT", message, ["expectedPreview"]);
  }
}

async function addRevision(
  tx: Transaction,
  recipe: Recipe,
  spec: RecipeSpec,
  text: RevisionText,
  actor: Actor,
): Promise<RecipeRevision> {
  recipe.currentRevision += 1;
  recipe.title = text.title === undefined ? recipe.title : text.title;
  recipe.description = text.description ?? recipe.description;
  await tx.manager.update(
    Recipe,
    { id: recipe.id },
    { currentRevision: recipe.currentRevision, title: recipe.title, description: recipe.description },
  );
  const revision = tx.manager.create(RecipeRevision, {
    id: newId("revision"),
    recipeId: recipe.id,
    number: recipe.currentRevision,
    spec,
    message: text.message ?? null,
    author: actor.name,
  });
  await tx.manager.insert(RecipeRevision, revision);
  return revision;
}
