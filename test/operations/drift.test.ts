import { expect } from "chai";
import { advanceBulkRebuild } from "../../src/domain/advance-bulk-rebuild.js";
import type { Operation } from "../../src/domain/operation.js";
import { rebuildAffected } from "../../src/domain/rebuild-affected.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { removeService } from "../../src/domain/remove-service.js";
import { restartService } from "../../src/domain/restart-service.js";
import { scaleService } from "../../src/domain/scale-service.js";
import type { Service } from "../../src/domain/service.js";
import { OperationFailure } from "../../src/errors.js";
import type { UpdateSnapshot } from "../../src/events/event-map.js";
import type { ServiceRef } from "../../src/operations/driver.js";
import { Observer } from "../../src/operations/observe.js";
import { actor, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { ScriptedDriver, succeed } from "../support/scripted-driver.js";
import { silent } from "../support/silent.js";
import { Workshop } from "../support/workshop.js";

const image = (after: string) => ({ path: ["image"], before: "shop:1", after, secret: false });
const replicas = { path: ["replicas"], before: "1", after: "4", secret: false };
const env = (level: string) => [{ name: "LEVEL", kind: "STATIC", value: level }];

describe("drift", () => {
  const database = testDatabase();
  const observers: Observer[] = [];
  let shop: Workshop;
  let number = 0;
  let recipe: string;
  let service: Service;
  let ref: ServiceRef;

  before(async () => {
    shop = await Workshop.open(database);
    await shop.catalog.environment("DEV");
  });
  after(() => shop.close());

  beforeEach(async () => {
    recipe = `recipe-${++number}`;
    const { driver } = shop.catalog;
    driver.script = succeed;
    driver.scaling = async () => ({ verdict: "SUCCEEDED", cause: null });
    driver.byHand = [];
    driver.comparedWith.length = 0;
    await shop.catalog.recipe(recipe, { env: env("info") });
    const made = await shop.catalog.deploy({ environment: "DEV", recipe, name: recipe });
    service = made.service;
    await shop.ended(made.operation);
    const { id: serviceId, environmentId, name } = service;
    ref = { serviceId, environmentId, environment: "DEV", name, adopted: null };
    observe();
  });
  afterEach(async () => {
    await Promise.all(observers.splice(0).map((observer) => observer.close()));
  });

  function observe(): Observer {
    const { transactions, secretBox, drivers } = shop.catalog;
    const observer = new Observer({ transactions, secretBox, drivers, hostId, log: silent });
    observers.push(observer);
    return observer;
  }
  const driver = () => shop.catalog.driver;
  /** Has every observer look, and waits until they have. */
  async function look(): Promise<void> {
    for (const observer of observers) {
      observer.look(driver(), ref);
    }
    await looked();
  }
  async function looked(): Promise<void> {
    await Promise.all(observers.map((each) => each.idle()));
  }
  async function byHand(...changes: ReturnType<typeof image>[]): Promise<void> {
    driver().byHand = changes;
    await look();
  }
  const told = async () =>
    (await shop.catalog.events())
      .filter(({ type, payload }) => type.startsWith("UPDATE_") && payload.serviceId === service.id)
      .map(({ type, payload }) => {
        const { reasons, drift } = payload as UpdateSnapshot;
        return [type, reasons.join(), drift?.map(({ after }) => after).join() ?? null];
      });
  const reasons = async () => (await shop.update(service))?.reasons;
  const operate = (verb: typeof restartService) =>
    shop.catalog.run((tx) => verb(tx, { service: service.id }, actor));
  const rebuild = () =>
    shop.catalog.run((tx) => rebuildService(tx, { service: service.id }, actor, shop.catalog.drivers));
  /** Lets the driver's work wait until it is told. */
  function gate(fails = false): () => void {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    driver().script = async (target, report, current) => {
      await opened;
      if (fails) {
        throw new OperationFailure("APP_EXITED", "It ended.");
      }
      return succeed(target, report, current);
    };
    return open;
  }

  it("is an Update of its own, of the kind UPGRADE, told once however often it is seen", async () => {
    observe();
    observe();
    await byHand(image("shop:2"), replicas);
    await look();
    expect(await told()).to.deep.equal([["UPDATE_AVAILABLE", "DRIFT", "shop:2,4"]]);
    const update = (await shop.update(service))!;
    expect(update).to.deep.include({ reasons: ["DRIFT"], drift: [image("shop:2"), replicas] });
    expect([update.from_revision, update.to_revision]).to.deep.equal([1, 1]);
    const [asked] = driver().comparedWith;
    expect([asked!.stamp.operationId, asked!.spec.env]).to.deep.equal([
      (await shop.service(service)).deployed_operation_id,
      [{ name: "LEVEL", value: ["info"] }],
    ]);
  });

  it("is told again, and unread, when it becomes another one, and withdrawn when it is undone by hand", async () => {
    await byHand(image("shop:2"));
    const before = (await shop.update(service))!;
    await shop.sql("update service_update set read_at = now() where id = $1", [before.id]);
    await byHand(image("shop:2"));
    expect((await shop.update(service))!.read_at).not.to.equal(null);
    await byHand(image("shop:3"));
    const after = (await shop.update(service))!;
    expect([after.id, after.read_at]).to.deep.equal([before.id, null]);
    await byHand();
    expect(await shop.update(service)).to.equal(undefined);
    expect(await told()).to.deep.equal([
      ["UPDATE_AVAILABLE", "DRIFT", "shop:2"],
      ["UPDATE_AVAILABLE", "DRIFT", "shop:3"],
      ["UPDATE_RESOLVED", "DRIFT", "shop:3"],
    ]);
    expect((await shop.service(service)).drift).to.equal(null);
  });

  it("stands beside other reasons and goes without them", async () => {
    await byHand(image("shop:2"));
    await shop.catalog.bump(recipe, { spec: { env: env("debug") } });
    expect(await reasons()).to.deep.equal(["RECIPE", "DRIFT"]);
    await byHand();
    expect(await reasons()).to.deep.equal(["RECIPE"]);
    await byHand(image("shop:2"));
    await shop.catalog.bump(recipe, { spec: { env: env("info") } });
    expect(await reasons()).to.deep.equal(["DRIFT"]);
  });

  it("goes with the rebuild or restart that takes it back, in its transaction, and not with one that fails", async () => {
    for (const verb of [rebuild, () => operate(restartService)]) {
      await byHand(image("shop:2"));
      driver().script = async () => {
        throw new OperationFailure("APP_EXITED", "It ended.");
      };
      expect((await shop.ended(await verb())).state).to.equal("FAILED");
      expect(await reasons()).to.deep.equal(["DRIFT"]);
      driver().script = succeed;
      const operation = await verb();
      await shop.ended(operation);
      expect(await shop.update(service)).to.equal(undefined);
      const last = (await shop.catalog.events()).slice(-3);
      expect(last.map(({ type }) => type)).to.include.members(["UPDATE_RESOLVED", "OPERATION_CHANGED"]);
    }
  });

  it("outlives a scaling, which leaves the other replicas alone, and is looked at once more after it", async () => {
    await byHand(replicas, image("shop:2"));
    driver().byHand = [image("shop:2")];
    const scale = await shop.catalog.run((tx) =>
      scaleService(tx, { service: service.id, replicas: 3 }, actor),
    );
    await shop.ended(scale);
    expect(await reasons()).to.deep.equal(["DRIFT"]);
    observers[0]!.operationEnded(service.id);
    await looked();
    expect((await shop.update(service))!.drift).to.deep.equal([image("shop:2")]);
    expect(driver().comparedWith.at(-1)!.replicas).to.equal(3);
  });

  it("is not looked for while an operation changes the service, but when it has ended", async () => {
    const open = gate();
    const operation = await rebuild();
    await eventually(() => driver().replaced.some(({ target }) => target.stamp.operationId === operation.id));
    await byHand(image("half of the new one"));
    expect([driver().comparedWith, await told()]).to.deep.equal([[], []]);
    open();
    await shop.ended(operation);
    driver().byHand = [image("shop:2")];
    observers[0]!.operationEnded(service.id);
    await looked();
    expect(await told()).to.deep.equal([["UPDATE_AVAILABLE", "DRIFT", "shop:2"]]);
  });

  it("is not withdrawn by what an operation has made of it for a moment", async () => {
    await byHand(image("shop:2"));
    const open = gate();
    const operation = await rebuild();
    await eventually(() => driver().replaced.some(({ target }) => target.stamp.operationId === operation.id));
    await byHand();
    expect(await reasons()).to.deep.equal(["DRIFT"]);
    open();
    await shop.ended(operation);
    expect(await shop.update(service)).to.equal(undefined);
  });

  it("that an operation has come in between of is not believed", async () => {
    const { drift } = driver();
    const answers: (() => void)[] = [];
    driver().drift = async () => {
      if (answers.length > 0) {
        return [];
      }
      await new Promise<void>((resolve) => answers.push(resolve));
      return [image("of an operation")];
    };
    try {
      driver().byHand = [image("of an operation")];
      observers[0]!.look(driver(), ref);
      await eventually(() => answers.length === 1);
      await shop.ended(await operate(restartService));
      driver().byHand = [];
      observers[0]!.operationEnded(service.id);
      answers[0]!();
      await looked();
    } finally {
      driver().drift = drift;
    }
    expect(await told()).to.deep.equal([]);
  });

  it("is none of a service that was never deployed, or is removed", async () => {
    driver().script = async () => {
      throw new OperationFailure("APP_EXITED", "It ended.");
    };
    const made = await shop.catalog.deploy({ environment: "DEV", recipe, name: `never-${number}` });
    await shop.ended(made.operation);
    ref = { ...ref, serviceId: made.service.id, name: made.service.name };
    service = made.service;
    await byHand(image("shop:2"));
    expect(driver().comparedWith).to.deep.equal([]);
    expect(await reasons()).to.deep.equal(["RECIPE"]);
    const removal = await shop.catalog.run((tx) => removeService(tx, { service: service.id }, actor));
    await shop.ended(removal);
    await look();
    expect((await shop.service(service)).drift).to.equal(null);
  });

  it("of a removed service goes with it", async () => {
    await byHand(image("shop:2"));
    const removal = await shop.catalog.run((tx) => removeService(tx, { service: service.id }, actor));
    await shop.ended(removal);
    await look();
    expect((await told()).map(([type]) => type)).to.deep.equal(["UPDATE_AVAILABLE", "UPDATE_RESOLVED"]);
  });

  it("is taken back by a bulk rebuild, which leaves a service held that is", async () => {
    const bulk = async () => {
      const { id } = await shop.catalog.run((tx) =>
        rebuildAffected(tx, {}, [{ sql: "t.service_id = ?", values: [service.id] }], actor),
      );
      await shop.catalog.run((tx) => advanceBulkRebuild(tx, id, shop.catalog.drivers));
      const [operation] = await shop.sql<Operation>("select * from operation where bulk_rebuild_id = $1", [
        id,
      ]);
      expect((await shop.ended(operation!)).state).to.equal("SUCCEEDED");
      return operation!.kind;
    };
    await byHand(image("shop:2"));
    expect(await bulk()).to.equal("REBUILD");
    expect(await shop.update(service)).to.equal(undefined);
    await shop.catalog.bump(recipe, { spec: { env: env("debug") } });
    await shop.ended(
      await shop.catalog.run((tx) =>
        rebuildService(tx, { service: service.id, revision: 1 }, actor, shop.catalog.drivers),
      ),
    );
    await byHand(image("shop:2"));
    expect(await reasons()).to.deep.equal(["DRIFT"]);
    expect(await bulk()).to.equal("RESTART");
    const { deployed_revision, held_at, drift } = await shop.service(service);
    expect([deployed_revision, held_at === null, drift]).to.deep.equal([1, false, null]);
    expect(await shop.update(service)).to.equal(undefined);
  });

  it("is asked for when the engine says so, or has nothing of the service any more, and not otherwise", async () => {
    const { observed } = driver();
    const { deployed_operation_id: operationId } = await shop.service(service);
    driver().observed = { ...observed, fingerprint: "f", operationId };
    await look();
    expect(driver().comparedWith).to.deep.equal([]);
    driver().observed = { ...observed, state: "STOPPED" };
    const { drift } = driver();
    driver().drift = async () => [{ path: ["service"], before: "deployed", after: null, secret: false }];
    await look();
    driver().drift = drift;
    expect(await reasons()).to.deep.equal(["DRIFT"]);
    driver().observed = { ...observed, state: "UNKNOWN" };
    await look();
    expect(await reasons()).to.deep.equal(["DRIFT"]);
    driver().observed = observed;
    await look();
    expect(await shop.update(service)).to.equal(undefined);
  });

  describe("where the engine has what another operation had put there", () => {
    const { observed, drift } = new ScriptedDriver();
    const seen = (operationId: string | null, ...told: ReturnType<typeof image>[]) => {
      driver().observed = { ...observed, fingerprint: operationId && "f", operationId };
      driver().drift = async () => told;
    };
    afterEach(() => Object.assign(driver(), { observed, drift }));

    it("is told, though the engine calls nothing of it changed, until that is undone", async () => {
      const { deployed_operation_id: first } = await shop.service(service);
      await shop.ended(await rebuild());
      seen(first!, image("shop:0"));
      await look();
      expect(await told()).to.deep.equal([["UPDATE_AVAILABLE", "DRIFT", "shop:0"]]);
      seen((await shop.service(service)).deployed_operation_id, image("not asked for"));
      await look();
      expect(await shop.update(service)).to.equal(undefined);
    });

    it("is none where the driver finds no difference, as on engines that nobody else changes", async () => {
      seen("opn_other");
      await look();
      expect(await told()).to.deep.equal([]);
    });

    it("is none while that operation is under way, nor once it was undone or has put it there", async () => {
      const { deployed_operation_id: first } = await shop.service(service);
      for (const fails of [true, false]) {
        const open = gate(fails);
        const operation = await rebuild();
        await eventually(() =>
          driver().replaced.some(({ target }) => target.stamp.operationId === operation.id),
        );
        seen(operation.id, image("half of the new one"));
        await look();
        open();
        expect((await shop.ended(operation)).state).to.equal(fails ? "FAILED" : "SUCCEEDED");
        seen(fails ? first! : operation.id, image("not asked for"));
        observers[0]!.operationEnded(service.id);
        await looked();
      }
      expect(await told()).to.deep.equal([]);
    });

    it("is told when the operation has ended during which somebody rolled back", async () => {
      const open = gate(true);
      const operation = await rebuild();
      await eventually(() =>
        driver().replaced.some(({ target }) => target.stamp.operationId === operation.id),
      );
      seen("opn_long_ago", image("shop:0"));
      await look();
      expect(await told()).to.deep.equal([]);
      open();
      await shop.ended(operation);
      observers[0]!.operationEnded(service.id);
      await looked();
      expect(await told()).to.deep.equal([["UPDATE_AVAILABLE", "DRIFT", "shop:0"]]);
    });
  });

  it("is kept whatever it holds, and tells no secret", async () => {
    await byHand({ ...image("a\0\ud83d"), before: "x".repeat(100_000) });
    const { drift } = (await shop.update(service))!;
    expect(drift[0].after).to.equal("a\ufffd\ufffd");
    expect(drift[0].before).to.have.length(1_000);
  });

  it("is looked at again at start when it is known, and where the engine cannot be asked it stays", async () => {
    await byHand(image("shop:2"));
    const { inspect } = driver();
    driver().inspect = async () => {
      throw new Error("away");
    };
    await look();
    driver().inspect = inspect;
    expect(await reasons()).to.deep.equal(["DRIFT"]);
    driver().byHand = [];
    await observe().lookAtUntold();
    await looked();
    expect(await shop.update(service)).to.equal(undefined);
  });
});
