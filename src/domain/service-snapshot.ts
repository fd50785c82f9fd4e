import type { SerialisedEvent } from "../events/event-map.js";
import type { Transaction } from "../storage/transaction.js";

/** Tells that something about these services has changed; each event says how the service is then. */
export async function tellServicesChanged(tx: Transaction, serviceIds: readonly string[]): Promise<void> {
  const rows = await tx.query<Pick<SerialisedEvent, "environmentId" | "serviceId" | "payload">>(
    `select service.environment_id as "environmentId", service.id as "serviceId",
       json_build_object(
         'serviceId', service.id, 'service', service.name,
         'environmentId', environment.id, 'environment', environment.code,
         'recipeId', recipe.id, 'recipe', recipe.name, 'group', service.group_name, 'state', service.state,
         'revision', service.deployed_revision, 'commit', service.deployed_commit, 'replicas', service.replicas,
         'adopted', service.adopted, 'removed', service.removed_at is not null)::text as payload
     from service
     join environment on environment.id = service.environment_id
     join recipe on recipe.id = service.recipe_id
     where service.id = any($1) order by service.id`,
    [serviceIds],
  );
  tx.emitSerialised(rows.map((row) => ({ ...row, type: "SERVICE_CHANGED", operationId: null })));
}
