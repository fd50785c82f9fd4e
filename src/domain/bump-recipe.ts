import { UserInputError, UserInputErrors } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { recipeText } from "./create-recipe.js";
import { type Desired, type Drivers, driverFor, renderFor } from "./drivers.js";
import type { Environment } from "./environment.js";
import { findRecipe, loadRevision } from "./find.js";
import { newId } from "./id.js";
import { mergePatch, parseInput, parseSpec } from "./parse-spec.js";
import { assertPortsFree } from "./published-ports.js";
import { Recipe, RecipeRevision } from "./recipe.js";
import type { RecipeSpec } from "./recipe-spec.js";
import { keepRenderedSpecs } from "./rendered-specs.js";
import type { Service } from "./service.js";
import { settleUpdates } from "./settle-updates.js";

export interface BumpRecipeInput {
  /** Name or id. */
  recipe: string;
  /** The revision the caller has seen; a newer one is a CONFLICT. */
  expectedRevision?: number | null;
  message?: string | null;
  title?: string | null;
  description?: string | null;
  /** A JSON Merge Patch for the current spec. */
  spec?: unknown;
}

/**
 * Makes the next revision of a recipe and sets what every service of that recipe should run from now on.
 * @throws UserInputError NOT_FOUND, CONFLICT, LOCKED, ARCHIVED, PORT_TAKEN; UserInputErrors INVALID, TOO_LARGE,
 * UNKNOWN_COMPUTED, MISSING_INPUT (a service has no value for a new required input)
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
  const revision = await addRevision(tx, recipe, spec, input, actor);
  await setDesired(tx, recipe, spec, drivers);
  return { recipe, revision };
}

function assertExpected(recipe: Recipe, expected: number | null): void {
  if (expected !== null && expected !== recipe.currentRevision) {
    const message = `Recipe ${recipe.name} is at revision ${recipe.currentRevision}, not ${expected}: read it again and repeat the change on top of it.`;
    throw new UserInputError("CONFLICT", message, ["expectedRevision"]);
  }
}

async function addRevision(
  tx: Transaction,
  recipe: Recipe,
  spec: RecipeSpec,
  input: BumpRecipeInput,
  actor: Actor,
): Promise<RecipeRevision> {
  const text = parseInput(recipeText, input, []);
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

type AffectedService = Pick<Service, "id" | "name" | "mode" | "source" | "inputs"> & {
  environmentId: string;
  environment: string;
  driver: Environment["driver"];
  values: Environment["values"];
};

/** Services are locked in the order of their ids: every transaction that takes several does so. */
async function setDesired(
  tx: Transaction,
  recipe: Recipe,
  spec: RecipeSpec,
  drivers: Drivers,
): Promise<void> {
  const services = await tx.query<AffectedService>(
    `select service.id, service.name, service.mode, service.source, service.inputs,
       environment.id as "environmentId", environment.code as environment, environment.driver, environment.values
     from service join environment on environment.id = service.environment_id
     where service.recipe_id = $1 and service.removed_at is null
     order by service.id for update of service`,
    [recipe.id],
  );
  const desired = renderAll(services, spec, drivers);
  await keepRenderedSpecs(tx, desired);
  await tx.query(
    `update service set desired_revision = $1, desired_fingerprint = t.fingerprint
     from unnest($2::text[], $3::text[]) as t(id, fingerprint) where service.id = t.id`,
    [recipe.currentRevision, services.map((service) => service.id), desired.map((item) => item.fingerprint)],
  );
  await assertPortsFree(tx, services, desired);
  await settleUpdates(
    tx,
    services.map((service) => service.id),
  );
}

/** Services with the same ingredients share one rendering. */
function renderAll(services: AffectedService[], spec: RecipeSpec, drivers: Drivers): Desired[] {
  const rendered = new Map<string, Desired>();
  const problems: UserInputError[] = [];
  const all = services.map((service) => {
    const key = JSON.stringify([service.environmentId, service.mode, service.source, service.inputs]);
    const found = rendered.get(key) ?? renderOne(service, spec, drivers, problems);
    if (found) {
      rendered.set(key, found);
    }
    return found;
  });
  if (problems.length > 0) {
    throw new UserInputErrors(problems.slice(0, 20));
  }
  return all as Desired[];
}

function renderOne(service: AffectedService, spec: RecipeSpec, drivers: Drivers, problems: UserInputError[]) {
  try {
    return renderFor(driverFor(drivers, service.driver), spec, service);
  } catch (error) {
    if (!(error instanceof UserInputErrors)) {
      throw error;
    }
    const name = `${service.environment}/${service.name}`;
    problems.push(
      ...error.errors.map((each) => new UserInputError(each.code, `${name}: ${each.message}`, each.field)),
    );
    return null;
  }
}
