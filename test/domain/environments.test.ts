import { expect } from "chai";
import { deleteEnvironment } from "../../src/domain/delete-environment.js";
import { loadSpec } from "../../src/domain/spec-store.js";
import { type UpdateEnvironmentInput, updateEnvironment } from "../../src/domain/update-environment.js";
import { Catalog } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { codesOf, messagesOf } from "../support/codes.js";

const usesRegion = {
  env: [
    { name: "REGION", kind: "COMPUTED", value: "in $REBAKE_VALUE_REGION" },
    { name: "TITLE", kind: "INPUT", default: "Shop" },
  ],
};

describe("environments", () => {
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
    await catalog.environment(code, [
      { name: "REGION", value: "eu" },
      { name: "OTHER", value: "1" },
    ]);
    await catalog.recipe(recipe, usesRegion);
    await catalog.recipe(`plain-${number}`);
  });

  const deploy = (name: string, more: object = {}) =>
    catalog.deploy({ environment: code, recipe, name, ...more });
  const update = (input: Omit<UpdateEnvironmentInput, "environment">) =>
    catalog.run((tx) => updateEnvironment(tx, { environment: code, ...input }, catalog));
  const remove = () => catalog.run((tx) => deleteEnvironment(tx, { environment: code }));
  const region = (value: string) => ({ values: [{ name: "REGION", value }] });
  const query = (sql: string) => catalog.transactions.dataSource.query(sql, [code]);
  const raised = () =>
    query(`select service.name, reasons from service_update
      join service on service.id = service_id join environment on environment.id = service.environment_id
      where code = $1 order by service.id`);
  const regions = async () => {
    const rows = await query(`select name, desired_spec as spec from service
      where environment_id = (select id from environment where code = $1) order by id`);
    const specs: [string, unknown][] = [];
    for (const { name, spec } of rows) {
      const { env } = await loadSpec(catalog.transactions.dataSource.manager, spec);
      specs.push([name, env.find((variable) => variable.name === "REGION")?.value[0]]);
    }
    return Object.fromEntries(specs);
  };

  it("raise an Update with the reason ENVIRONMENT for services that use a value, and for no others", async () => {
    await deploy("one");
    await deploy("two", { inputs: [{ name: "TITLE", value: "Zwei" }] });
    await catalog.deploy({ environment: code, recipe: `plain-${number}`, name: "plain" });
    await catalog.settleAsDeployed();
    const events = (await catalog.events()).length;
    await update(region("us"));
    expect(await raised()).to.deep.equal([
      { name: "one", reasons: ["ENVIRONMENT"] },
      { name: "two", reasons: ["ENVIRONMENT"] },
    ]);
    expect((await catalog.events()).slice(events).map(({ type }) => type)).to.deep.equal([
      "UPDATE_AVAILABLE",
      "UPDATE_AVAILABLE",
    ]);
    await update({ values: [{ name: "OTHER", value: "2" }], description: "for trying" });
    expect(await catalog.events()).to.have.length(events + 2);
  });

  it("withdraw the Updates when a value is taken back", async () => {
    await deploy("one");
    await catalog.settleAsDeployed();
    await update(region("us"));
    await update(region("eu"));
    expect(await raised()).to.deep.equal([]);
    expect((await catalog.events()).at(-1)?.type).to.equal("UPDATE_RESOLVED");
  });

  it("set values that are named, keep the others and their places, and take away what is not used", async () => {
    const set = [
      { name: "NEW", value: "=\n✓" },
      { name: "REGION", value: "us" },
    ];
    const { values } = await update({ values: set, unsetValues: ["OTHER", "NEVER_WAS"] });
    expect(values).to.deep.equal([set[1], set[0]]);
    const { description, values: same } = await update({ description: "für alle" });
    expect([description, same]).to.deep.equal(["für alle", values]);
    expect((await update({ description: null, values: null, unsetValues: null })).description).to.equal(
      "für alle",
    );
  });

  it("keep a value that recipes refer to, naming recipe and services", async () => {
    for (const name of ["a", "b", "c", "d", "e", "f"]) {
      await deploy(name);
    }
    const refusal = update({ unsetValues: ["REGION"], description: "gone" });
    expect(await messagesOf(refusal)).to.deep.equal([
      `Recipe ${recipe} refers to $REBAKE_VALUE_REGION in ${code} (a, b, c, d, e and 1 more): take it out of the recipe first, or give it another value.`,
    ]);
    expect((await raised()).length).to.equal(0);
    expect((await query("select description from environment where code = $1"))[0].description).to.equal("");
  });

  it("name services too whose specs are of a version that did not say which values they use", async () => {
    await deploy("old");
    await query(`with old as (
        insert into rendered_base (hash, content) select 'old-' || hash, content - 'values' from rendered_base returning hash)
      update service set desired_spec = 'old-' || desired_spec
      where environment_id = (select id from environment where code = $1)`);
    const refusal = update({ unsetValues: ["REGION"] });
    expect((await messagesOf(refusal)).join())
      .to.include(`${code}/old`)
      .and.to.include("REGION");
    await catalog.settleAsDeployed();
    await update(region("us"));
    expect(await regions()).to.deep.equal({ old: "in us" });
  });

  const malformed: [string, Omit<UpdateEnvironmentInput, "environment">][] = [
    ["a name that is no identifier", { values: [{ name: "no-name", value: "" }] }],
    ["a value named twice", { values: [region("a"), region("b")].flatMap(({ values }) => values) }],
    ["a value set and taken away at once", { ...region("us"), unsetValues: ["REGION"] }],
    ["a NUL character", region("\0")],
    [
      "more than 500 values",
      { values: Array.from({ length: 499 }, (_, n) => ({ name: `N${n}`, value: "" })) },
    ],
  ];
  for (const [what, input] of malformed) {
    it(`take no ${what}`, async () => {
      expect(await codesOf(update(input))).to.deep.equal(["INVALID"]);
    });
  }

  it("are not found when they never were or are gone", async () => {
    await remove();
    expect(await codesOf(remove())).to.deep.equal(["NOT_FOUND"]);
    expect(await codesOf(update(region("us")))).to.deep.equal(["NOT_FOUND"]);
    expect(await codesOf(deploy("late"))).to.deep.equal(["NOT_FOUND"]);
  });

  it("leave a held service held, at its own revision with the new value", async () => {
    await deploy("held");
    await catalog.settleAsDeployed();
    await query(
      "update service set held_at = now() where environment_id = (select id from environment where code = $1)",
    );
    await catalog.bump(recipe, { description: "renders the same" });
    await update(region("us"));
    const held = await query(`select desired_revision as revision, held_at is not null as held from service
      where environment_id = (select id from environment where code = $1)`);
    expect(held).to.deep.equal([{ revision: 1, held: true }]);
    expect(await regions()).to.deep.equal({ held: "in us" });
  });

  it("are deleted only when no service is in them, and free their code", async () => {
    const { service } = await deploy("one");
    expect(await messagesOf(remove())).to.deep.equal([
      `Environment ${code} has one in it: remove them first.`,
    ]);
    await catalog.transactions.dataSource.query("update service set removed_at = now() where id = $1", [
      service.id,
    ]);
    const deleted = await remove();
    expect(deleted.deletedAt).to.be.instanceOf(Date);
    const again = await catalog.environment(code);
    expect(again.id).not.to.equal(deleted.id);
    expect(await codesOf(catalog.environment(code))).to.deep.equal(["NAME_TAKEN"]);
  });

  it("change for thousands of services in one go, without a spec for each", async function () {
    this.timeout(120_000);
    const { service } = await deploy("first");
    await catalog.settleAsDeployed();
    const columns = `environment_id, recipe_id, mode, replicas, inputs, desired_revision, desired_spec,
      desired_fingerprint, deployed_revision, deployed_spec, deployed_fingerprint`;
    await catalog.transactions.dataSource.query(
      `insert into service (id, name, ${columns}) select 'svc_' || lpad(n::text, 26, '0'), 'copy-' || n, ${columns}
       from service, generate_series(1, 5000) as n where id = $1`,
      [service.id],
    );
    const bases = () => query("select count(*) from rendered_base where $1 <> ''");
    const before = await bases();
    await update(region("us"));
    const [{ n }] = await query(`select count(*)::int as n from service_update
      where environment_id = (select id from environment where code = $1) and reasons = array['ENVIRONMENT']`);
    expect(n).to.equal(5_001);
    expect(await bases()).to.deep.equal(before);
  });
});
