import type { SerialisedEvent, UpdateReason } from "../events/event-map.js";
import type { Transaction } from "../storage/transaction.js";
import { newId } from "./id.js";
import { loadSpecs } from "./spec-store.js";
import { type Compared, reasonsOf } from "./update-reasons.js";

/**
 * Makes the Updates of these services say what is true now, and tells of every one that appears, changes or
 * goes. An Update stands exactly while desired and deployed differ, there is newer code than what is deployed, or
 * somebody changed that by hand; a service that never ran gets its first one when its first deploy has ended, and keeps it until one succeeds. The
 * caller has locked the services, or just inserted them.
 */
export async function settleUpdates(tx: Transaction, serviceIds: readonly string[]): Promise<void> {
  const resolved = await removeSettled(tx, serviceIds);
  const raised = await raiseOutstanding(tx, serviceIds);
  tx.emitSerialised(resolved.map((row) => ({ ...row, type: "UPDATE_RESOLVED", operationId: null })));
  tx.emitSerialised(raised.map((row) => ({ ...row, type: "UPDATE_AVAILABLE", operationId: null })));
}

type Told = Pick<SerialisedEvent, "environmentId" | "serviceId" | "payload">;

const outdated = `(service.desired_fingerprint is distinct from service.deployed_fingerprint
  and (service.deployed_fingerprint is not null or not exists (
    select from operation where operation.service_id = service.id and operation.state in ('QUEUED', 'RUNNING'))
    or exists (select from service_update as standing where standing.service_id = service.id)))`;

/** What was newest when a service was held raises nothing. */
const newCode = `(service.head_commit <> service.deployed_commit
  and (service.held_at is null or service.head_commit is distinct from service.held_commit))`;

const drifted = "service.drift is not null";

const outstanding = `service.removed_at is null and (${outdated} or coalesce(${newCode}, false) or ${drifted})`;

/** Whether part 1 (base), 2 (inputs) or 3 (values) of the rendered specs' names differ. */
const differs = (part: 1 | 2 | 3) => `(service.deployed_spec is null and ${part} = 1
  or split_part(service.deployed_spec, '.', ${part}) <> split_part(service.desired_spec, '.', ${part}))`;

const ingredient = (part: 1 | 2 | 3, reason: UpdateReason) =>
  `case when ${differs(part)} and service.desired_fingerprint is distinct from service.deployed_fingerprint
     then '${reason}' end`;

/** Exact when only one ingredient differs, which is nearly always. */
const reasons = `array_remove(array[
    ${ingredient(1, "RECIPE")}, ${ingredient(2, "INPUTS")}, ${ingredient(3, "ENVIRONMENT")},
    case when ${newCode} then 'CODE' end, case when ${drifted} then 'DRIFT' end], null)`;

/** PostgreSQL writes the snapshots (UpdateSnapshot) out: nothing here looks into thousands of them. */
const told = (update: string) => `select u.environment_id as "environmentId", u.service_id as "serviceId",
    json_build_object(
      'updateId', u.id, 'serviceId', u.service_id, 'service', service.name,
      'environmentId', u.environment_id, 'environment', environment.code,
      'recipeId', u.recipe_id, 'recipe', recipe.name, 'reasons', u.reasons,
      'fromRevision', u.from_revision, 'toRevision', u.to_revision, 'fromSpec', u.from_spec, 'toSpec', u.to_spec,
      'fromCommit', u.from_commit, 'toCommit', u.to_commit, 'drift', u.drift,
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
  const exact = await exactReasons(tx, serviceIds);
  return tx.query<Told>(
    `with raised as (
       insert into service_update as old (id, service_id, environment_id, recipe_id, reasons,
         from_revision, to_revision, from_spec, to_spec, from_fingerprint, to_fingerprint, from_commit, to_commit, drift)
       select t.new_id, service.id, service.environment_id, service.recipe_id,
         coalesce(string_to_array(exact.reasons, ','), ${reasons}),
         service.deployed_revision, service.desired_revision, service.deployed_spec, service.desired_spec,
         service.deployed_fingerprint, service.desired_fingerprint,
         case when ${newCode} then service.deployed_commit end, case when ${newCode} then service.head_commit end,
         service.drift
       from unnest($1::text[], $2::text[]) as t(service_id, new_id) join service on service.id = t.service_id
       left join unnest($3::text[], $4::text[]) as exact(service_id, reasons) on exact.service_id = t.service_id
       where ${outstanding}
       on conflict (service_id) do update set reasons = excluded.reasons,
         from_revision = excluded.from_revision, to_revision = excluded.to_revision,
         from_spec = excluded.from_spec, to_spec = excluded.to_spec,
         from_fingerprint = excluded.from_fingerprint, to_fingerprint = excluded.to_fingerprint,
         from_commit = excluded.from_commit, to_commit = excluded.to_commit, drift = excluded.drift, read_at = null
       where (old.from_fingerprint, old.to_fingerprint, old.from_commit, old.to_commit, old.drift) is distinct from
         (excluded.from_fingerprint, excluded.to_fingerprint, excluded.from_commit, excluded.to_commit, excluded.drift)
       returning *)
     ${told("raised")}`,
    [
      serviceIds,
      // Sorted, so that Updates of one moment are listed in the order of their services.
      serviceIds.map(() => newId("update")).sort(),
      exact.map(({ id }) => id),
      exact.map((item) => item.reasons.join(",")),
    ],
  );
}

/** For the few services where several ingredients differ: which of them really change what would run. */
async function exactReasons(
  tx: Transaction,
  serviceIds: readonly string[],
): Promise<{ id: string; reasons: UpdateReason[] }[]> {
  const rows = await tx.query<Compared & { id: string; newCode: boolean; drifted: boolean }>(
    `select service.id, deployed_spec as "from", desired_spec as "to", desired_fingerprint as "toFingerprint",
       coalesce(${newCode}, false) as "newCode", ${drifted} as drifted
     from service where service.id = any($1) and deployed_spec is not null
       and desired_fingerprint is distinct from deployed_fingerprint
       and ${differs(1)}::int + ${differs(2)}::int + ${differs(3)}::int > 1`,
    [serviceIds],
  );
  const specs = await loadSpecs(tx.manager, [...new Set(rows.flatMap(({ from, to }) => [from, to]))]);
  return rows.map(({ id, newCode, drifted, ...compared }) => ({
    id,
    reasons: [
      ...reasonsOf(compared, specs),
      ...(newCode ? (["CODE"] as const) : []),
      ...(drifted ? (["DRIFT"] as const) : []),
    ],
  }));
}
