import { expect } from "chai";
import type { Operation } from "../../src/domain/operation.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { restartService } from "../../src/domain/restart-service.js";
import { rollbackService } from "../../src/domain/rollback-service.js";
import { scaleService } from "../../src/domain/scale-service.js";
import type { Service } from "../../src/domain/service.js";
import { LeaseLost, OperationFailure } from "../../src/errors.js";
import { actor } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { succeed } from "../support/scripted-driver.js";
import { Workshop } from "../support/workshop.js";

const pinned = (digit: string) => `shop:1@sha256:${digit.repeat(64)}`;
const [one, two, three] = ["1", "2", "3"].map(pinned) as [string, string, string];
const env = (level: string) => [{ name: "LEVEL", kind: "STATIC", value: level }];

describe("pinned images", () => {
  const database = testDatabase();
  let shop: Workshop;
  let number = 0;
  let recipe: string;
  let service: Service;
  let deployed: Operation;

  before(async () => {
    shop = await Workshop.open(database);
    await shop.catalog.swarmEnvironment("SWARM");
    await shop.catalog.environment("HERE");
  });
  after(() => shop.close());

  const driver = () => shop.catalog.swarm;
  /** What the tag points at from now on. */
  const push = (image: string | null) => {
    driver().pinning = async () => image;
  };

  beforeEach(async () => {
    recipe = `recipe-${++number}`;
    driver().script = succeed;
    push(one);
    await shop.catalog.recipe(recipe, { image: { name: "shop", tag: "1" }, env: env("info") });
    const made = await shop.catalog.deploy({ environment: "SWARM", recipe, name: recipe });
    service = made.service;
    deployed = made.operation;
    await shop.ended(deployed);
  });

  const rebuild = (input: object = {}) =>
    shop.catalog.run((tx) =>
      rebuildService(tx, { service: service.id, ...input }, actor, shop.catalog.drivers),
    );
  const restart = () => shop.catalog.run((tx) => restartService(tx, { service: service.id }, actor));
  const rollback = (operation: string | null = null) =>
    shop.catalog.run((tx) => rollbackService(tx, { service: service.id, operation }, actor));
  const last = () => driver().replaced.at(-1)!;
  const runs = async () => (await shop.service(service)).deployed_image;
  const kept = async ({ id }: Operation) =>
    (await shop.sql<{ image: string }>("select image from operation where id = $1", [id]))[0]!.image;

  it("are asked for once an operation, handed to the driver and kept with operation and service", async () => {
    const asked = driver().pinned.filter(({ image }) => image.name === "shop").length;
    expect([last().target.image, await kept(deployed), await runs()]).to.deep.equal([one, one, one]);
    push(two);
    const operation = await rebuild();
    const { steps } = await shop.ended(operation);
    expect([last().current!.image, last().target.image]).to.deep.equal([one, two]);
    expect([await kept(operation), await runs()]).to.deep.equal([two, two]);
    expect(driver().pinned.length).to.equal(asked + 1);
    expect(steps[0]).to.include({ detail: `revision 1, image sha256:${"2".repeat(12)}` });
  });

  it("stay what they were for a restart, for other replicas and when a rebuild fails", async () => {
    push(two);
    await shop.ended(await restart());
    expect([last().target.image, await runs()]).to.deep.equal([one, one]);
    await shop.ended(
      await shop.catalog.run((tx) => scaleService(tx, { service: service.id, replicas: 3 }, actor)),
    );
    expect(driver().scaled.at(-1)!.image).to.equal(one);
    driver().script = async () => {
      throw new OperationFailure("APP_EXITED", "It ended.");
    };
    const failed = await rebuild();
    await shop.ended(failed);
    expect([await kept(failed), await runs()]).to.deep.equal([two, one]);
  });

  it("come back exactly with a rollback, wherever their tag points at by then", async () => {
    push(two);
    await shop.ended(await rebuild());
    push(three);
    await shop.ended(await rollback(deployed.id));
    expect([last().target.image, await runs()]).to.deep.equal([one, one]);
  });

  it("make another state to go back to, also when nothing else differs", async () => {
    push(two);
    await shop.ended(await rebuild());
    await shop.ended(await rebuild());
    const back = await rollback();
    expect(back.rollsBackTo).to.equal(deployed.id);
    await shop.ended(back);
    expect(await runs()).to.equal(one);
  });

  it("are pinned anew for an older revision that is asked for", async () => {
    await shop.catalog.bump(recipe, { spec: { env: env("debug") } });
    await shop.ended(await rebuild());
    push(two);
    await shop.ended(await rebuild({ revision: 1 }));
    expect([last().target.image, await runs()]).to.deep.equal([two, two]);
  });

  it("stay what the journal says when another server goes on", async () => {
    let claims = 0;
    driver().script = async (target, report, current) => {
      if (++claims === 1) {
        push(three);
        // As a server that died: whoever claims next goes on.
        await shop.sql("update operation set lease_until = 'epoch' where id = $1", [
          target.stamp.operationId,
        ]);
        throw new LeaseLost(target.stamp.operationId);
      }
      return succeed(target, report, current);
    };
    push(two);
    const operation = await rebuild();
    expect((await shop.ended(operation)).state).to.equal("SUCCEEDED");
    expect([claims, last().target.image, await runs()]).to.deep.equal([2, two, two]);
  });

  it("that cannot be had end the operation before anything is replaced", async () => {
    const before = driver().replaced.length;
    driver().pinning = async () => {
      throw new OperationFailure("IMAGE_NOT_FOUND", "There is no shop:1.");
    };
    const { state, cause, steps } = await shop.ended(await rebuild());
    expect([state, cause!.code, steps[0]!.state]).to.deep.equal(["FAILED", "IMAGE_NOT_FOUND", "FAILED"]);
    expect([driver().replaced.length, await runs()]).to.deep.equal([before, one]);
  });

  it("that take long are given up when the operation is cancelled", async () => {
    let asked = false;
    driver().pinning = (_image, signal) => {
      asked = true;
      return new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
      );
    };
    const operation = await rebuild();
    await eventually(() => asked);
    await shop.sql("update operation set cancel_requested_by = 'me' where id = $1", [operation.id]);
    expect((await shop.ended(operation)).state).to.equal("CANCELLED");
  });

  it("are nothing to drivers that ignore images, and need no digest", async () => {
    const before = driver().pinned.length + shop.catalog.driver.pinned.length;
    const here = await shop.catalog.deploy({ environment: "HERE", recipe, name: recipe });
    const { steps } = await shop.ended(here.operation);
    expect(steps[0]).to.include({ detail: "revision 1" });
    expect(shop.catalog.driver.replaced.at(-1)!.target.image).to.equal(null);
    expect(driver().pinned.length + shop.catalog.driver.pinned.length).to.equal(before);
    push("shop:1");
    const operation = await rebuild();
    expect((await shop.ended(operation)).steps[0]).to.include({ detail: "revision 1" });
    expect(await runs()).to.equal("shop:1");
  });
});
