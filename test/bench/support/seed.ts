import { createEnvironment } from "../../../src/domain/create-environment.js";
import { createRecipe } from "../../../src/domain/create-recipe.js";
import { type Drivers, renderFor } from "../../../src/domain/drivers.js";
import { entities } from "../../../src/domain/entities.js";
import { Environment } from "../../../src/domain/environment.js";
import { findRecipe, loadRevision } from "../../../src/domain/find.js";
import { contentHash, fingerprinter } from "../../../src/domain/fingerprint.js";
import { newId } from "../../../src/domain/id.js";
import { keepBases, keepInputs, specIdOf } from "../../../src/domain/spec-store.js";
import { project } from "../../../src/drivers/process/project.js";
import type { DriverKind } from "../../../src/operations/driver.js";
import { openDatabase } from "../../../src/storage/data-source.js";
import { openSecretBox } from "../../../src/storage/secrets.js";
import { type Transaction, Transactions } from "../../../src/storage/transaction.js";
import { ScriptedDriver } from "../../support/scripted-driver.js";
import { silent } from "../../support/silent.js";

class ProjectingDriver extends ScriptedDriver {
  override project = project;
}

export const benchActor = { tokenId: "tok_bench", name: "bench" };

/** A driver that projects as PROCESS does and deploys nothing. */
export function benchDrivers(): Drivers {
  return new Map<DriverKind, ScriptedDriver>([["PROCESS", new ProjectingDriver()]]);
}

export interface Seed {
  /** Name of the recipe all services use. */
  recipe: string;
  environments: string[];
}

/**
 * Fills a database with services that are deployed and up to date, each with inputs of its own, spread over
 * environments of a host that is not this one, so that no server tries to run them.
 */
export async function seedServices(url: string, services: number, environments = 10): Promise<Seed> {
  const database = await openDatabase({ url, log: silent, entities });
  const transactions = new Transactions(database.dataSource);
  const drivers = benchDrivers();
  const secretBox = await openSecretBox({ home: "unused", key: Buffer.alloc(32, 7) });
  const codes = Array.from({ length: environments }, (_, n) => `BENCH-${n}`);
  for (const code of codes) {
    const input = { code, driver: "PROCESS" as const };
    await transactions.run((tx) =>
      createEnvironment(tx, input, { hostId: "another-host", drivers, secretBox }),
    );
  }
  await transactions.run((tx) => createRecipe(tx, { name: "everywhere", spec: specOf("info") }, benchActor));
  await transactions.run((tx) => addServices(tx, services, drivers));
  await database.close();
  return { recipe: "everywhere", environments: codes };
}

/** As `deployService` and a good first deploy would leave them, but all at once. */
async function addServices(tx: Transaction, count: number, drivers: Drivers): Promise<void> {
  const environments = await tx.manager.find(Environment, { order: { code: "ASC" } });
  const recipe = await findRecipe(tx, "everywhere");
  const { spec } = await loadRevision(tx, recipe.id, 1);
  const inputs = Array.from({ length: count }, (_, n) => [{ name: "TITLE", value: `Service number ${n}` }]);
  const base = renderFor(drivers.get("PROCESS")!, spec, {
    mode: "REPLICATED",
    source: null,
    ports: null,
    values: [],
  });
  const fingerprint = fingerprinter(base, []);
  const [hash] = await keepBases(tx, [base]);
  for (const given of inputs) {
    await keepInputs(tx, given);
  }
  await tx.query(
    `insert into service (id, environment_id, recipe_id, name, mode, replicas, inputs, state, desired_revision,
       deployed_revision, desired_spec, deployed_spec, desired_fingerprint, deployed_fingerprint, deployed_operation_id)
     select t.id, t.environment, $1, 'service-' || t.n, 'REPLICATED', 1, t.inputs::jsonb, 'RUNNING', 1, 1,
       t.spec, t.spec, t.fingerprint, t.fingerprint, 'opn_seed'
     from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
       with ordinality as t(id, environment, inputs, spec, fingerprint, n)`,
    [
      recipe.id,
      inputs.map(() => newId("service")),
      inputs.map((_, n) => environments[n % environments.length]!.id),
      inputs.map((given) => JSON.stringify(given)),
      inputs.map((given) => specIdOf({ base: hash!, inputs: contentHash(given), values: null })),
      inputs.map((given) => fingerprint(given)),
    ],
  );
}

/** The environment of every service, with one variable that a bump changes. */
export function specOf(level: string) {
  return {
    source: { repository: "https://git.example/shop.git", branch: "main" },
    command: ["node", "server.js"],
    ports: [{ name: "http", target: 3000 }],
    env: [
      { name: "LEVEL", kind: "STATIC", value: level },
      { name: "PORT", kind: "COMPUTED", value: "$REBAKE_PORT" },
      { name: "TITLE", kind: "INPUT", required: true },
      ...Array.from({ length: 10 }, (_, n) => ({
        name: `SETTING_${n}`,
        kind: "STATIC",
        value: `value ${n}`,
      })),
    ],
    readiness: { httpGet: { path: "/healthz" } },
  };
}
