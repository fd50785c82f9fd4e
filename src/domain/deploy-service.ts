import { In } from "typeorm";
import { z } from "zod";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { addService, nameTaken, newServiceFields, renderNew, withoutNulls } from "./add-service.js";
import { assertComplete } from "./bind.js";
import type { Drivers } from "./drivers.js";
import { checkedKey, enqueueOperation } from "./enqueue-operation.js";
import type { Environment } from "./environment.js";
import { findEnvironment, findRecipe, loadRevision } from "./find.js";
import { Operation } from "./operation.js";
import { parseInput } from "./parse-spec.js";
import { Service } from "./service.js";

/** How many replicas a service may have. */
export const replicaCount = z.int().min(0, "must be 0 to 1000").max(1000, "must be 0 to 1000");

const serviceInput = z.object({
  ...newServiceFields,
  mode: z.enum(["REPLICATED", "GLOBAL"]).nullable().default("REPLICATED"),
  replicas: replicaCount.nullable().default(1),
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
  const mode = parsed.mode ?? "REPLICATED";
  const rendered = await renderNew(tx, { given: parsed, environment, recipe, spec, mode }, deps);
  assertComplete(rendered.desired.base, rendered.inputs);
  const engine = { replicas: parsed.replicas ?? 1, adopted: null, state: "STOPPED" } as const;
  const service = await addService(tx, rendered, engine);
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
