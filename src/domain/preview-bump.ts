import { UserInputError, UserInputErrors } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import { afterBump } from "./after-bump.js";
import type { BumpRecipeInput } from "./bump-recipe.js";
import { recipeText } from "./create-recipe.js";
import type { Drivers } from "./drivers.js";
import type { Environment } from "./environment.js";
import { environmentsOf, findRecipe, loadRevision } from "./find.js";
import { assertExpected } from "./make-revision.js";
import { mergePatch, parseInput, parseSpec } from "./parse-spec.js";
import { assertPortsWouldBeFree } from "./published-ports.js";
import type { Recipe } from "./recipe.js";
import type { RecipeSpec } from "./recipe-spec.js";
import { type Classified, classify, digestOf, inOrder } from "./rollout-class.js";
import { type LockedService, readServices } from "./set-desired.js";

/** What a bump would come to. */
export interface BumpPreview {
  recipe: Recipe;
  /** Number of the revision it starts from. */
  fromRevision: number;
  /** Number of the revision it would make. */
  toRevision: number;
  before: RecipeSpec;
  after: RecipeSpec;
  /** The services of the recipe that may be shown, in the order of their ids. */
  services: Classified[];
  /** Names what the bump would do to all services: one that expects it is refused when it would do anything else. */
  digest: string;
}

/**
 * What a bump would do, without doing it. Call it in a transaction that reads at one moment.
 * @param mayShow whether the services of an environment are for whoever asks; of the others neither the preview nor an
 * error tells anything but that they are in the way
 * @throws UserInputError and UserInputErrors as bumpRecipe
 */
export async function previewBump(
  tx: Transaction,
  input: BumpRecipeInput,
  drivers: Drivers,
  mayShow: (environment: Environment) => boolean,
): Promise<BumpPreview> {
  const recipe = await findRecipe(tx, input.recipe);
  recipe.assertBumpable();
  assertExpected(recipe, input.expectedRevision ?? null);
  parseInput(recipeText, input, []);
  const current = await loadRevision(tx, recipe.id, recipe.currentRevision);
  const { number: fromRevision, spec: before } = current;
  const next = {
    number: fromRevision + 1,
    spec: input.spec ? parseSpec(mergePatch(before, input.spec)) : before,
  };
  const all = await readServices(tx, "recipe_id = $1", [recipe.id]);
  const environments = await environmentsOf(tx, all);
  const examine = async (services: LockedService[]) => {
    const parted = afterBump(services, environments, { current, next }, drivers);
    const classified = await classify(tx, services, environments, parted, drivers);
    await assertPortsWouldBeFree(tx, classified, environments);
    return classified;
  };
  const shown = (service: LockedService) => mayShow(environments.get(service.environmentId)!);
  const services = await examine(all.filter(shown));
  const hidden = await withoutDetails(examine(all.filter((service) => !shown(service))));
  const digest = digestOf({
    recipeId: recipe.id,
    revision: next.number,
    spec: next.spec,
    services: inOrder([...services, ...hidden]),
  });
  const [toRevision, after] = [next.number, next.spec];
  return { recipe, fromRevision, toRevision, before, after, services, digest };
}

/** Messages name services, which not everybody may know of. */
async function withoutDetails<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const [first] = error instanceof UserInputErrors ? error.errors : [error];
    if (!(first instanceof UserInputError)) {
      throw error;
    }
    const message =
      "The bump would be refused because of services in environments that this token is not for: ask somebody who may see them.";
    throw new UserInputError(first.code, message, ["spec"]);
  }
}
