import type { DriverKind } from "../operations/driver.js";
import type { Transaction, Transactions } from "../storage/transaction.js";
import { type Drivers, projectBase, renderFor } from "./drivers.js";
import type { NamedValue } from "./environment.js";
import { fingerprinter, fingerprintVersion } from "./fingerprint.js";
import { type RecipeSpec, recipeSpecSchema } from "./recipe-spec.js";
import type { Service } from "./service.js";
import { settleUpdates } from "./settle-updates.js";
import { keepBases, loadSpecs, partsOf, type StoredSpec, specIdOf } from "./spec-store.js";

const batchSize = 500;

type Row = Pick<Service, "id" | "mode" | "source" | "inputs" | "desiredSpec" | "deployedSpec"> & {
  driver: DriverKind;
  values: NamedValue[];
  spec: RecipeSpec;
};

/**
 * After a new version of Rebake that renders or projects differently: renders what is desired anew and brings
 * what is deployed into the same form, so that both sides change alike and nobody is outdated by an upgrade.
 * Services of drivers this server does not have wait for one that does.
 */
export async function refreshFingerprints(transactions: Transactions, drivers: Drivers): Promise<void> {
  let after = "";
  for (;;) {
    const last = await transactions.run((tx) => refreshBatch(tx, drivers, after));
    if (last === null) {
      break;
    }
    after = last;
  }
  await transactions.run((tx) =>
    tx.query("update installation set fingerprint_version = $1", [fingerprintVersion]),
  );
}

async function refreshBatch(tx: Transaction, drivers: Drivers, after: string): Promise<string | null> {
  const rows = await tx.query<Row>(
    `select service.id, service.mode, service.source, service.inputs, service.desired_spec as "desiredSpec",
       service.deployed_spec as "deployedSpec", environment.driver, environment.values, revision.spec
     from service
     join environment on environment.id = service.environment_id
     join recipe_revision as revision
       on revision.recipe_id = service.recipe_id and revision.number = service.desired_revision
     where service.id > $1 and service.removed_at is null and environment.driver = any($2)
     order by service.id limit $3 for update of service`,
    [after, [...drivers.keys()], batchSize],
  );
  const deployed = await loadSpecs(
    tx.manager,
    rows.flatMap((row) => row.deployedSpec ?? []),
  );
  for (const row of rows) {
    await refresh(tx, row, drivers, row.deployedSpec ? deployed.get(row.deployedSpec)! : null);
  }
  await settleUpdates(
    tx,
    rows.map((row) => row.id),
  );
  return rows.at(-1)?.id ?? null;
}

async function refresh(
  tx: Transaction,
  row: Row,
  drivers: Drivers,
  stored: StoredSpec | null,
): Promise<void> {
  const driver = drivers.get(row.driver)!;
  const desired = renderFor(driver, { ...emptySpec, ...row.spec }, row);
  const deployed = stored && projectBase(driver, { ...emptySpec, ...stored.base });
  const [desiredHash, deployedHash] = await keepBases(tx, deployed ? [desired, deployed] : [desired]);
  await tx.query(
    `update service set desired_spec = $2, desired_fingerprint = $3, deployed_spec = $4, deployed_fingerprint = $5
     where id = $1`,
    [
      row.id,
      specIdOf(desiredHash!, partsOf(row.desiredSpec).inputs),
      fingerprinter(desired)(row.inputs),
      deployed && specIdOf(deployedHash!, partsOf(row.deployedSpec!).inputs),
      deployed && fingerprinter(deployed)(stored.inputs),
    ],
  );
}

/** Fields that are new since a spec was stored get their empty value. */
const emptySpec = recipeSpecSchema.parse({});
