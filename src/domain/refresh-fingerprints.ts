import type { Transaction, Transactions } from "../storage/transaction.js";
import { type Drivers, projectBase } from "./drivers.js";
import type { Environment } from "./environment.js";
import { environmentsOf } from "./find.js";
import { fingerprinter, fingerprintVersion } from "./fingerprint.js";
import { recipeSpecSchema } from "./recipe-spec.js";
import { ingredientsOf, type LockedService, lockServices, setDesired } from "./set-desired.js";
import { keepBases, loadSpecs, partsOf, specIdOf } from "./spec-store.js";
import { revisionsOf } from "./update-environment.js";

const batchSize = 500;

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
  const services = await lockServices(
    tx,
    `id in (select service.id from service join environment on environment.id = service.environment_id
       where service.id > $1 and service.removed_at is null and environment.driver = any($2)
       order by service.id limit $3)`,
    [after, [...drivers.keys()], batchSize],
  );
  const environments = await environmentsOf(tx, services);
  await refreshDeployed(tx, services, environments, drivers);
  const revisions = await revisionsOf(tx, services);
  const ingredients = services.map((service) =>
    ingredientsOf(service, environments.get(service.environmentId)!, revisions.get(service)!),
  );
  await setDesired(tx, ingredients, drivers, { release: false });
  return services.at(-1)?.id ?? null;
}

async function refreshDeployed(
  tx: Transaction,
  services: readonly LockedService[],
  environments: ReadonlyMap<string, Environment>,
  drivers: Drivers,
): Promise<void> {
  const deployed = services.filter(({ deployedSpec }) => deployedSpec !== null);
  const stored = await loadSpecs(
    tx.manager,
    deployed.map(({ deployedSpec }) => deployedSpec!),
  );
  for (const { id, environmentId, deployedSpec } of deployed) {
    const { base: old, inputs, values } = stored.get(deployedSpec!)!;
    const driver = drivers.get(environments.get(environmentId)!.driver)!;
    const base = projectBase(driver, { ...emptySpec, ...old });
    const [hash] = await keepBases(tx, [base]);
    await tx.query("update service set deployed_spec = $2, deployed_fingerprint = $3 where id = $1", [
      id,
      specIdOf({ ...partsOf(deployedSpec!), base: hash! }),
      fingerprinter(base, values)(inputs),
    ]);
  }
}

/** Fields that are new since a spec was stored get their empty value. */
const emptySpec = recipeSpecSchema.parse({});
