import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Actor } from "../domain/actor.js";
import { createEnvironment } from "../domain/create-environment.js";
import { createRecipe } from "../domain/create-recipe.js";
import { deployService } from "../domain/deploy-service.js";
import type { Drivers } from "../domain/drivers.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction, Transactions } from "../storage/transaction.js";
import { dashboardNginx, dashboardService } from "./dashboard-recipes.js";
import { makeExampleRepository } from "./example-repository.js";
import { freePorts, hasNginx } from "./host.js";
import { templates } from "./templates.js";

export interface InstallDeps {
  home: string;
  hostId: string;
  transactions: Transactions;
  drivers: Drivers;
  secretBox: SecretBox;
  /** Address and ports on which services of this host are published. */
  serviceHost: string;
  servicePorts: { first: number; last: number };
}

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

const noNginx =
  "nginx is not installed on this host, so that the gateway was not deployed: install nginx, then deploy a service from dashboard-nginx.";

/**
 * Fills an empty database with the DASHBOARD environment, templates, recipes and services made from them; does nothing
 * when there is anything already. All of it is one transaction: an install that was cut off never happened, and the
 * next start does it all.
 * @returns null when there was something already
 */
export async function installExamples(deps: InstallDeps): Promise<Installed | null> {
  if (!(await isEmpty(deps.transactions))) {
    return null;
  }
  const repository = await makeExampleRepository(join(examples, "shop"), join(deps.home, "examples", "shop"));
  const ports = await freePorts(deps.serviceHost, deps.servicePorts, 3);
  const nginx = await hasNginx();
  return deps.transactions.run(async (tx) => {
    // Two servers that start on one empty database: the second waits here, and then finds it filled.
    await tx.query("select only_row from installation for update");
    return (await tableIsEmpty(tx)) ? install(tx, deps, { repository, ports, nginx }) : null;
  });
}

async function install(
  tx: Transaction,
  deps: InstallDeps,
  { repository, ports, nginx }: { repository: string; ports: number[]; nginx: boolean },
): Promise<Installed> {
  const [catalog, orders, gateway] = ports;
  const host = deps.serviceHost === "0.0.0.0" ? "127.0.0.1" : deps.serviceHost;
  const addresses = { CATALOG: catalog, ORDERS: orders };
  await createEnvironment(
    tx,
    {
      code: "DASHBOARD",
      driver: "PROCESS",
      description: "The services that come with Rebake, run on this host.",
      values: Object.entries(addresses).map(([name, port]) => ({ name, value: `${host}:${port ?? 0}` })),
    },
    deps,
  );
  for (const recipe of [...templates, dashboardService(repository), dashboardNginx()]) {
    await createRecipe(tx, recipe, installer);
  }
  const services = [
    { name: "catalog", recipe: "dashboard-service", port: catalog, replicas: 2 },
    { name: "orders", recipe: "dashboard-service", port: orders, replicas: 2 },
    ...(nginx ? [{ name: "gateway", recipe: "dashboard-nginx", port: gateway, replicas: 1 }] : []),
  ];
  for (const { name, recipe, port, replicas } of services) {
    const published = port === undefined ? null : [{ name: "http", published: port }];
    const service = { environment: "DASHBOARD", recipe, name, replicas, ports: published };
    await deployService(tx, service, installer, deps);
  }
  return { services: services.map(({ name }) => name), notice: nginx ? null : noNginx };
}

const isEmpty = (transactions: Transactions) => transactions.run(tableIsEmpty);

async function tableIsEmpty(tx: Transaction): Promise<boolean> {
  const [row] = await tx.query<{ used: boolean }>(
    "select exists (select from environment) or exists (select from recipe) as used",
  );
  return !row!.used;
}
