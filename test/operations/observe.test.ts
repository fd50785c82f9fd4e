import { expect } from "chai";
import type { ServiceRef } from "../../src/operations/driver.js";
import { Observer } from "../../src/operations/observe.js";
import { Transactions } from "../../src/storage/transaction.js";
import { Catalog, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { silent } from "../support/silent.js";

/** Fails as often as it is told to. */
class Failing extends Transactions {
  failures = 0;

  override commit: Transactions["commit"] = (...given) =>
    this.failures-- > 0 ? Promise.reject(new Error("no database")) : super.commit(...given);
}

describe("the state of a service", () => {
  const database = testDatabase();
  let catalog: Catalog;
  let ref: ServiceRef;

  before(async () => {
    catalog = await Catalog.open(database);
    await catalog.environment("DEV");
    await catalog.recipe("shop", { command: ["node", "server.js"] });
    const { service } = await catalog.deploy({ environment: "DEV", recipe: "shop", name: "shop" });
    ref = {
      serviceId: service.id,
      environmentId: service.environmentId,
      environment: "DEV",
      name: "shop",
      adopted: null,
    };
  });

  const state = async () =>
    (await catalog.transactions.dataSource.query("select state from service"))[0].state;

  it("is written once the database takes it again, though nothing changes any more", async () => {
    const transactions = new Failing(catalog.transactions.dataSource);
    const observer = new Observer({ ...catalog, transactions, hostId, log: silent });
    transactions.failures = 2;
    catalog.driver.observed = { ...catalog.driver.observed, state: "DEGRADED" };
    catalog.driver.changed(ref);
    await eventually(async () => (await state()) === "DEGRADED", { what: "the state is written" });
    await observer.close();
  });

  it("is looked for no more once the server stops", async () => {
    const transactions = new Failing(catalog.transactions.dataSource);
    const observer = new Observer({ ...catalog, transactions, hostId, log: silent });
    transactions.failures = 1_000;
    catalog.driver.changed(ref);
    await observer.close();
    const tried = transactions.failures;
    catalog.driver.changed(ref);
    await observer.close();
    expect(transactions.failures).to.equal(tried);
  });
});
