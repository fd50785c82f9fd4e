import { type AdoptServiceInput, adoptService } from "../../src/domain/adopt-service.js";
import { bumpRecipe } from "../../src/domain/bump-recipe.js";
import { type CreateEnvironmentInput, createEnvironment } from "../../src/domain/create-environment.js";
import { createRecipe } from "../../src/domain/create-recipe.js";
import { type DeployServiceInput, deployService } from "../../src/domain/deploy-service.js";
import type { Drivers } from "../../src/domain/drivers.js";
import { entities } from "../../src/domain/entities.js";
import type { LoggedEvent } from "../../src/events/event-map.js";
import type { DriverKind } from "../../src/operations/driver.js";
import { openSecretBox, type SecretBox } from "../../src/storage/secrets.js";
import { type Transaction, Transactions } from "../../src/storage/transaction.js";
import type { TestDatabase } from "./cluster.js";
import { ScriptedDriver } from "./scripted-driver.js";

export const actor = { tokenId: "tok_test", name: "Алиса" };
export const hostId = "host-1";
type SwarmInput = CreateEnvironmentInput["swarm"];
type KubernetesInput = CreateEnvironmentInput["kubernetes"];

/** A database with scripted drivers, and the verbs as one-liners. */
export class Catalog {
  readonly driver = new ScriptedDriver();
  readonly swarm = new ScriptedDriver("SWARM");
  readonly kubernetes = new ScriptedDriver("KUBERNETES");
  readonly drivers: Drivers = new Map<DriverKind, ScriptedDriver>([
    ["PROCESS", this.driver],
    ["SWARM", this.swarm],
    ["KUBERNETES", this.kubernetes],
  ]);

  private constructor(
    readonly transactions: Transactions,
    readonly secretBox: SecretBox,
  ) {}

  static async open(database: TestDatabase): Promise<Catalog> {
    const { dataSource } = await database.open(entities);
    const secretBox = await openSecretBox({ home: "unused", key: Buffer.alloc(32, 7) });
    return new Catalog(new Transactions(dataSource), secretBox);
  }

  run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.transactions.run(work);
  }

  environment(code: string, values: { name: string; value: string }[] = []) {
    const input = { code, driver: "PROCESS" as const, values };
    return this.run((tx) => createEnvironment(tx, input, { hostId, ...this }));
  }

  swarmEnvironment(code: string, swarm: SwarmInput = { host: "unix:///run/engine" }) {
    const input = { code, driver: "SWARM" as const, swarm };
    return this.run((tx) => createEnvironment(tx, input, { hostId, ...this }));
  }

  kubernetesEnvironment(code: string, kubernetes: KubernetesInput = { inCluster: true, namespace: "shop" }) {
    const input = { code, driver: "KUBERNETES" as const, kubernetes };
    return this.run((tx) => createEnvironment(tx, input, { hostId, ...this }));
  }

  recipe(name: string, spec: unknown = {}) {
    return this.run((tx) => createRecipe(tx, { name, spec }, actor));
  }

  bump(recipe: string, change: { spec?: unknown; expectedRevision?: number; description?: string }) {
    return this.run((tx) => bumpRecipe(tx, { recipe, ...change }, actor, this.drivers));
  }

  deploy(input: DeployServiceInput) {
    return this.run((tx) => deployService(tx, input, actor, this));
  }

  adopt(input: AdoptServiceInput) {
    return this.run(async (tx) => adoptService(tx, input, await this.driver.foreign(), this));
  }

  /** What the driver is taken to have deployed: the desired state, as after a good first deploy. */
  async settleAsDeployed(): Promise<void> {
    await this.transactions.dataSource.query(
      `update operation set state = 'SUCCEEDED', finished_at = now() where state in ('QUEUED', 'RUNNING')`,
    );
    await this.transactions.dataSource.query(
      `update service set deployed_fingerprint = desired_fingerprint, deployed_spec = desired_spec, deployed_revision = desired_revision,
         deployed_operation_id = 'opn_test'`,
    );
  }

  async events(): Promise<LoggedEvent[]> {
    const rows = await this.transactions.dataSource.query(
      "select cursor, type, payload, at from event order by cursor",
    );
    return rows.map((row: { cursor: string }) => ({ ...row, cursor: BigInt(row.cursor) }));
  }

  updates(): Promise<
    { service_id: string; from_revision: number | null; to_revision: number; id: string }[]
  > {
    return this.transactions.dataSource.query("select * from service_update order by id");
  }
}
