import { expect } from "chai";
import { cancelOperation } from "../../src/domain/cancel-operation.js";
import { fingerprintOf } from "../../src/domain/fingerprint.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { removeService } from "../../src/domain/remove-service.js";
import { loadSpec } from "../../src/domain/spec-store.js";
import { UserInputError, UserInputErrors } from "../../src/errors.js";
import { actor, Catalog } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";

const spec = { env: [{ name: "LEVEL", kind: "STATIC", value: "info" }] };
const louder = { env: [{ name: "LEVEL", kind: "STATIC", value: "debug" }] };

async function codesOf(work: Promise<unknown>): Promise<string[]> {
  try {
    await work;
  } catch (error) {
    if (error instanceof UserInputErrors) {
      return error.errors.map((each) => each.code);
    }
    if (error instanceof UserInputError) {
      return [error.code];
    }
    throw error;
  }
  return [];
}

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
      tx.query<{ id: string; from_revision: number; to_revision: number }>(
        "select * from service_update where recipe_id = $1 order by service_id",
        [id],
      ),
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
    await catalog.run((tx) => rebuildService(tx, { service: service.id }, actor));
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

  it("refuses a bump that asks for an input no service has, naming the services", async () => {
    const asking = { env: [...spec.env, { name: "KEY", kind: "INPUT", required: true }] };
    const message = await catalog.bump(recipe, { spec: asking }).catch((error) => error.message);
    expect(message).to.contain(`DEV/one-${number}`).and.to.contain("KEY");
    expect(await updates()).to.deep.equal([]);
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

describe("deploying, rebuilding and removing", () => {
  const database = testDatabase();
  let catalog: Catalog;

  before(async () => {
    catalog = await Catalog.open(database);
    await catalog.environment("DEV");
    await catalog.recipe("shop", {
      env: [
        { name: "TITLE", kind: "INPUT", required: true },
        { name: "KEY", kind: "SECRET" },
      ],
    });
    await catalog.recipe("fixed", { ports: [{ name: "http", target: 80, published: 8080 }] });
  });

  const deploy = (name: string, more: object = {}) =>
    catalog.deploy({
      environment: "DEV",
      recipe: "shop",
      name,
      inputs: [{ name: "TITLE", value: "a=b\nЛавка" }],
      ...more,
    });

  it("keeps a secret as ciphertext and nowhere else", async () => {
    const secret = "s3cr3t-value";
    const { service } = await deploy("with-secret", {
      inputs: [
        { name: "TITLE", value: "x" },
        { name: "KEY", value: secret },
      ],
    });
    expect(JSON.stringify(service)).not.to.contain(secret);
    const tables = ["service", "service_secret", "rendered_base", "input_set", "operation", "event"];
    for (const table of tables) {
      const rows = await catalog.run((tx) => tx.query(`select t::text as row from ${table} t`));
      expect(JSON.stringify(rows))
        .not.to.contain(secret)
        .and.not.to.contain(Buffer.from(secret).toString("hex"));
    }
  });

  const refused: [string, object, string[]][] = [
    ["a required input that is missing", { inputs: [] }, ["MISSING_INPUT"]],
    [
      "inputs the recipe does not ask for",
      {
        inputs: [
          { name: "A", value: "" },
          { name: "B", value: "" },
        ],
      },
      ["UNKNOWN_INPUT", "UNKNOWN_INPUT"],
    ],
    [
      "an input given twice",
      {
        inputs: [
          { name: "TITLE", value: "" },
          { name: "TITLE", value: "" },
        ],
      },
      ["INVALID"],
    ],
    ["a value with a NUL", { inputs: [{ name: "TITLE", value: "a\0" }] }, ["INVALID"]],
    ["half an emoji in a title", { title: "a\ud83d" }, ["INVALID"]],
    ["a NUL in a group", { group: "a\0" }, ["INVALID"]],
    ["an environment that no database could have", { environment: "\0" }, ["NOT_FOUND"]],
    ["an unknown environment", { environment: "NOPE" }, ["NOT_FOUND"]],
    ["an unknown recipe", { recipe: "nope" }, ["NOT_FOUND"]],
    ["a name that is no DNS label", { name: "Shop_1" }, ["INVALID"]],
    ["a name of 10,000 characters", { name: "a".repeat(10_000) }, ["INVALID"]],
    ["a name in Cyrillic", { name: "лавка" }, ["INVALID"]],
    ["too many replicas", { replicas: 100_000 }, ["INVALID"]],
    ["a branch that would be an option", { source: { branch: "--upload-pack=x" } }, ["INVALID"]],
    ["an empty idempotency key", { idempotencyKey: "" }, ["INVALID"]],
  ];
  for (const [what, input, codes] of refused) {
    it(`refuses ${what} and leaves nothing half-made`, async () => {
      const before = await counts();
      expect(await codesOf(deploy("refused", input))).to.deep.equal(codes);
      expect(await counts()).to.deep.equal(before);
    });
  }

  async function counts() {
    return catalog.run((tx) =>
      tx.query(
        `select (select count(*) from service) as services, (select count(*) from operation) as operations,
           (select count(*) from service_secret) as secrets, (select count(*) from event) as events`,
      ),
    );
  }

  it("gives the same service and operation for the same idempotency key, and refuses the name otherwise", async () => {
    const first = await deploy("twice", { idempotencyKey: "k" });
    const second = await deploy("twice", { idempotencyKey: "k" });
    expect(second.operation.id).to.equal(first.operation.id);
    expect(await codesOf(deploy("twice"))).to.deep.equal(["NAME_TAKEN"]);
    expect(await codesOf(deploy("twice", { idempotencyKey: "other" }))).to.deep.equal(["NAME_TAKEN"]);
  });

  it("gives them to simultaneous requests with one key, and when the service was removed since", async () => {
    const request = { idempotencyKey: "k" };
    const answers = await Promise.all([1, 2, 3].map(() => deploy("at-once", request)));
    const [first] = answers;
    expect(new Set(answers.map(({ operation }) => operation.id)).size).to.equal(1);
    await catalog.run((tx) =>
      tx.query("update service set removed_at = now() where id = $1", [first!.service.id]),
    );
    expect((await deploy("at-once", request)).operation.id).to.equal(first!.operation.id);
    expect((await deploy("at-once")).service.id).not.to.equal(first!.service.id);
  });

  it("repeats a removal that has ended for its key, and takes a key for one kind of operation only", async () => {
    const { service } = await deploy("keys", { idempotencyKey: "deploy" });
    const remove = (idempotencyKey?: string) =>
      catalog.run((tx) => removeService(tx, { service: service.id, idempotencyKey }, actor));
    expect(await codesOf(remove("deploy"))).to.deep.equal(["CONFLICT"]);
    const { id } = await remove("remove");
    await catalog.run((tx) => tx.query("update service set removed_at = now() where id = $1", [service.id]));
    await catalog.run((tx) => tx.query("update operation set state = 'SUCCEEDED' where id = $1", [id]));
    expect((await remove("remove")).id).to.equal(id);
    expect(await codesOf(remove())).to.deep.equal(["NOT_FOUND"]);
  });

  it("lets one of two simultaneous deploys of a name through", async () => {
    const codes = await Promise.all([codesOf(deploy("same")), codesOf(deploy("same"))]);
    expect(codes.flat()).to.deep.equal(["NAME_TAKEN"]);
  });

  it("refuses a port that another service publishes, at deploy and at bump", async () => {
    await catalog.deploy({ environment: "DEV", recipe: "fixed", name: "first" });
    const second = catalog.deploy({ environment: "DEV", recipe: "fixed", name: "second" });
    expect(await codesOf(second)).to.deep.equal(["PORT_TAKEN"]);
    await catalog.recipe("free", { ports: [{ name: "http", target: 80 }] });
    await catalog.deploy({ environment: "DEV", recipe: "free", name: "third" });
    const bump = catalog.bump("free", { spec: { ports: [{ name: "http", target: 80, published: 8080 }] } });
    expect(await codesOf(bump)).to.deep.equal(["PORT_TAKEN"]);
  });

  it("keeps one waiting operation: a newer rebuild supersedes the older, a key repeats it", async () => {
    const { service, operation } = await deploy("queued");
    const rebuild = (idempotencyKey?: string) =>
      catalog.run((tx) => rebuildService(tx, { service: service.id, idempotencyKey }, actor));
    const one = await rebuild("a");
    const two = await rebuild("b");
    expect((await rebuild("a")).id).to.equal(one.id);
    const states = await catalog.run((tx) =>
      tx.query("select state, cause->>'code' as cause from operation where service_id = $1 order by id", [
        service.id,
      ]),
    );
    expect(states).to.deep.equal([
      { state: "SUPERSEDED", cause: "SUPERSEDED_BY_NEWER" },
      { state: "SUPERSEDED", cause: "SUPERSEDED_BY_NEWER" },
      { state: "QUEUED", cause: null },
    ]);
    expect(operation.id).not.to.equal(two.id);
  });

  it("cancels what waits at once, and refuses to cancel what has ended or never was", async () => {
    const { operation } = await deploy("cancelled");
    const cancel = (id: string) => catalog.run((tx) => cancelOperation(tx, { operation: id }, actor));
    expect((await cancel(operation.id)).state).to.equal("CANCELLED");
    expect(await codesOf(cancel(operation.id))).to.deep.equal(["OPERATION_ENDED"]);
    expect(await codesOf(cancel("opn_nope"))).to.deep.equal(["NOT_FOUND"]);
  });

  it("takes no rebuild of a service that is about to be removed", async () => {
    const { service } = await deploy("going");
    await catalog.run((tx) => removeService(tx, { service: service.id }, actor));
    const rebuild = catalog.run((tx) => rebuildService(tx, { service: service.id }, actor));
    expect(await codesOf(rebuild)).to.deep.equal(["CONFLICT"]);
  });

  it("removes a service once, however often it is asked to", async () => {
    const { service } = await deploy("gone-once");
    const remove = () => catalog.run((tx) => removeService(tx, { service: service.id }, actor));
    const removals = await Promise.all([remove(), remove(), remove()]);
    expect(new Set(removals.map(({ id }) => id)).size).to.equal(1);
    expect(removals[2]!.state).to.equal("QUEUED");
  });
});
