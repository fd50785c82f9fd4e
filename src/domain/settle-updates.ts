import type { SerialisedEvent } from "../events/event-map.js";
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
  tx.emitSerialised(resolved.map((row) => ({ ...row, type: "UPDATE_RESOLVED", operationId: null })));
  tx.emitSerialised(raised.map((row) => ({ ...row, type: "UPDATE_AVAILABLE", operationId: null })));
}

type Told = Pick<SerialisedEvent, "environmentId" | "serviceId" | "payload">;

const outstanding = `service.removed_at is null
  and service.desired_fingerprint is distinct from service.deployed_fingerprint
  and (service.deployed_fingerprint is not null or not exists (
    select from operation where operation.service_id = service.id and operation.state in ('QUEUED', 'RUNNING'))
    or exists (select from service_update as standing where standing.service_id = service.id))`;

/** PostgreSQL writes the snapshots (UpdateSnapshot) out: nothing here looks into thousands of them. */
const told = (update: string) => `select u.environment_id as "environmentId", u.service_id as "serviceId",
    json_build_object(
      'updateId', u.id, 'serviceId', u.service_id, 'service', service.name,
      'environmentId', u.environment_id, 'environment', environment.code,
      'recipeId', u.recipe_id, 'recipe', recipe.name, 'reasons', u.reasons,
      'fromRevision', u.from_revision, 'toRevision', u.to_revision, 'fromSpec', u.from_spec, 'toSpec', u.to_spec,
      'since', to_char(u.since at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text as payload
  from ${update} as u
  join service on service.id = u.service_id
  join environment on environment.id = u.environment_id
  join recipe on recipe.id = u.recipe_id
  order by u.service_id`;

async function removeSettled(tx: Transaction, serviceIds: readonly string[]): Promise<Told[]> {
  return tx.query<Told>(
    `with gone as (
       delete from service_update using service
       where service_update.service_id = service.id and service.id = any($1) and not (${outstanding})
       returning service_update.*)
     ${told("gone")}`,
    [serviceIds],
  );
}

/** Returns only what is new or differs in what would run; a revision that changes nothing is noted silently. */
async function raiseOutstanding(tx: Transaction, serviceIds: readonly string[]): Promise<Told[]> {
  await tx.query(
    `update service_update set to_revision = service.desired_revision, to_spec = service.desired_spec
     from service
     where service_update.service_id = service.id and service.id = any($1)
       and service_update.to_fingerprint = service.desired_fingerprint
       and service_update.to_revision <> service.desired_revision`,
    [serviceIds],
  );
  return tx.query<Told>(
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
     ${told("raised")}`,
    [serviceIds, serviceIds.map(() => newId("update"))],
  );
}
