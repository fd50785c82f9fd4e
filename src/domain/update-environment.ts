import { z } from "zod";
import { UserInputError, UserInputErrors } from "../errors.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction } from "../storage/transaction.js";
import { environmentConcurrency, environmentValues } from "./create-environment.js";
import type { Drivers } from "./drivers.js";
import { Environment, type NamedValue } from "./environment.js";
import { findEnvironment } from "./find.js";
import { named } from "./named.js";
import { parseInput } from "./parse-spec.js";
import { completeSpec, plainText, type RecipeSpec } from "./recipe-spec.js";
import { type ConnectionInputs, connectionFields, sealConnection } from "./seal-connection.js";
import { ingredientsOf, type LockedService, lockServices, setDesired } from "./set-desired.js";

const changes = z
  .object({
    description: plainText(10_000).nullish(),
    concurrency: environmentConcurrency.nullish(),
    values: environmentValues.nullish().transform((values) => values ?? []),
    unsetValues: z
      .array(z.string())
      .max(500, "may have at most 500 entries")
      .nullish()
      .transform((names) => names ?? []),
    ...connectionFields,
  })
  .refine(({ values, unsetValues }) => !values.some(({ name }) => unsetValues.includes(name)), {
    path: ["unsetValues"],
    message: "may not name a value that is set at the same time",
  });

/** A connection takes the place of the whole one there was: what it does not name is gone. */
export interface UpdateEnvironmentInput extends ConnectionInputs {
  /** Its code. */
  environment: string;
  description?: string | null;
  /** Operations at once; what runs above a new, lower number goes on to its end. */
  concurrency?: number | null;
  /** Values to set; those not named stay. */
  values?: NamedValue[] | null;
  /** Names of values to take away; what is not there stays away. */
  unsetValues?: string[] | null;
}

/**
 * Changes an environment. Services that use a value that changes should run something else from then on, and get an
 * Update with the reason ENVIRONMENT.
 * @throws UserInputError NOT_FOUND, DRIVER_UNAVAILABLE; UserInputErrors INVALID, UNKNOWN_COMPUTED for each value that
 * would be gone and is still used, naming recipe and services
 */
export async function updateEnvironment(
  tx: Transaction,
  input: UpdateEnvironmentInput,
  { drivers, secretBox }: { drivers: Drivers; secretBox: SecretBox },
): Promise<Environment> {
  const parsed = parseInput(changes, input, []);
  const environment = await findEnvironment(tx, input.environment, "update");
  const values = merged(environment.values, parsed.values, parsed.unsetValues);
  const description = parsed.description ?? environment.description;
  const concurrency = parsed.concurrency ?? environment.concurrency;
  await tx.manager.update(Environment, { id: environment.id }, { description, concurrency, values });
  const sealed = sealConnection(environment, parsed, secretBox);
  if (sealed) {
    const { connection, engine } = sealed;
    await tx.query("update environment set connection = $2, engine = $3::jsonb where id = $1", [
      environment.id,
      connection,
      JSON.stringify(engine),
    ]);
    environment.engine = engine;
  }
  const names = changedNames(environment.values, values);
  Object.assign(environment, { description, concurrency, values });
  if (names.length > 0) {
    await assertUnused(tx, environment, parsed.unsetValues);
    await renderAnew(tx, environment, names, drivers);
  }
  return environment;
}

/** Those that stay keep their places, new ones come last. */
function merged(before: NamedValue[], set: NamedValue[], unset: readonly string[]): NamedValue[] {
  const values = new Map(before.map((value) => [value.name, value]));
  for (const name of unset) {
    values.delete(name);
  }
  for (const value of set) {
    values.set(value.name, value);
  }
  return parseInput(environmentValues, [...values.values()], ["values"]);
}

/** @throws UserInputErrors UNKNOWN_COMPUTED */
async function assertUnused(tx: Transaction, environment: Environment, names: string[]): Promise<void> {
  const used = await tx.query<{ value: string; recipe: string; services: string[] }>(
    `select used.value, recipe.name as recipe, array_agg(service.name order by service.id) as services
     from service
     join recipe on recipe.id = service.recipe_id
     join rendered_base as base on base.hash = split_part(service.desired_spec, '.', 1)
     cross join jsonb_array_elements_text(coalesce(base.content->'values', '[]')) as used(value)
     where service.environment_id = $1 and service.removed_at is null and used.value = any($2)
     group by used.value, recipe.id order by used.value, recipe.name limit 20`,
    [environment.id, names],
  );
  if (used.length > 0) {
    throw new UserInputErrors(
      used.map(({ value, recipe, services }) => {
        const message = `Recipe ${recipe} refers to $REBAKE_VALUE_${value} in ${environment.code} (${named(services)}): take it out of the recipe first, or give it another value.`;
        return new UserInputError("UNKNOWN_COMPUTED", message, ["unsetValues", value]);
      }),
    );
  }
}

function changedNames(before: NamedValue[], after: NamedValue[]): string[] {
  const names = new Set([...before, ...after].map(({ name }) => name));
  const valueIn = (values: NamedValue[], name: string) => values.find((value) => value.name === name)?.value;
  return [...names].filter((name) => valueIn(before, name) !== valueIn(after, name));
}

/**
 * Each service at the revision it should run: one that is held stays held. A base of an older version does not say
 * which values it uses.
 */
async function renderAnew(
  tx: Transaction,
  environment: Environment,
  names: readonly string[],
  drivers: Drivers,
): Promise<void> {
  const services = await lockServices(
    tx,
    `environment_id = $1 and exists (select from rendered_base as base
       where base.hash = split_part(desired_spec, '.', 1)
         and (base.content->'values' ?| $2 or not base.content ? 'values'))`,
    [environment.id, names],
  );
  const revisions = await revisionsOf(tx, services);
  const all = services.map((service) => ingredientsOf(service, environment, revisions.get(service)!));
  await setDesired(tx, all, drivers, { release: false });
}

interface Revision {
  number: number;
  spec: RecipeSpec;
}

/** The revision each service should run; one object for those that share it, so that they are rendered together. */
export async function revisionsOf(
  tx: Pick<Transaction, "query">,
  services: readonly LockedService[],
): Promise<Map<LockedService, Revision>> {
  const keyOf = (recipeId: string, number: number) => `${recipeId} ${number}`;
  const wanted = new Map(services.map((one) => [keyOf(one.recipeId, one.desiredRevision), one]));
  const rows = await tx.query<Revision & { recipeId: string }>(
    `select recipe_id as "recipeId", number, spec from recipe_revision
     join unnest($1::text[], $2::int[]) as wanted(recipe_id, number) using (recipe_id, number)`,
    [[...wanted.values()].map((one) => one.recipeId), [...wanted.values()].map((one) => one.desiredRevision)],
  );
  const found = new Map(
    rows.map((row) => [keyOf(row.recipeId, row.number), { ...row, spec: completeSpec(row.spec) }]),
  );
  return new Map(services.map((one) => [one, found.get(keyOf(one.recipeId, one.desiredRevision))!]));
}
