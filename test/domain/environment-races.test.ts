import { expect } from "chai";
import { bumpRecipe } from "../../src/domain/bump-recipe.js";
import { deleteEnvironment } from "../../src/domain/delete-environment.js";
import { deployService } from "../../src/domain/deploy-service.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { setServiceInputs } from "../../src/domain/set-service-inputs.js";
import { loadSpec } from "../../src/domain/spec-store.js";
import { updateEnvironment } from "../../src/domain/update-environment.js";
import type { Transaction } from "../../src/storage/transaction.js";
import { actor, Catalog } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { codesOf } from "../support/codes.js";
import { someoneWaits, uncommitted } from "../support/transactions.js";

const plain = { env: [{ name: "TITLE", kind: "INPUT", default: "Shop" }] };
const usesRegion = {
  env: [...plain.env, { name: "REGION", kind: "COMPUTED", value: "$REBAKE_VALUE_REGION" }],
};

describe("an environment that changes while others work with it", () => {
  const database = testDatabase();
  let catalog: Catalog;
  let number = 0;
  let code: string;
  let recipe: string;

  before(async () => {
    catalog = await Catalog.open(database);
  });

  beforeEach(async () => {
    [code, recipe] = [`ENV-${++number}`, `recipe-${number}`];
    await catalog.environment(code, [{ name: "REGION", value: "eu" }]);
  });

  const deploy = (name: string) => (tx: Transaction) =>
    deployService(tx, { environment: code, recipe, name }, actor, catalog);
  const bump = (spec: object) => (tx: Transaction) =>
    bumpRecipe(tx, { recipe, spec }, actor, catalog.drivers);
  const region = (value: string) => (tx: Transaction) =>
    updateEnvironment(tx, { environment: code, values: [{ name: "REGION", value }] }, catalog);
  const remove = (tx: Transaction) => deleteEnvironment(tx, { environment: code });

  /** What each service should run: revision, title and region. */
  async function desired(): Promise<unknown[]> {
    const { dataSource } = catalog.transactions;
    const rows = await dataSource.query(
      `select desired_revision as revision, desired_spec as spec from service
       where environment_id = (select id from environment where code = $1) order by id`,
      [code],
    );
    const found: unknown[] = [];
    for (const { revision, spec } of rows) {
      const { env } = await loadSpec(dataSource.manager, spec);
      found.push([revision, ...env.map(({ value }) => value[0])]);
    }
    return found;
  }

  /** Does the first, then the second, which has to wait until the first has committed. */
  async function inTurn<A, B>(
    first: (tx: Transaction) => Promise<A>,
    second: (tx: Transaction) => Promise<B>,
  ): Promise<B> {
    const open = await uncommitted(catalog, first);
    const waiting = catalog.run(second);
    waiting.catch(() => {});
    await someoneWaits(catalog);
    await open.commit();
    return waiting;
  }

  it("loses nothing when a bump comes first that begins to use the value", async () => {
    await catalog.recipe(recipe, plain);
    await catalog.run(deploy("one"));
    await inTurn(bump(usesRegion), region("us"));
    expect(await desired()).to.deep.equal([[2, "us", "Shop"]]);
  });

  it("loses nothing when a bump comes second that begins to use the value", async () => {
    await catalog.recipe(recipe, plain);
    await catalog.run(deploy("one"));
    await inTurn(region("us"), bump(usesRegion));
    expect(await desired()).to.deep.equal([[2, "us", "Shop"]]);
  });

  it("loses nothing when bumps, values and inputs change at random", async () => {
    await catalog.recipe(recipe, usesRegion);
    const { service } = await catalog.run(deploy("one"));
    await catalog.run(deploy("two"));
    for (let n = 1; n <= 8; n++) {
      const inputs = { service: service.id, inputs: [{ name: "TITLE", value: `title ${n}` }] };
      await Promise.all([
        catalog.run(bump({ workingDir: `dir-${n}` })),
        catalog.run(region(`region ${n}`)),
        catalog.run((tx) => setServiceInputs(tx, inputs, catalog)),
      ]);
      expect(await desired()).to.deep.equal([
        [n + 1, `region ${n}`, `title ${n}`],
        [n + 1, `region ${n}`, "Shop"],
      ]);
    }
  });

  it("gives a service that is deployed meanwhile the new value", async () => {
    await catalog.recipe(recipe, usesRegion);
    await inTurn(region("us"), deploy("one"));
    await inTurn(deploy("two"), region("asia"));
    expect(await desired()).to.deep.equal([
      [1, "asia", "Shop"],
      [1, "asia", "Shop"],
    ]);
  });

  it("keeps nobody waiting who asks for a rebuild of a service that does not use the value", async () => {
    await catalog.recipe(recipe, plain);
    const { service } = await catalog.run(deploy("one"));
    await catalog.settleAsDeployed();
    const open = await uncommitted(catalog, region("us"));
    const rebuild = { service: service.id };
    const { state } = await catalog.run((tx) => rebuildService(tx, rebuild, actor, catalog.drivers));
    expect(state).to.equal("QUEUED");
    await open.commit();
  });

  it("lets one of two services publish a port that are deployed at once", async () => {
    await catalog.recipe(recipe, { ports: [{ name: "http", target: 80, published: 8080 }] });
    expect(await codesOf(inTurn(deploy("one"), deploy("two")))).to.deep.equal(["PORT_TAKEN"]);
  });

  it("is not deleted under a service that is being deployed", async () => {
    await catalog.recipe(recipe, plain);
    expect(await codesOf(inTurn(deploy("one"), remove))).to.deep.equal(["IN_USE"]);
  });

  it("takes no service once it is being deleted", async () => {
    await catalog.recipe(recipe, plain);
    expect(await codesOf(inTurn(remove, deploy("one")))).to.deep.equal(["NOT_FOUND"]);
  });
});
