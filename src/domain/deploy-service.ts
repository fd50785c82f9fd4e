import { In } from "typeorm";
import { z } from "zod";
import { UserInputError } from "../errors.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { assertComplete } from "./bind.js";
import { renderOne } from "./desired.js";
import type { Drivers } from "./drivers.js";
import { checkedKey, enqueueOperation } from "./enqueue-operation.js";
import type { Environment } from "./environment.js";
import { findEnvironment, findRecipe, loadRevision } from "./find.js";
import { newId } from "./id.js";
import { Operation } from "./operation.js";
import { parseInput } from "./parse-spec.js";
import { assertPortsFree } from "./published-ports.js";
import type { Recipe } from "./recipe.js";
import { dnsLabel, plainText, portNumber, type RecipeSpec, sourcePatchSchema } from "./recipe-spec.js";
import { assertAskedFor, keepSecrets, sealInputs } from "./seal-inputs.js";
import { type PublishedPortChoice, Service } from "./service.js";
import { tellServicesChanged } from "./service-snapshot.js";
import { keepInputs } from "./spec-store.js";

/** How many replicas a service may have. */
export const replicaCount = z.int().min(0, "must be 0 to 1000").max(1000, "must be 0 to 1000");

const serviceInput = z.object({
  environment: z.string(),
  recipe: z.string(),
  name: dnsLabel(63),
  title: plainText(255).nullable().default(null),
  group: plainText(255).nullable().default(null),
  mode: z.enum(["REPLICATED", "GLOBAL"]).nullable().default("REPLICATED"),
  replicas: replicaCount.nullable().default(1),
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
  idempotencyKey: z.string().nullable().default(null),
});
export type DeployServiceInput = z.input<typeof serviceInput>;
type Parsed = z.output<typeof serviceInput>;

/**
 * Adds a service made from a recipe's newest revision, and queues its first deploy.
 * @throws UserInputError NOT_FOUND, NAME_TAKEN, ARCHIVED, PORT_TAKEN, DRIVER_UNAVAILABLE; UserInputErrors INVALID,
 * MISSING_INPUT, UNKNOWN_INPUT, UNKNOWN_COMPUTED
 */
export async function deployService(
  tx: Transaction,
  input: DeployServiceInput,
  actor: Actor,
  deps: { drivers: Drivers; secretBox: SecretBox },
): Promise<{ service: Service; operation: Operation }> {
  const parsed = parseInput(serviceInput, withoutNulls(input), []);
  checkedKey(parsed.idempotencyKey);
  const environment = await findEnvironment(tx, parsed.environment, "share");
  const recipe = await findRecipe(tx, parsed.recipe, "share");
  recipe.assertUsable();
  const again = await deployedBefore(tx, environment, parsed);
  if (again) {
    return again;
  }
  const { spec } = await loadRevision(tx, recipe.id, recipe.currentRevision);
  const service = await addService(tx, { environment, recipe, spec, parsed }, deps);
  if (!service) {
    // Somebody was faster, perhaps with the same request.
    return (await deployedBefore(tx, environment, parsed)) ?? nameTaken(environment, parsed.name);
  }
  const operation = await enqueueOperation(
    tx,
    service,
    { kind: "DEPLOY", idempotencyKey: parsed.idempotencyKey },
    actor,
  );
  return { service, operation };
}

/** A null for an optional field means the same as leaving it out. */
function withoutNulls(input: DeployServiceInput): object {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

/**
 * What the same idempotency key has made already, also when it was removed since.
 * @throws UserInputError NAME_TAKEN when somebody else has the name
 */
async function deployedBefore(tx: Transaction, environment: Environment, { name, idempotencyKey }: Parsed) {
  const services = await tx.manager.findBy(Service, { environmentId: environment.id, name });
  const serviceId = In(services.map((service) => service.id));
  const operation =
    idempotencyKey && (await tx.manager.findOneBy(Operation, { serviceId, idempotencyKey, kind: "DEPLOY" }));
  if (operation) {
    return { service: services.find((service) => service.id === operation.serviceId)!, operation };
  }
  return services.some((service) => !service.removedAt) ? nameTaken(environment, name) : null;
}

function nameTaken(environment: Environment, name: string): never {
  const message = `There is a service ${name} in ${environment.code} already; rebuild it or choose another name.`;
  throw new UserInputError("NAME_TAKEN", message, ["name"]);
}

/** Null when the name is taken. */
async function addService(
  tx: Transaction,
  {
    environment,
    recipe,
    spec,
    parsed,
  }: { environment: Environment; recipe: Recipe; spec: RecipeSpec; parsed: Parsed },
  { drivers, secretBox }: { drivers: Drivers; secretBox: SecretBox },
): Promise<Service | null> {
  assertAskedFor(spec, parsed.inputs ?? []);
  assertPorts(spec, parsed.ports ?? []);
  const id = newId("service");
  const { inputs, secrets } = sealInputs(spec, parsed.inputs ?? [], id, secretBox);
  const mode = parsed.mode ?? "REPLICATED";
  const desired = await renderOne(
    tx,
    {
      service: { id, name: parsed.name, mode, source: parsed.source, inputs },
      ports: parsed.ports,
      environment,
      revision: { number: recipe.currentRevision, spec },
      inputsHash: await keepInputs(tx, inputs),
    },
    drivers,
  );
  assertComplete(desired.base, inputs);
  const added = await tx.query(
    `insert into service (id, environment_id, recipe_id, name, title, group_name, mode, replicas, source, inputs, ports,
       desired_revision, desired_spec, desired_fingerprint, source_key, head_commit)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10::jsonb, $11::jsonb, $12, $13, $14, $15,
       (select commit from source_head where key = $15))
     on conflict do nothing returning id`,
    [
      id,
      environment.id,
      recipe.id,
      parsed.name,
      parsed.title,
      parsed.group,
      mode,
      mode === "GLOBAL" ? 1 : (parsed.replicas ?? 1),
      parsed.source && JSON.stringify(parsed.source),
      JSON.stringify(inputs),
      parsed.ports && JSON.stringify(parsed.ports),
      recipe.currentRevision,
      desired.spec,
      desired.fingerprint,
      desired.sourceKey,
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
