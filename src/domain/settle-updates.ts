import type { UpdateReason, UpdateSnapshot } from "../events/event-map.js";
import type { Transaction } from "../storage/transaction.js";
import { newId } from "./id.js";

/**
 * Makes the Updates of these services say what is true now, and tells of every one that appears, changes or
 * goes. An Update stands exactly while desired and deployed differ; a service that never ran gets its first one
 * when its first deploy has ended, and keeps it until one succeeds. The caller has locked the services, or just inserted them.
 */
export async function settleUpdates(tx: Transaction, serviceIds: readonly string[]): Promise<void> {
  const resolved = await removeSettled(tx, serviceIds);
  const raised = await raiseOutstanding(tx, serviceIds);
  for (const row of resolved) {
    tx.emit({ type: "UPDATE_RESOLVED", payload: snapshotOfRow(row) });
  }
  for (const row of raised) {
    tx.emit({ type: "UPDATE_AVAILABLE", payload: snapshotOfRow(row) });
  }
}

interface UpdateRow {
  id: string;
  service_id: string;
  service: string;
  environment_id: string;
  environment: string;
  recipe_id: string;
  recipe: string;
  reasons: UpdateReason[];
  from_revision: number | null;
  to_revision: number;
  from_spec: string | null;
  to_spec: string;
  since: Date;
}

const outstanding = `service.removed_at is null
  and service.desired_fingerprint is distinct from service.deployed_fingerprint
  and (service.deployed_fingerprint is not null or not exists (
    select from operation where operation.service_id = service.id and operation.state in ('QUEUED', 'RUNNING'))
    or exists (select from service_update as standing where standing.service_id = service.id))`;

const named = (
  update: string,
) => `select ${update}.*, service.name as service, environment.code as environment,
    recipe.name as recipe
  from ${update}
  join service on service.id = ${update}.service_id
  join environment on environment.id = ${update}.environment_id
  join recipe on recipe.id = ${update}.recipe_id
  order by ${update}.service_id`;

async function removeSettled(tx: Transaction, serviceIds: readonly string[]): Promise<UpdateRow[]> {
  return tx.query<UpdateRow>(
    `with gone as (
       delete from service_update using service
       where service_update.service_id = service.id and service.id = any($1) and not (${outstanding})
       returning service_update.*)
     ${named("gone")}`,
    [serviceIds],
  );
}

/** Returns only what is new or differs in what would run; a revision that changes nothing is noted silently. */
async function raiseOutstanding(tx: Transaction, serviceIds: readonly string[]): Promise<UpdateRow[]> {
  await tx.query(
    `update service_update set to_revision = service.desired_revision, to_spec = service.desired_spec
     from service
     where service_update.service_id = service.id and service.id = any($1)
       and service_update.to_fingerprint = service.desired_fingerprint
       and service_update.to_revision <> service.desired_revision`,
    [serviceIds],
  );
  return tx.query<UpdateRow>(
    `with raised as (
       insert into service_update as old (id, service_id, environment_id, recipe_id, reasons,
         from_revision, to_revision, from_spec, to_spec, from_fingerprint, to_fingerprint)
       select t.new_id, service.id, service.environment_id, service.recipe_id, array['RECIPE'],
         service.deployed_revision, service.desired_revision, service.deployed_spec, service.desired_spec,
         service.deployed_fingerprint, service.desired_fingerprint
       from unnest($1::text[], $2::text[]) as t(service_id, new_id) join service on service.id = t.service_id
       where ${outstanding}
       on conflict (service_id) do update set
         from_revision = excluded.from_revision, to_revision = excluded.to_revision,
         from_spec = excluded.from_spec, to_spec = excluded.to_spec,
         from_fingerprint = excluded.from_fingerprint, to_fingerprint = excluded.to_fingerprint, read_at = null
       where (old.from_fingerprint, old.to_fingerprint)
         is distinct from (excluded.from_fingerprint, excluded.to_fingerprint)
       returning *)
     ${named("raised")}`,
    [serviceIds, serviceIds.map(() => newId("update"))],
  );
}

function snapshotOfRow(row: UpdateRow): UpdateSnapshot {
  return {
    updateId: row.id,
    serviceId: row.service_id,
    service: row.service,
    environmentId: row.environment_id,
    environment: row.environment,
    recipeId: row.recipe_id,
    recipe: row.recipe,
    reasons: row.reasons,
    fromRevision: row.from_revision,
    toRevision: row.to_revision,
    fromSpec: row.from_spec,
    toSpec: row.to_spec,
    since: row.since.toISOString(),
  };
}
