import { expect } from "chai";
import type { Operation } from "../../src/domain/operation.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { restartService } from "../../src/domain/restart-service.js";
import { rollbackService } from "../../src/domain/rollback-service.js";
import { scaleService } from "../../src/domain/scale-service.js";
import type { Service } from "../../src/domain/service.js";
import { OperationFailure } from "../../src/errors.js";
import { actor } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { succeed } from "../support/scripted-driver.js";
import { Workshop } from "../support/workshop.js";

const [one, two] = ["a".repeat(40), "b".repeat(40)];
const env = (level: string) => [{ name: "LEVEL", kind: "STATIC", value: level }];

describe("restarting and scaling", () => {
  const database = testDatabase();
  let shop: Workshop;
  let number = 0;
  let recipe: string;
  let service: Service;
  let deployed: Operation;

  before(async () => {
    shop = await Workshop.open(database);
    await shop.catalog.environment("DEV");
  });
  after(() => shop.close());

  beforeEach(async () => {
    recipe = `recipe-${++number}`;
    shop.heads.set("main", one);
    shop.catalog.driver.script = succeed;
    shop.catalog.driver.scaling = async () => ({ verdict: "SUCCEEDED", cause: null });
    const source = { repository: `https://git.example/${recipe}.git`, branch: "main" };
    await shop.catalog.recipe(recipe, { source, env: env("info") });
    const made = await shop.catalog.deploy({ environment: "DEV", recipe, name: recipe });
    service = made.service;
    deployed = made.operation;
    await shop.ended(deployed);
  });

  const rebuild = () =>
    shop.catalog.run((tx) => rebuildService(tx, { service: service.id }, actor, shop.catalog.drivers));
  const rollback = (operation: string) =>
    shop.catalog.run((tx) => rollbackService(tx, { service: service.id, operation }, actor));
  const bump = (level: string) => shop.catalog.bump(recipe, { spec: { env: env(level) } });
  const lastTarget = () => shop.catalog.driver.replaced.at(-1)!.target;
  const runs = () =>
    Object.fromEntries(lastTarget().spec.env.map(({ name, value }) => [name, value.join("")]));

  it("restarts just what runs, whatever should run", async () => {
    await bump("debug");
    shop.heads.set("main", two);
    const restart = await shop.catalog.run((tx) => restartService(tx, { service: service.id }, actor));
    expect((await shop.ended(restart)).state).to.equal("SUCCEEDED");
    expect([runs().LEVEL, lastTarget().commit, lastTarget().stamp.operationId]).to.deep.equal([
      "info",
      one,
      restart.id,
    ]);
    expect((await shop.update(service))!.reasons).to.deep.equal(["RECIPE"]);
    expect((await shop.service(service)).deployed_operation_id).to.equal(restart.id);
  });

  it("scales what runs, keeps the number for later, and forgets it when it fails", async () => {
    const scale = (replicas: number) =>
      shop.catalog.run((tx) => scaleService(tx, { service: service.id, replicas }, actor));
    expect((await shop.ended(await scale(5))).state).to.equal("SUCCEEDED");
    const [target] = shop.catalog.driver.scaled.slice(-1);
    expect([target!.replicas, target!.stamp, target!.commit]).to.deep.equal([
      5,
      // By the fence a driver knows whether another server may have begun with it.
      { operationId: deployed.id, fence: 1 },
      one,
    ]);
    await shop.ended(await rebuild());
    expect(lastTarget().replicas).to.equal(5);
    shop.catalog.driver.scaling = async () => {
      throw new OperationFailure("APP_EXITED", "Instance 6 ended.");
    };
    expect((await shop.ended(await scale(6))).state).to.equal("FAILED");
    expect((await shop.service(service)).replicas).to.equal(5);
    await shop.ended(await scale(5));
    expect(shop.catalog.driver.scaledFrom.slice(-3)).to.deep.equal([1, 5, 5]);
  });

  it("lets a scaling and a restart wait beside a rebuild, and supersedes only what a newer one makes pointless", async () => {
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    shop.catalog.driver.script = async (target, report, current) => {
      await gate;
      return succeed(target, report, current);
    };
    const running = await rebuild();
    await eventually(async () =>
      shop.catalog.driver.replaced.some(({ target }) => target.stamp.operationId === running.id),
    );
    const scale = (replicas: number) =>
      shop.catalog.run((tx) => scaleService(tx, { service: service.id, replicas }, actor));
    const [four, restart, three, waiting, last] = [
      await scale(4),
      await shop.catalog.run((tx) => restartService(tx, { service: service.id }, actor)),
      await scale(3),
      await rebuild(),
      await rollback(deployed.id),
    ];
    go();
    const states = [];
    for (const operation of [running, four, restart, three, waiting, last]) {
      states.push((await shop.ended(operation)).state);
    }
    expect(states).to.deep.equal([
      "SUCCEEDED",
      "SUPERSEDED",
      "SUPERSEDED",
      "SUCCEEDED",
      "SUPERSEDED",
      "SUCCEEDED",
    ]);
    expect((await shop.service(service)).replicas).to.equal(3);
  });
});
