import { expect } from "chai";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { openEvents } from "../../src/events/open-events.js";
import { openOperations } from "../../src/operations/open-operations.js";
import { Shutdown } from "../../src/shutdown.js";
import { actor, Catalog, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { succeed } from "../support/scripted-driver.js";
import { silent } from "../support/silent.js";

describe("a server's operations", () => {
  const shutdown = new Shutdown(silent);
  // Registered first, to run before the database goes.
  after(() => shutdown.run());
  const database = testDatabase();
  let catalog: Catalog;

  before(async () => {
    catalog = await Catalog.open(database);
    const { transactions } = catalog;
    const connection = { connectionString: database.url };
    const events = await openEvents(
      { transactions, connection, retentionDays: 7, notify: true, log: silent },
      shutdown,
    );
    await openOperations(
      {
        ...{ ...catalog, hostId, events, log: silent, leaseSeconds: 10, concurrency: 2, checkSeconds: 0 },
        resolveCommit: async () => "a".repeat(40),
      },
      shutdown,
    );
    await catalog.environment("DEV");
    await catalog.recipe("shop");
  });

  const row = async (id: string) =>
    (
      await catalog.run((tx) => tx.query<Record<string, any>>("select * from service where id = $1", [id]))
    )[0]!;
  const reasons = async (id: string) =>
    (
      await catalog.run((tx) =>
        tx.query<{ reasons: string[] }>("select reasons from service_update where service_id = $1", [id]),
      )
    )[0]?.reasons;

  it("have an adopted service looked at as soon as it is there", async () => {
    const { driver } = catalog;
    driver.foreignServices = [
      {
        ...{ name: "old", image: null, mode: "REPLICATED", replicas: 3, running: 3, installation: null },
        createdAt: new Date(),
      },
    ];
    driver.observed = { ...driver.observed, state: "DEGRADED" };
    const { id, state } = await catalog.adopt({
      ...{ environment: "DEV", engineName: "old", recipe: "shop", name: "adopted" },
    });
    expect(state).to.equal("RUNNING");
    await eventually(async () => (await row(id)).state === "DEGRADED");
    const asked = driver.inspected.filter(({ serviceId }) => serviceId === id);
    expect(asked.map(({ adopted }) => adopted)).to.deep.equal(["old"]);
  });

  it("look for what was changed by hand while one ran when that one has ended", async () => {
    const { driver } = catalog;
    const { service } = await catalog.deploy({ environment: "DEV", recipe: "shop", name: "orders" });
    await eventually(async () => (await row(service.id)).deployed_spec !== null);
    const { id: serviceId, environmentId, name } = service;
    driver.byHand = [{ path: ["image"], before: "shop:1", after: "shop:2", secret: false }];
    driver.script = async (target, report, current) => {
      const before = driver.inspected.length;
      driver.changed({ serviceId, environmentId, environment: "DEV", name, adopted: null });
      await eventually(() => driver.inspected.length > before);
      expect(await reasons(serviceId)).to.equal(undefined);
      return succeed(target, report, current);
    };
    await catalog.run((tx) => rebuildService(tx, { service: serviceId }, actor, catalog.drivers));
    expect(await eventually(() => reasons(serviceId))).to.deep.equal(["DRIFT"]);
    expect(driver.comparedWith.length).to.be.greaterThan(0);
    expect(driver.comparedWith[0]!.stamp.operationId).to.equal((await row(serviceId)).deployed_operation_id);
  });
});
