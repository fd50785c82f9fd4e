import type { FieldChange } from "../domain/changes.js";
import { keptDrift } from "../domain/kept-drift.js";
import { Service } from "../domain/service.js";
import { settleUpdates } from "../domain/settle-updates.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transactions } from "../storage/transaction.js";
import type { Driver, Observed, ServiceRef } from "./driver.js";
import { buildDeployed, deployedIntent } from "./targets.js";

export interface DriftDeps {
  transactions: Transactions;
  secretBox: SecretBox;
}

/** What an engine's answer has to be held against, and whether somebody was changing it. */
export interface Standing {
  /** Null: nothing is deployed, so nothing can have been changed by hand. */
  deployedOperationId: string | null;
  replicas: number;
  /** Whether drift is known of. */
  drifting: boolean;
  /** Whether an operation works on it. */
  running: boolean;
  /** The operation that was begun last. */
  lastOperation: string | null;
}

/** As it is now; null when the service is gone. To be read before the engine is asked. */
export async function standingOf(
  db: { query(statement: string, parameters: unknown[]): Promise<unknown> },
  serviceId: string,
): Promise<Standing | null> {
  // Operations run in the order of their ids but for the few that wait at the same time.
  const rows = (await db.query(
    `select service.deployed_operation_id as "deployedOperationId", service.replicas,
       service.drift is not null as drifting,
       exists (select from operation where service_id = $1 and state = 'RUNNING') as running,
       (select id from (select id, started_at from operation where service_id = $1 order by id desc limit 20) as newest
        where started_at is not null order by started_at desc, id desc limit 1) as "lastOperation"
     from service where service.id = $1 and service.removed_at is null`,
    [serviceId],
  )) as Standing[];
  return rows[0] ?? null;
}

/**
 * Whether the engine may have something else than what was deployed: it says so, has nothing at all, or what another
 * operation had put there, as after a rollback by hand. While an operation is under way that is its own: then it is
 * looked at again when that has ended.
 */
export function isSuspect(
  { drifted, fingerprint, operationId }: Observed,
  deployedOperationId: string | null,
): boolean {
  const isOther = operationId !== null && operationId !== deployedOperationId;
  return drifted || isOther || (fingerprint === null && operationId === null);
}

/**
 * Writes down what somebody changed by hand on the engine, or that it was undone, and settles the Update. Of several
 * servers that see the same, one does. While an operation changes the service, and when one did since `before` was
 * read, nobody can tell what was done by hand.
 * @param before read before the engine was asked
 * @param suspect whether its driver has to be asked for the drift; else there is none
 * @returns whether that is settled; false: look again when the operation has ended
 */
export async function recordDrift(
  driver: Driver,
  ref: ServiceRef,
  before: Standing,
  suspect: boolean,
  deps: DriftDeps,
): Promise<boolean> {
  const expected = suspect && before.deployedOperationId !== null;
  if (!expected && !before.drifting) {
    return true;
  }
  if (before.running) {
    return false;
  }
  const drift = expected ? await askDrift(driver, ref, deps) : null;
  return deps.transactions.run(async (tx) => {
    await tx.query("select id from service where id = $1 for no key update", [ref.serviceId]);
    const now = await standingOf(tx, ref.serviceId);
    if (!now || !isSame(before, now)) {
      return now === null;
    }
    const changed = await tx.query(
      "update service set drift = $2::jsonb where id = $1 and drift is distinct from $2::jsonb returning id",
      [ref.serviceId, drift && JSON.stringify(drift)],
    );
    if (changed.length > 0) {
      await settleUpdates(tx, [ref.serviceId]);
    }
    return true;
  });
}

async function askDrift(driver: Driver, ref: ServiceRef, deps: DriftDeps): Promise<FieldChange[] | null> {
  const { manager } = deps.transactions.dataSource;
  const service = await manager.findOneByOrFail(Service, { id: ref.serviceId });
  const deployed = deployedIntent(service);
  if (!deployed) {
    return null;
  }
  const target = await buildDeployed(manager, deps.secretBox, service, deployed);
  return keptDrift(await driver.drift(target), target);
}

/** Whether no operation has run in between. */
function isSame(before: Standing, now: Standing): boolean {
  return (
    !now.running &&
    now.lastOperation === before.lastOperation &&
    now.deployedOperationId === before.deployedOperationId &&
    now.replicas === before.replicas
  );
}
