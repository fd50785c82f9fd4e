import { z } from "zod";
import { UserInputError } from "../errors.js";
import type { ServiceState } from "../operations/driver.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction } from "../storage/transaction.js";
import { type Desired, renderOne } from "./desired.js";
import type { Drivers } from "./drivers.js";
import type { Environment } from "./environment.js";
import { newId } from "./id.js";
import { assertPortsFree } from "./published-ports.js";
import type { Recipe } from "./recipe.js";
import { dnsLabel, plainText, portNumber, type RecipeSpec, sourcePatchSchema } from "./recipe-spec.js";
import type { RenderedSpec } from "./rendered-spec.js";
import { assertAskedFor, keepSecrets, type SealedSecret, sealInputs } from "./seal-inputs.js";
import { type InputValue, type PublishedPortChoice, Service } from "./service.js";
import { tellServicesChanged } from "./service-snapshot.js";
import { keepInputs } from "./spec-store.js";

/** What is given for a new service, however it comes about. */
export const newServiceFields = {
  environment: z.string(),
  recipe: z.string(),
  name: dnsLabel(63),
  title: plainText(255).nullable().default(null),
  group: plainText(255).nullable().default(null),
  source: sourcePatchSchema.nullable().default(null),
  ports: z
    .array(z.object({ name: z.string(), published: portNumber }))
    .max(50, "may have at most 50 entries")
    .nullable()
    .default(null),
  inputs: z
    .array(z.object({ name: z.string(), value: plainText(65_536) }))
    .max(500, "may have at most 500 entries")
    .nullable()
    .default([]),
};
const newServiceSchema = z.object(newServiceFields);

/** A null for an optional field means the same as leaving it out. */
export function withoutNulls(input: object): object {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

/** A service to be added, rendered from its recipe's newest revision. */
export interface NewService {
  id: string;
  given: z.output<typeof newServiceSchema>;
  environment: Environment;
  recipe: Recipe;
  mode: RenderedSpec["mode"];
  inputs: InputValue[];
  secrets: SealedSecret[];
  desired: Desired;
}

/**
 * Renders a service that is to be added. The caller has locked environment and recipe against changes.
 * @throws UserInputError DRIVER_UNAVAILABLE; UserInputErrors INVALID, UNKNOWN_INPUT, UNKNOWN_COMPUTED
 */
export async function renderNew(
  tx: Transaction,
  {
    given,
    environment,
    recipe,
    spec,
    mode,
  }: Pick<NewService, "given" | "environment" | "recipe" | "mode"> & { spec: RecipeSpec },
  { drivers, secretBox }: { drivers: Drivers; secretBox: SecretBox },
): Promise<NewService> {
  assertAskedFor(spec, given.inputs ?? []);
  assertPorts(spec, given.ports ?? []);
  const id = newId("service");
  const { inputs, secrets } = sealInputs(spec, given.inputs ?? [], id, secretBox);
  const { name, source, ports } = given;
  const desired = await renderOne(
    tx,
    {
      service: { id, name, mode, source, inputs },
      ports,
      environment,
      revision: { number: recipe.currentRevision, spec },
      inputsHash: await keepInputs(tx, inputs),
    },
    drivers,
  );
  return { id, given, environment, recipe, mode, inputs, secrets, desired };
}

/**
 * Adds a service that was rendered; null when its name is taken, or somebody has adopted the same one.
 * @param engine how many replicas are wanted, and, of one that runs there already, its name and state on the engine
 * @throws UserInputError PORT_TAKEN
 */
export async function addService(
  tx: Transaction,
  { id, given, environment, recipe, mode, inputs, secrets, desired }: NewService,
  engine: { replicas: number; adopted: string | null; state: ServiceState },
): Promise<Service | null> {
  const added = await tx.query(
    `insert into service (id, environment_id, recipe_id, name, title, group_name, mode, replicas, source, inputs, ports,
       desired_revision, desired_spec, desired_fingerprint, source_key, head_commit, adopted, state)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::jsonb, $11::jsonb, $12, $13, $14, $15,
       (select commit from source_head where key = $15), $16, $17)
     on conflict do nothing returning id`,
    [
      id,
      environment.id,
      recipe.id,
      given.name,
      given.title,
      given.group,
      mode,
      mode === "GLOBAL" ? 1 : engine.replicas,
      given.source && JSON.stringify(given.source),
      JSON.stringify(inputs),
      given.ports && JSON.stringify(given.ports),
      recipe.currentRevision,
      desired.spec,
      desired.fingerprint,
      desired.sourceKey,
      engine.adopted,
      engine.state,
    ],
  );
  if (added.length === 0) {
    return null;
  }
  await keepSecrets(tx, id, secrets);
  await assertPortsFree(
    tx,
    desired.base.ports.some((port) => port.published !== null) ? [environment.id] : [],
  );
  await tellServicesChanged(tx, [id]);
  return tx.manager.findOneByOrFail(Service, { id });
}

/** @throws UserInputError NAME_TAKEN */
export function nameTaken(environment: Environment, name: string): never {
  const message = `There is a service ${name} in ${environment.code} already; rebuild it or choose another name.`;
  throw new UserInputError("NAME_TAKEN", message, ["name"]);
}

/** @throws UserInputError INVALID */
function assertPorts({ ports }: RecipeSpec, chosen: readonly PublishedPortChoice[]): void {
  const names = ports.map((port) => port.name);
  chosen.forEach(({ name }, index) => {
    const twice = chosen.findIndex((other) => other.name === name) < index;
    if (twice || !names.includes(name)) {
      const message = twice
        ? `ports.${index}: port ${name} is named twice.`
        : `ports.${index}: the recipe has no port ${name.slice(0, 80)}; it has ${names.join(", ") || "none"}.`;
      throw new UserInputError("INVALID", message, ["ports", String(index), "name"]);
    }
  });
}
