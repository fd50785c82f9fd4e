import { In } from "typeorm";
import { UserInputError, UserInputErrors } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { recipeText } from "./create-recipe.js";
import { type Drivers, driverFor, renderFor } from "./drivers.js";
import { Environment } from "./environment.js";
import { findRecipe, loadRevision } from "./find.js";
import { contentHash, fingerprinter } from "./fingerprint.js";
import { newId } from "./id.js";
import { mergePatch, parseInput, parseSpec } from "./parse-spec.js";
import { assertPortsFree } from "./published-ports.js";
import { Recipe, RecipeRevision } from "./recipe.js";
import type { RecipeSpec } from "./recipe-spec.js";
import type { RenderedBase } from "./rendered-spec.js";
import type { Service } from "./service.js";
import { settleUpdates } from "./settle-updates.js";
import { keepBases, partsOf, specIdOf } from "./spec-store.js";

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

type AffectedService = Pick<Service, "id" | "name" | "mode" | "source" | "inputs" | "desiredSpec"> & {
  environment: Environment;
};

/** Services are locked in the order of their ids: every transaction that takes several does so. */
async function setDesired(
  tx: Transaction,
  recipe: Recipe,
  spec: RecipeSpec,
  drivers: Drivers,
): Promise<void> {
  const services = await lockServices(tx, recipe);
  const groups = groupBy(services, ({ environment, mode, source }) =>
    source ? `${environment.id} ${mode} ${JSON.stringify(source)}` : `${environment.id} ${mode}`,
  );
  const problems: UserInputError[] = [];
  const bases = groups.map((group) =>
    attempt(group[0]!, problems, () => renderGroup(group[0]!, spec, drivers)),
  );
  const desired = groups.flatMap((group, n) => (bases[n] ? desiredOf(group, bases[n], problems) : []));
  if (problems.length > 0) {
    throw new UserInputErrors(problems.slice(0, 20));
  }
  await keepBases(tx, bases as RenderedBase[]);
  await tx.query(
    `update service set desired_revision = $1, desired_spec = t.spec, desired_fingerprint = t.fingerprint
     from unnest($2::text[], $3::text[], $4::text[]) as t(id, spec, fingerprint) where service.id = t.id`,
    [
      recipe.currentRevision,
      desired.map((item) => item.id),
      desired.map((item) => item.spec),
      desired.map((item) => item.fingerprint),
    ],
  );
  await assertPortsFree(tx, publishing(groups, bases as RenderedBase[]));
  await settleUpdates(
    tx,
    services.map((service) => service.id),
  );
}

async function lockServices(tx: Transaction, recipe: Recipe): Promise<AffectedService[]> {
  const rows = await tx.query<Omit<AffectedService, "environment"> & { environmentId: string }>(
    `select id, name, mode, source, inputs, desired_spec as "desiredSpec", environment_id as "environmentId"
     from service where recipe_id = $1 and removed_at is null order by id for update`,
    [recipe.id],
  );
  const environments = await tx.manager.findBy(Environment, {
    id: In([...new Set(rows.map((row) => row.environmentId))]),
  });
  const byId = new Map(environments.map((environment) => [environment.id, environment]));
  return rows.map((row) => ({ ...row, environment: byId.get(row.environmentId)! }));
}

function renderGroup(
  { environment, ...service }: AffectedService,
  spec: RecipeSpec,
  drivers: Drivers,
): RenderedBase {
  const surroundings = { ...service, values: environment.values };
  return renderFor(driverFor(drivers, environment.driver), spec, surroundings);
}

function desiredOf(group: AffectedService[], base: RenderedBase, problems: UserInputError[]) {
  const hash = contentHash(base);
  const fingerprint = fingerprinter(base);
  return group.map((service) => ({
    id: service.id,
    spec: specIdOf(hash, partsOf(service.desiredSpec).inputs),
    fingerprint: attempt(service, problems, () => fingerprint(service.inputs)),
  }));
}

/** Environments in which a service of these groups publishes a port. */
function publishing(groups: AffectedService[][], bases: RenderedBase[]): string[] {
  const concerned = groups.filter((_, n) => bases[n]!.ports.some((port) => port.published !== null));
  return [...new Set(concerned.map((group) => group[0]!.environment.id))];
}

/** What cannot be rendered is noted with the name of the service, and all of it told at once. */
function attempt<T>(service: AffectedService, problems: UserInputError[], work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UserInputErrors)) {
      throw error;
    }
    const name = `${service.environment.code}/${service.name}`;
    problems.push(
      ...error.errors.map((each) => new UserInputError(each.code, `${name}: ${each.message}`, each.field)),
    );
    return null;
  }
}

function groupBy<T>(items: T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    group ? group.push(item) : groups.set(key, [item]);
  }
  return [...groups.values()];
}
