import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Actor } from "../domain/actor.js";
import type { KubernetesConnection, SwarmConnection } from "../domain/connection.js";
import { createEnvironment } from "../domain/create-environment.js";
import { createRecipe } from "../domain/create-recipe.js";
import { deployService } from "../domain/deploy-service.js";
import type { Drivers } from "../domain/drivers.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction, Transactions } from "../storage/transaction.js";
import { clusterDashboard, type Dashboard, processDashboard, swarmDashboard } from "./dashboard.js";
import { makeExampleRepository } from "./example-repository.js";
import { freePorts, hasNginx } from "./host.js";

export interface InstallDeps {
  home: string;
  hostId: string;
  transactions: Transactions;
  drivers: Drivers;
  secretBox: SecretBox;
  /** Registry and path of the images; null: Docker Hub. */
  imagePrefix: string | null;
  place: Place;
}

/** Where what is installed is to run. */
export type Place =
  /** Address and ports on which services of this host are published. */
  | { driver: "PROCESS"; host: string; ports: { first: number; last: number } }
  /** Called only when something is installed: how the engine is reached, and where it finds the example repository. */
  | { driver: "SWARM"; connection(): Promise<SwarmConnection>; repository(): string }
  | { driver: "KUBERNETES"; connection(): Promise<KubernetesConnection>; repository(): string };

/** What an install has come to. */
export interface Installed {
  /** Names of the services that are being deployed. */
  services: string[];
  /** Why one of them is missing, and what to do; null: none is. */
  notice: string | null;
}

const installer: Actor = { tokenId: "installer", name: "installer" };
// From dist/src/install to the project.
const examples = fileURLToPath(new URL("../../../examples", import.meta.url));

/** Where a home has the repository of the example services. */
export function exampleFolder(home: string): string {
  return join(home, "examples", "shop");
}

/**
 * Fills an empty database with the DASHBOARD environment, templates, recipes and services made from them; does nothing
 * when there is anything already. All of it is one transaction: an install that was cut off never happened, and the
 * next start does it all.
 * @returns null when there was something already
 * @throws StartError CONFIG_INVALID
 */
export async function installExamples(deps: InstallDeps): Promise<Installed | null> {
  if (!(await deps.transactions.run(isEmpty))) {
    return null;
  }
  const dashboard = await dashboardFor(deps);
  return deps.transactions.run(async (tx) => {
    // Two servers that start on one empty database: the second waits here, and then finds it filled.
    await tx.query("select only_row from installation for update");
    return (await isEmpty(tx)) ? install(tx, deps, dashboard) : null;
  });
}

async function dashboardFor({ home, imagePrefix, place }: InstallDeps): Promise<Dashboard> {
  const folder = exampleFolder(home);
  if (place.driver !== "PROCESS") {
    // Whatever is wrong is said before anything is made.
    const dashboard = await engineDashboard(place, imagePrefix);
    await makeExampleRepository(join(examples, "shop"), folder);
    return dashboard;
  }
  const repository = await makeExampleRepository(join(examples, "shop"), folder);
  const ports = await freePorts(place.host, place.ports, 3);
  return processDashboard({ repository, imagePrefix }, { host: place.host, ports, nginx: await hasNginx() });
}

async function engineDashboard(
  place: Exclude<Place, { driver: "PROCESS" }>,
  imagePrefix: string | null,
): Promise<Dashboard> {
  if (place.driver === "SWARM") {
    const connection = await place.connection();
    return swarmDashboard({ repository: place.repository(), imagePrefix }, connection);
  }
  const connection = await place.connection();
  return clusterDashboard({ repository: place.repository(), imagePrefix }, connection);
}

async function install(
  tx: Transaction,
  deps: InstallDeps,
  { environment, recipes, services, notice }: Dashboard,
): Promise<Installed> {
  await createEnvironment(tx, environment, deps);
  for (const recipe of recipes) {
    await createRecipe(tx, recipe, installer);
  }
  for (const service of services) {
    await deployService(tx, { ...service, environment: environment.code }, installer, deps);
  }
  return { services: services.map(({ name }) => name), notice };
}

async function isEmpty(tx: Transaction): Promise<boolean> {
  const [row] = await tx.query<{ used: boolean }>(
    "select exists (select from environment) or exists (select from recipe) as used",
  );
  return !row!.used;
}
