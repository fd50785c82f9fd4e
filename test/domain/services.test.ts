import { expect } from "chai";
import { cancelOperation } from "../../src/domain/cancel-operation.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { removeService } from "../../src/domain/remove-service.js";
import { actor, Catalog } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { codesOf } from "../support/codes.js";

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
      catalog.run((tx) =>
        rebuildService(tx, { service: service.id, idempotencyKey }, actor, catalog.drivers),
      );
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
    const rebuild = catalog.run((tx) => rebuildService(tx, { service: service.id }, actor, catalog.drivers));
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
