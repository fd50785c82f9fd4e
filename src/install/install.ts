import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Actor } from "../domain/actor.js";
import { createEnvironment } from "../domain/create-environment.js";
import { createRecipe } from "../domain/create-recipe.js";
import { deployService } from "../domain/deploy-service.js";
import type { Drivers } from "../domain/drivers.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction, Transactions } from "../storage/transaction.js";
import { makeExampleRepository } from "./example-repository.js";

export interface InstallDeps {
  home: string;
  hostId: string;
  transactions: Transactions;
  drivers: Drivers;
  secretBox: SecretBox;
}

const installer: Actor = { tokenId: "installer", name: "installer" };
// From dist/src/install to the project.
const examples = fileURLToPath(new URL("../../../examples", import.meta.url));

/**
 * Fills an empty database with the DASHBOARD environment, a recipe and two services made from it; does nothing
 * when there is anything already. All of it is one transaction: an install that was cut off never happened.
 * @returns whether it installed
 */
export async function installExamples(deps: InstallDeps): Promise<boolean> {
  if (!(await isEmpty(deps.transactions))) {
    return false;
  }
  const repository = await makeExampleRepository(join(examples, "shop"), join(deps.home, "examples", "shop"));
  return deps.transactions.run(async (tx) => {
    // Two servers that start on one empty database: the second waits here, and then finds it filled.
    await tx.query("select only_row from installation for update");
    if (!(await tableIsEmpty(tx))) {
      return false;
    }
    await createEnvironment(
      tx,
      {
        code: "DASHBOARD",
        driver: "PROCESS",
        description: "The services that come with Rebake, run on this host.",
      },
      deps,
    );
    await createRecipe(tx, nodeService(repository), installer);
    for (const name of ["catalog", "orders"]) {
      const service = { environment: "DASHBOARD", recipe: "node-service", name, replicas: 2 };
      await deployService(tx, service, installer, deps);
    }
    return true;
  });
}

const isEmpty = (transactions: Transactions) => transactions.run(tableIsEmpty);

async function tableIsEmpty(tx: Transaction): Promise<boolean> {
  const [row] = await tx.query<{ used: boolean }>(
    "select exists (select from environment) or exists (select from recipe) as used",
  );
  return !row!.used;
}

function nodeService(repository: string) {
  return {
    name: "node-service",
    title: "Node.js service",
    type: "SERVICE" as const,
    description: "A Node.js web service from a git repository, probed at /healthz.",
    message: "Installed with Rebake",
    spec: {
      source: { repository, branch: "main" },
      command: ["node", "server.js"],
      ports: [{ name: "http", target: 3000 }],
      env: [
        { name: "PORT", kind: "COMPUTED", value: "$REBAKE_PORT" },
        { name: "SHOP_SERVICE", kind: "COMPUTED", value: "$REBAKE_SERVICE" },
        { name: "SHOP_ENVIRONMENT", kind: "COMPUTED", value: "$REBAKE_ENVIRONMENT" },
        { name: "SHOP_COMMIT", kind: "COMPUTED", value: "$REBAKE_COMMIT" },
        { name: "SHOP_INSTANCE", kind: "COMPUTED", value: "$REBAKE_INSTANCE" },
        { name: "SHOP_OPERATION", kind: "COMPUTED", value: "$REBAKE_OPERATION" },
        { name: "SHOP_GREETING", kind: "STATIC", value: "Welcome" },
      ],
      readiness: { httpGet: { path: "/healthz" }, period: 2, timeout: 2 },
      restart: { condition: "ALWAYS" },
      rollout: { order: "START_FIRST", monitor: 2, drain: 6, deadline: 300 },
    },
  };
}
