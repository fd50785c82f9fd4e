import { IsNull } from "typeorm";
import { z } from "zod";
import { UserInputError } from "../errors.js";
import type { ForeignService, ServiceState } from "../operations/driver.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction } from "../storage/transaction.js";
import { addService, nameTaken, newServiceFields, renderNew, withoutNulls } from "./add-service.js";
import type { Drivers } from "./drivers.js";
import type { Environment } from "./environment.js";
import { findEnvironment, findRecipe, loadRevision } from "./find.js";
import { parseInput } from "./parse-spec.js";
import type { Recipe } from "./recipe.js";
import { plainText } from "./recipe-spec.js";
import { Service } from "./service.js";
import { settleUpdates } from "./settle-updates.js";

const adoption = z.object({ ...newServiceFields, engineName: plainText(255) });
export type AdoptServiceInput = z.input<typeof adoption>;

/**
 * Takes a service of an environment's engine that Rebake did not deploy as made from a recipe. Nothing changes on the
 * engine before its first rebuild, which an Update asks for from now on. Inputs may be missing until then. Asked for
 * again, it is the same service.
 * @param there what its driver finds on the engine
 * @throws UserInputError NOT_FOUND, NAME_TAKEN, IN_USE when it belongs to another service or another Rebake, ARCHIVED,
 * PORT_TAKEN, DRIVER_UNAVAILABLE; UserInputErrors INVALID, UNKNOWN_INPUT, UNKNOWN_COMPUTED
 */
export async function adoptService(
  tx: Transaction,
  input: AdoptServiceInput,
  there: readonly ForeignService[],
  deps: { drivers: Drivers; secretBox: SecretBox },
): Promise<Service> {
  const given = parseInput(adoption, withoutNulls(input), []);
  const environment = await findEnvironment(tx, given.environment, "share");
  const recipe = await findRecipe(tx, given.recipe, "share");
  recipe.assertUsable();
  const before = await adoptedBefore(tx, environment, recipe, given);
  if (before) {
    return before;
  }
  const found = findAdoptable(there, environment, given.engineName);
  const { spec } = await loadRevision(tx, recipe.id, recipe.currentRevision);
  const { mode, replicas } = found;
  const rendered = await renderNew(tx, { given, environment, recipe, spec, mode }, deps);
  const engine = { replicas, adopted: found.name, state: stateOf(found) };
  const service = await addService(tx, rendered, engine);
  if (!service) {
    // Somebody was faster, perhaps with the same request.
    return (await adoptedBefore(tx, environment, recipe, given)) ?? nameTaken(environment, given.name);
  }
  await settleUpdates(tx, [service.id]);
  return service;
}

/** Why a service of an engine cannot be adopted, in a sentence; null: it can. */
export function whyNotAdoptable({ name, installation }: ForeignService): string | null {
  return installation === null
    ? null
    : `${name} belongs to another Rebake (installation ${installation}): change it there, or remove it there and deploy it here.`;
}

/**
 * What the same request has made already.
 * @throws UserInputError IN_USE when it was adopted as something else, NAME_TAKEN
 */
async function adoptedBefore(
  tx: Transaction,
  environment: Environment,
  recipe: Recipe,
  { engineName, name }: { engineName: string; name: string },
): Promise<Service | null> {
  const here = { environmentId: environment.id, removedAt: IsNull() };
  // At one moment: the same request may be carried out meanwhile.
  const alike = await tx.manager.findBy(Service, [
    { ...here, adopted: engineName },
    { ...here, name },
  ]);
  const known = alike.find(({ adopted }) => adopted === engineName) ?? null;
  if (known && (known.name !== name || known.recipeId !== recipe.id)) {
    const message = `${engineName} is the service ${known.name} of ${environment.code} already: forget that one first (forgetService), or go on with it.`;
    throw new UserInputError("IN_USE", message, ["engineName"]);
  }
  if (!known && alike.length > 0) {
    nameTaken(environment, name);
  }
  return known;
}

/** @throws UserInputError NOT_FOUND, IN_USE */
function findAdoptable(
  there: readonly ForeignService[],
  environment: Environment,
  engineName: string,
): ForeignService {
  const found = there.find(({ name }) => name === engineName);
  if (!found) {
    const message = `The engine of ${environment.code} has no service ${engineName} that this Rebake did not deploy: Environment.foreignServices lists those it has.`;
    throw new UserInputError("NOT_FOUND", message, ["engineName"]);
  }
  const why = whyNotAdoptable(found);
  if (why !== null) {
    throw new UserInputError("IN_USE", why, ["engineName"]);
  }
  return found;
}

/** Until its driver has looked at it. */
function stateOf({ replicas, running }: ForeignService): ServiceState {
  if (running >= replicas) {
    return running > 0 ? "RUNNING" : "STOPPED";
  }
  return running > 0 ? "DEGRADED" : "STARTING";
}
