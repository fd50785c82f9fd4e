import type { Drivers } from "../domain/drivers.js";
import { loadEnvironment, loadRecipe, loadRevision } from "../domain/find.js";
import type { Operation } from "../domain/operation.js";
import { Service } from "../domain/service.js";
import { tellServicesChanged } from "../domain/service-snapshot.js";
import { holdAt, ingredientsOf, setDesired } from "../domain/set-desired.js";
import { keepInputs, loadSpecs } from "../domain/spec-store.js";
import type { Transaction } from "../storage/transaction.js";

/**
 * Writes what a service runs after an operation that succeeded. The caller has locked it and settles its Update.
 * @param drivers null: what should run stays as it is, whatever was asked for
 * @throws UserInputError PORT_TAKEN; UserInputErrors when what was asked for can no longer be what should run
 */
export async function recordDeployed(
  tx: Transaction,
  service: Service,
  operation: Operation,
  drivers: Drivers | null,
): Promise<void> {
  await tx.manager.update(Service, { id: service.id }, changesBy(operation, await tx.now()));
  if (operation.kind === "REMOVE") {
    await tx.query("delete from service_secret where service_id = $1", [service.id]);
  } else if (operation.heldRevision !== null && drivers) {
    await adopt(tx, service, operation, drivers);
  }
  await tellServicesChanged(tx, [service.id]);
}

function changesBy(operation: Operation, now: Date): Partial<Service> {
  switch (operation.kind) {
    case "REMOVE":
      return { removedAt: now, state: "STOPPED" };
    case "SCALE":
      return { replicas: operation.replicas! };
    default:
      return {
        deployedRevision: operation.toRevision,
        deployedSpec: operation.spec,
        deployedFingerprint: operation.fingerprint,
        deployedCommit: operation.commit,
        deployedImage: operation.image,
        deployedOperationId: operation.id,
        drift: null,
      };
  }
}

/**
 * A state that was asked for is what the service should run from now on. A revision of the recipe that was made
 * meanwhile is newer than what was asked for: it counts, with the source of the state. The inputs and the environment's
 * values count as they are now, but for a rollback, which brings those of then back.
 */
async function adopt(
  tx: Transaction,
  service: Service,
  operation: Operation,
  drivers: Drivers,
): Promise<void> {
  const spec = operation.spec!;
  const { base, inputs: brought } = (await loadSpecs(tx.manager, [spec])).get(spec)!;
  const inputs = operation.kind === "ROLLBACK" ? brought : service.inputs;
  const inputsHash = await keepInputs(tx, inputs);
  const source = operation.source ?? service.source;
  await tx.manager.update(Service, { id: service.id }, { inputs, source });
  const recipe = await loadRecipe(tx, service.recipeId);
  const environment = await loadEnvironment(tx, service.environmentId);
  const holds = operation.holds && recipe.currentRevision === operation.heldRevision;
  if (holds && operation.rollsBackTo !== null) {
    const { id } = service;
    const state = { id, revision: operation.toRevision!, spec, fingerprint: operation.fingerprint! };
    await holdAt(tx, environment, state, base);
    return;
  }
  const number = holds ? operation.toRevision! : recipe.currentRevision;
  const revision = await loadRevision(tx, recipe.id, number);
  const ingredients = { ...ingredientsOf({ ...service, inputs, source }, environment, revision), inputsHash };
  await setDesired(tx, [ingredients], drivers, { release: !holds, hold: holds });
}
