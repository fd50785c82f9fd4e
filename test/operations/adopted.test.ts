import { expect } from "chai";
import { forgetService } from "../../src/domain/forget-service.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { removeService } from "../../src/domain/remove-service.js";
import { scaleService } from "../../src/domain/scale-service.js";
import type { Service } from "../../src/domain/service.js";
import { OperationFailure } from "../../src/errors.js";
import { Observer } from "../../src/operations/observe.js";
import { actor, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { succeed } from "../support/scripted-driver.js";
import { silent } from "../support/silent.js";
import { Workshop } from "../support/workshop.js";

describe("adopted services", () => {
  const database = testDatabase();
  const observers: Observer[] = [];
  let shop: Workshop;
  let number = 0;
  let service: Service;

  before(async () => {
    shop = await Workshop.open(database);
    await shop.catalog.environment("DEV");
    await shop.catalog.recipe("shop", { command: ["node", "server.js"] });
  });
  after(() => shop.close());

  beforeEach(async () => {
    const engineName = `old_orders_${++number}`;
    const { driver } = shop.catalog;
    driver.script = succeed;
    driver.byHand = [];
    driver.inspected.length = 0;
    driver.observed = { ...driver.observed, state: "RUNNING" };
    driver.foreignServices = [
      { ...{ name: engineName, image: null, mode: "REPLICATED" as const, replicas: 3, running: 3 } },
    ].map((each) => ({ ...each, createdAt: new Date(), installation: null }));
    const name = `orders-${number}`;
    service = await shop.catalog.adopt({ environment: "DEV", engineName, recipe: "shop", name });
  });
  afterEach(async () => {
    await Promise.all(observers.splice(0).map((observer) => observer.close()));
  });

  function observer(host = hostId): Observer {
    const { transactions, secretBox, drivers } = shop.catalog;
    const made = new Observer({ transactions, secretBox, drivers, hostId: host, log: silent });
    observers.push(made);
    return made;
  }
  const rebuild = () =>
    shop.catalog.run((tx) => rebuildService(tx, { service: service.id }, actor, shop.catalog.drivers));
  const looked = async (many: number) => {
    await Promise.all(observers.map((each) => each.idle()));
    expect(shop.catalog.driver.inspected.filter(({ serviceId }) => serviceId === service.id)).to.have.length(
      many,
    );
  };

  it("are taken over by their first rebuild under the engine's name, with the replicas they had", async () => {
    const operation = await rebuild();
    expect((await shop.ended(operation)).state).to.equal("SUCCEEDED");
    const { current, target } = shop.catalog.driver.replaced.at(-1)!;
    expect(current).to.equal(null);
    expect(target.ref).to.deep.include({ name: service.name, adopted: service.adopted });
    expect([target.replicas, operation.kind, operation.fromRevision]).to.deep.equal([3, "REBUILD", null]);
    expect(await shop.update(service)).to.equal(undefined);
    const scale = await shop.catalog.run((tx) =>
      scaleService(tx, { service: service.id, replicas: 4 }, actor),
    );
    expect((await shop.ended(scale)).state).to.equal("SUCCEEDED");
    expect(shop.catalog.driver.scaled.at(-1)!.ref.adopted).to.equal(service.adopted);
  });

  it("keep their Update and can be given back when that fails", async () => {
    shop.catalog.driver.script = async () => {
      throw new OperationFailure("APP_EXITED", "It ended.");
    };
    expect((await shop.ended(await rebuild())).state).to.equal("FAILED");
    expect((await shop.update(service))!.reasons).to.deep.equal(["RECIPE"]);
    await shop.catalog.run((tx) => forgetService(tx, { service: service.id }));
    expect(await shop.update(service)).to.equal(undefined);
  });

  it("are removed from the engine as any other", async () => {
    const removal = await shop.catalog.run((tx) => removeService(tx, { service: service.id }, actor));
    expect((await shop.ended(removal)).state).to.equal("SUCCEEDED");
    expect(shop.catalog.driver.removed.at(-1)).to.deep.include({ adopted: service.adopted });
    expect(await shop.update(service)).to.equal(undefined);
  });

  it("are looked at once when they are adopted, and at a start before their first rebuild", async () => {
    const first = observer();
    shop.catalog.driver.observed = { ...shop.catalog.driver.observed, state: "DEGRADED" };
    first.adopted(service.id);
    first.adopted(service.id);
    await eventually(async () => (await shop.service(service)).state === "DEGRADED");
    await looked(1);
    expect(shop.catalog.driver.inspected.at(-1)).to.deep.equal({
      ...{ serviceId: service.id, environmentId: service.environmentId, environment: "DEV" },
      ...{ name: service.name, adopted: service.adopted },
    });
    await observer().lookAtUntold();
    await looked(2);
    await shop.ended(await rebuild());
    await observer().lookAtUntold();
    await looked(2);
  });

  it("of another host are left to its server", async () => {
    const other = observer("host-2");
    other.adopted(service.id);
    await other.lookAtUntold();
    await looked(0);
  });
});
