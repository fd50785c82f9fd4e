import { expect } from "chai";
import { cancelOperation } from "../../src/domain/cancel-operation.js";
import { fingerprintOf } from "../../src/domain/fingerprint.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { loadSpec } from "../../src/domain/spec-store.js";
import { actor, Catalog } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { codesOf } from "../support/codes.js";

const spec = { env: [{ name: "LEVEL", kind: "STATIC", value: "info" }] };
const louder = { env: [{ name: "LEVEL", kind: "STATIC", value: "debug" }] };

describe("updates", () => {
  const database = testDatabase();
  let catalog: Catalog;
  let number = 0;
  let recipe: string;

  before(async () => {
    catalog = await Catalog.open(database);
    await catalog.environment("DEV", [{ name: "REGION", value: "eu" }]);
    await catalog.environment("PROD", [{ name: "REGION", value: "us" }]);
  });

  beforeEach(async () => {
    recipe = `recipe-${++number}`;
    await catalog.recipe(recipe, spec);
    await catalog.deploy({ environment: "DEV", recipe, name: `one-${number}` });
    await catalog.deploy({ environment: "PROD", recipe, name: `one-${number}`, title: "Лавка" });
    await catalog.settleAsDeployed();
  });

  const updates = async () => {
    const { id } = (
      await catalog.run((tx) => tx.query<{ id: string }>("select id from recipe where name = $1", [recipe]))
    )[0]!;
    return catalog.run((tx) =>
      tx.query<{
        id: string;
        service_id: string;
        reasons: string[];
        from_revision: number;
        to_revision: number;
      }>("select * from service_update where recipe_id = $1 order by service_id", [id]),
    );
  };
  const eventsOf = async (type: string) =>
    (await catalog.events()).filter(
      (event) => event.type === type && "recipe" in event.payload && event.payload.recipe === recipe,
    );

  it("names every service of the recipe, in all environments, in one transaction with the bump", async () => {
    await catalog.bump(recipe, { spec: louder });
    expect((await updates()).map((row) => [row.from_revision, row.to_revision])).to.deep.equal([
      [1, 2],
      [1, 2],
    ]);
    const events = await eventsOf("UPDATE_AVAILABLE");
    expect(events.map((event) => "environment" in event.payload && event.payload.environment)).to.deep.equal([
      "DEV",
      "PROD",
    ]);
  });

  it("raises none for a description, nor for help texts", async () => {
    await catalog.bump(recipe, { description: "better words" });
    await catalog.bump(recipe, { spec: { env: [{ ...spec.env[0], help: "how much is logged" }] } });
    expect(await updates()).to.deep.equal([]);
    expect(await eventsOf("UPDATE_AVAILABLE")).to.deep.equal([]);
  });

  it("raises none for a field the driver does not apply", async () => {
    await catalog.bump(recipe, { spec: { image: { name: "node", tag: "20" } } });
    expect(await updates()).to.deep.equal([]);
  });

  it("withdraws them when the bump is taken back", async () => {
    await catalog.bump(recipe, { spec: louder });
    await catalog.bump(recipe, { spec });
    expect(await updates()).to.deep.equal([]);
    expect(await eventsOf("UPDATE_RESOLVED")).to.have.length(2);
  });

  it("replaces them at a second bump, still against what is deployed, under the same id", async () => {
    await catalog.bump(recipe, { spec: louder });
    const before = await updates();
    await catalog.bump(recipe, { spec: { env: [{ ...spec.env[0], value: "trace" }] } });
    const after = await updates();
    expect(after.map((row) => [row.id, row.from_revision, row.to_revision])).to.deep.equal(
      before.map((row) => [row.id, 1, 3]),
    );
    expect(await eventsOf("UPDATE_AVAILABLE")).to.have.length(4);
  });

  it("tells nothing twice: a bump that changes nothing more only moves the revision", async () => {
    await catalog.bump(recipe, { spec: louder });
    await catalog.bump(recipe, { description: "again" });
    expect((await updates()).map((row) => row.to_revision)).to.deep.equal([3, 3]);
    expect(await eventsOf("UPDATE_AVAILABLE")).to.have.length(2);
  });

  it("names stopped and broken services too", async () => {
    await catalog.run((tx) => tx.query("update service set state = 'STOPPED'"));
    await catalog.bump(recipe, { spec: louder });
    expect(await updates()).to.have.length(2);
  });

  it("raises the first one of a service that never ran when its first deploy has ended", async () => {
    const { operation } = await catalog.deploy({ environment: "DEV", recipe, name: `late-${number}` });
    expect(await updates()).to.deep.equal([]);
    await catalog.run((tx) => cancelOperation(tx, { operation: operation.id }, actor));
    expect((await updates()).map((row) => row.from_revision)).to.deep.equal([null]);
  });

  it("keeps and replaces it while a service that never ran is rebuilt", async () => {
    const { service, operation } = await catalog.deploy({
      environment: "DEV",
      recipe,
      name: `late-${number}`,
    });
    await catalog.run((tx) => cancelOperation(tx, { operation: operation.id }, actor));
    const [first] = await updates();
    await catalog.run((tx) => rebuildService(tx, { service: service.id }, actor, catalog.drivers));
    await catalog.bump(recipe, { spec: louder });
    const second = (await updates()).find(({ id }) => id === first!.id);
    expect(second?.to_revision).to.equal(2);
    expect(await eventsOf("UPDATE_RESOLVED")).to.deep.equal([]);
  });

  it("refuses a stale bump, naming the current revision, and leaves nothing of it", async () => {
    await catalog.bump(recipe, { spec: louder, expectedRevision: 1 });
    const stale = catalog.bump(recipe, { spec, expectedRevision: 1 });
    expect(await codesOf(stale)).to.deep.equal(["CONFLICT"]);
    const [row] = await catalog.run((tx) =>
      tx.query<{ n: string }>("select current_revision as n from recipe where name = $1", [recipe]),
    );
    expect(row?.n).to.equal(2);
  });

  it("lets one of two simultaneous bumps from the same revision through", async () => {
    const both = await Promise.all([
      codesOf(catalog.bump(recipe, { spec: louder, expectedRevision: 1 })),
      codesOf(catalog.bump(recipe, { spec: louder, expectedRevision: 1 })),
    ]);
    expect(both.flat()).to.deep.equal(["CONFLICT"]);
  });

  it("tells of services that lack an input which a bump asks for, and rebuilds none before it is given", async () => {
    const asking = { env: [...spec.env, { name: "KEY", kind: "INPUT", required: true }] };
    await catalog.bump(recipe, { spec: asking });
    const rows = await updates();
    expect(rows.map((row) => row.reasons)).to.deep.equal([["RECIPE"], ["RECIPE"]]);
    expect(
      await codesOf(
        catalog.run((tx) => rebuildService(tx, { service: rows[0]!.service_id }, actor, catalog.drivers)),
      ),
    ).to.deep.equal(["MISSING_INPUT"]);
  });

  it("renders each environment with its own values and each service with its own inputs and source", async () => {
    await catalog.bump(recipe, {
      spec: {
        source: { repository: "https://git.example/shop.git" },
        env: [
          { name: "REGION", kind: "COMPUTED", value: "$REBAKE_VALUE_REGION" },
          { name: "GIVEN", kind: "INPUT" },
        ],
      },
    });
    const inputs = [{ name: "GIVEN", value: "by hand" }];
    await catalog.deploy({
      environment: "DEV",
      recipe,
      name: `own-${number}`,
      inputs,
      source: { branch: "next" },
    });
    await catalog.bump(recipe, { spec: { workingDir: "app" } });
    const rows = await catalog.run((tx) =>
      tx.query<{ id: string; desired_spec: string; desired_fingerprint: string }>(
        `select service.* from service join recipe on recipe.id = recipe_id where recipe.name = $1 order by service.id`,
        [recipe],
      ),
    );
    const specs = await Promise.all(
      rows.map((row) => catalog.run((tx) => loadSpec(tx.manager, row.desired_spec))),
    );
    expect(specs.map((each) => [each.workingDir, each.source?.branch, each.env])).to.deep.equal([
      ["app", "master", [{ name: "REGION", value: ["eu"] }]],
      ["app", "master", [{ name: "REGION", value: ["us"] }]],
      [
        "app",
        "next",
        [
          { name: "GIVEN", value: ["by hand"] },
          { name: "REGION", value: ["eu"] },
        ],
      ],
    ]);
    expect(specs.map(fingerprintOf)).to.deep.equal(rows.map((row) => row.desired_fingerprint));
  });

  it("never misses a service that is deployed while the recipe is bumped", async () => {
    const deploys = Array.from({ length: 8 }, (_, n) =>
      catalog.deploy({ environment: "DEV", recipe, name: `race-${number}-${n}` }),
    );
    await Promise.all([...deploys, catalog.bump(recipe, { spec: louder })]);
    const stale = await catalog.run((tx) =>
      tx.query(
        `select service.name from service join recipe on recipe.id = service.recipe_id
         where recipe.name = $1 and desired_revision <> current_revision`,
        [recipe],
      ),
    );
    expect(stale).to.deep.equal([]);
  });
});
