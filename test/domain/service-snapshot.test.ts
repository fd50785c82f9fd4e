import { expect } from "chai";
import { removeService } from "../../src/domain/remove-service.js";
import { scaleService } from "../../src/domain/scale-service.js";
import type { Service } from "../../src/domain/service.js";
import { OperationFailure } from "../../src/errors.js";
import type { ServiceSnapshot } from "../../src/events/event-map.js";
import { actor } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { Workshop } from "../support/workshop.js";

describe("what is told of a service", () => {
  const database = testDatabase();
  let shop: Workshop;

  before(async () => {
    shop = await Workshop.open(database);
    await shop.catalog.environment("DEV");
    await shop.catalog.recipe("shop", { source: { repository: "https://git.example/shop.git" } });
  });
  after(() => shop.close());

  const told = async ({ id }: Service) =>
    (await shop.catalog.events())
      .filter(({ type, payload }) => type === "SERVICE_CHANGED" && payload.serviceId === id)
      .map(({ payload }) => payload as ServiceSnapshot)
      .map(({ revision, commit, replicas, removed }) => [revision, commit?.[0], replicas, removed]);

  it("is how it is after each thing that changed it, and that it is gone at last", async () => {
    shop.heads.set("master", "a".repeat(40));
    const { service, operation } = await shop.catalog.deploy({
      ...{ environment: "DEV", recipe: "shop", name: "orders", replicas: 2 },
    });
    await shop.ended(operation);
    const scale = (replicas: number) =>
      shop.catalog.run((tx) => scaleService(tx, { service: service.id, replicas }, actor));
    await shop.ended(await scale(3));
    shop.catalog.driver.scaling = async () => {
      throw new OperationFailure("APP_EXITED", "Instance 4 ended.");
    };
    await shop.ended(await scale(4));
    await shop.ended(await shop.catalog.run((tx) => removeService(tx, { service: service.id }, actor)));
    expect(await told(service)).to.deep.equal([
      [null, undefined, 2, false],
      [1, "a", 2, false],
      [1, "a", 3, false],
      [1, "a", 3, true],
    ]);
  });
});
