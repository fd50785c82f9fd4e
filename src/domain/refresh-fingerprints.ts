import type { DriverKind } from "../operations/driver.js";
import type { Transaction, Transactions } from "../storage/transaction.js";
import { type Desired, type Drivers, renderFor } from "./drivers.js";
import type { NamedValue } from "./environment.js";
import { fingerprintOf, fingerprintVersion } from "./fingerprint.js";
import { type RecipeSpec, recipeSpecSchema } from "./recipe-spec.js";
import type { RenderedSpec } from "./rendered-spec.js";
import { keepRenderedSpecs } from "./rendered-specs.js";
import type { Service } from "./service.js";
import { settleUpdates } from "./settle-updates.js";

const batchSize = 500;

type Row = Pick<Service, "id" | "mode" | "source" | "inputs"> & {
  driver: DriverKind;
  values: NamedValue[];
  spec: RecipeSpec;
  deployed: RenderedSpec | null;
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
    `select service.id, service.mode, service.source, service.inputs, environment.driver, environment.values,
       revision.spec, deployed.spec as deployed
     from service
     join environment on environment.id = service.environment_id
     join recipe_revision as revision
       on revision.recipe_id = service.recipe_id and revision.number = service.desired_revision
     left join rendered_spec as deployed on deployed.fingerprint = service.deployed_fingerprint
     where service.id > $1 and service.removed_at is null and environment.driver = any($2)
     order by service.id limit $3 for update of service`,
    [after, [...drivers.keys()], batchSize],
  );
  const desired = rows.map((row) =>
    renderFor(drivers.get(row.driver)!, recipeSpecSchema.parse(row.spec), row),
  );
  const deployed = rows.map((row) => row.deployed && normalise(drivers, row.driver, row.deployed));
  await keepRenderedSpecs(tx, [...desired, ...deployed.filter((item) => item !== null)]);
  await tx.query(
    `update service set desired_fingerprint = t.desired, deployed_fingerprint = t.deployed
     from unnest($1::text[], $2::text[], $3::text[]) as t(id, desired, deployed) where service.id = t.id`,
    [
      rows.map((row) => row.id),
      desired.map((item) => item.fingerprint),
      deployed.map((item) => item?.fingerprint ?? null),
    ],
  );
  await settleUpdates(
    tx,
    rows.map((row) => row.id),
  );
  return rows.at(-1)?.id ?? null;
}

const emptySpec = recipeSpecSchema.parse({});

/** Fields that are new since it was stored get their empty value; then it is projected as it would be today. */
function normalise(drivers: Drivers, driver: DriverKind, stored: RenderedSpec): Desired {
  const spec = drivers.get(driver)!.project({ ...emptySpec, ...stored }).spec;
  return { spec, fingerprint: fingerprintOf(spec) };
}
