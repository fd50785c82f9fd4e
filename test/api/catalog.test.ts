import { expect } from "chai";
import fc from "fast-check";
import { exportRecipes } from "../../src/domain/export-recipes.js";
import { importRecipe } from "../../src/domain/import-recipe.js";
import type { Transaction } from "../../src/storage/transaction.js";
import { recipeSpec } from "../domain/arbitraries.js";
import { actor } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { someoneWaits, uncommitted } from "../support/transactions.js";
import { apiServer, type Json } from "./api-server.js";

const env = (level: string) => [{ name: "LEVEL", kind: "STATIC", value: level }];

describe("the catalog", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let number = 0;
  let recipe: string;

  async function mutate(name: string, input: object, fields: string, token?: string): Promise<Json> {
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { payload: ${name}(input: $input) { ${fields} } }`;
    return (await api.current.query(query, { input }, token)).payload;
  }
  async function codes(name: string, input: object): Promise<string[]> {
    const { errors } = await mutate(name, input, "errors { code field message }");
    return errors.map((error: Json) => `${error.code} ${error.field?.join(".") ?? ""}`.trim());
  }
  const changed =
    "errors { code message } recipe { name title locked } revision { number message spec { env { value } } }";

  before(() => api.current.catalog.environment("DEV"));
  beforeEach(async () => {
    recipe = `recipe-${++number}`;
    await api.current.catalog.recipe(recipe, { env: env("info") });
  });

  it("copies a recipe, also a locked one, from any revision", async () => {
    await api.current.catalog.bump(recipe, { spec: { env: env("debug") } });
    await api.current.sql("update recipe set locked = true where name = $1", [recipe]);
    const copy = await mutate(
      "copyRecipe",
      { recipe, revision: 1, name: `copy-${number}`, title: "Копия" },
      changed,
    );
    expect(copy).to.deep.equal({
      errors: [],
      recipe: { name: `copy-${number}`, title: "Копия", locked: false },
      revision: {
        number: 1,
        message: `Copied from ${recipe}, revision 1`,
        spec: { env: [{ value: "info" }] },
      },
    });
    expect(await codes("bumpRecipe", { recipe, title: "x" })).to.deep.equal(["LOCKED"]);
    expect(await codes("bumpRecipe", { recipe: `copy-${number}`, title: "x" })).to.deep.equal([]);
    expect(await codes("copyRecipe", { recipe, name: `copy-${number}` })).to.deep.equal(["NAME_TAKEN name"]);
    expect(await codes("copyRecipe", { recipe, revision: 9, name: "new" })).to.deep.equal([
      "NOT_FOUND revision",
    ]);
    expect(await codes("copyRecipe", { recipe: "none", name: "new" })).to.deep.equal(["NOT_FOUND recipe"]);
    expect(await codes("copyRecipe", { recipe, name: "Not a label" })).to.deep.equal(["INVALID name"]);
  });

  it("reverts to an older revision as a new one, which raises and withdraws Updates like a bump", async () => {
    const { catalog } = api.current;
    await catalog.deploy({ environment: "DEV", recipe, name: recipe });
    await catalog.settleAsDeployed();
    await catalog.bump(recipe, { spec: { env: env("debug") } });
    const updates = async () =>
      (
        await api.current.query(
          "query($recipe: String) { updates(filter: { recipe: $recipe }) { totalCount } }",
          { recipe },
        )
      ).updates.totalCount;
    expect(await updates()).to.equal(1);
    const reverted = await mutate("revertRecipe", { recipe, revision: 1, expectedRevision: 2 }, changed);
    expect(reverted.revision).to.deep.equal({
      ...{ number: 3, message: "Back to revision 1", spec: { env: [{ value: "info" }] } },
    });
    expect(await updates()).to.equal(0);
    expect(await codes("revertRecipe", { recipe, revision: 3 })).to.deep.equal(["INVALID revision"]);
    expect(await codes("revertRecipe", { recipe, revision: 8 })).to.deep.equal(["NOT_FOUND revision"]);
    expect(await codes("revertRecipe", { recipe, revision: 2, expectedRevision: 2 })).to.deep.equal([
      "CONFLICT expectedRevision",
    ]);
  });

  it("lets one of two clients at once through", async () => {
    await api.current.catalog.bump(recipe, { spec: { env: env("debug") } });
    const answers = await Promise.all([
      codes("revertRecipe", { recipe, revision: 1, expectedRevision: 2 }),
      codes("bumpRecipe", { recipe, title: "x", expectedRevision: 2 }),
      codes("revertRecipe", { recipe, revision: 1, expectedRevision: 2 }),
    ]);
    expect(answers.map(([code]) => code ?? "done").sort()).to.deep.equal([
      "CONFLICT expectedRevision",
      "CONFLICT expectedRevision",
      "done",
    ]);
  });

  it("archives what nobody uses, and takes it back", async () => {
    const { catalog } = api.current;
    for (let n = 1; n <= 7; n++) {
      await catalog.deploy({ environment: "DEV", recipe, name: `${recipe}-${n}` });
    }
    const { errors } = await mutate("archiveRecipe", { recipe }, "errors { code message }");
    expect(errors[0].code).to.equal("IN_USE");
    expect(errors[0].message).to.contain(`DEV/${recipe}-1`).and.to.contain("and 2 more");
    await api.current.sql("update service set removed_at = now()");
    const archived = await mutate("archiveRecipe", { recipe }, "errors { code } recipe { archivedAt }");
    expect(archived.recipe.archivedAt).to.be.a("string");
    const again = await mutate("archiveRecipe", { recipe }, "recipe { archivedAt }");
    expect(again.recipe).to.deep.equal(archived.recipe);
    expect(await codes("bumpRecipe", { recipe, title: "x" })).to.deep.equal(["ARCHIVED"]);
    expect(await codes("revertRecipe", { recipe, revision: 1 })).to.deep.equal(["ARCHIVED"]);
    expect(await codes("deployService", { environment: "DEV", recipe, name: "x" })).to.deep.equal([
      "ARCHIVED",
    ]);
    const names = async (filter: object) =>
      (
        await api.current.query(
          "query($filter: RecipeFilter) { recipes(filter: $filter, first: 100) { edges { node { name } } } }",
          { filter },
        )
      ).recipes.edges.map((edge: Json) => edge.node.name);
    expect(await names({})).to.not.include(recipe);
    expect(await names({ archived: true })).to.deep.equal([recipe]);
    await mutate("unarchiveRecipe", { recipe }, "errors { code }");
    expect(await names({})).to.include(recipe);
    await api.current.sql("update recipe set locked = true where name = $1", [recipe]);
    expect(await codes("archiveRecipe", { recipe })).to.deep.equal(["LOCKED recipe"]);
    expect(await codes("archiveRecipe", { recipe: "none" })).to.deep.equal(["NOT_FOUND recipe"]);
    expect(await codes("unarchiveRecipe", { recipe: "none" })).to.deep.equal(["NOT_FOUND recipe"]);
  });

  const exported = async (recipes: string[] | null): Promise<Json> =>
    (
      await api.current.query(
        "query($recipes: [String!]) { exportRecipes(recipes: $recipes) { document errors { code field } } }",
        { recipes },
      )
    ).exportRecipes;
  const imported =
    "errors { code field message } cursor imported { outcome recipe { name title } revision { number message } }";

  it("exports what can be imported: new, changed, or the same", async () => {
    await api.current.catalog.bump(recipe, { description: "Кухня" });
    const { document } = await exported([recipe]);
    expect(JSON.parse(document)).to.deep.equal({
      format: "rebake-catalog/1",
      recipes: [
        {
          ...{
            name: recipe,
            title: null,
            type: "SERVICE",
            subtype: null,
            description: "Кухня",
            locked: false,
          },
          spec: { env: [{ name: "LEVEL", kind: "STATIC", value: "info", required: false }] },
        },
      ],
    });
    const outcomes = async (text: string) =>
      (await mutate("importRecipe", { document: text, message: "from git" }, imported)).imported?.map(
        (one: Json) => `${one.recipe.name} ${one.outcome} ${one.revision.number}`,
      );
    expect(await outcomes(document)).to.deep.equal([`${recipe} UNCHANGED 2`]);
    expect(await outcomes(document.replace('"info"', '"debug"'))).to.deep.equal([`${recipe} BUMPED 3`]);
    expect(await outcomes(document.replaceAll(recipe, `new-${number}`))).to.deep.equal([
      `new-${number} CREATED 1`,
    ]);
    for (const wrong of ["none", "nul\u0000", "\ud800"]) {
      const { errors } = await exported([recipe, wrong]);
      expect(errors).to.deep.equal([{ code: "NOT_FOUND", field: ["recipes"] }]);
    }
  });

  it("imports all or nothing, and says what is wrong where", async () => {
    const { document } = await exported([recipe]);
    const good = JSON.parse(document);
    const send = (value: unknown) =>
      codes("importRecipe", { document: typeof value === "string" ? value : JSON.stringify(value) });
    expect(await send("{ not json")).to.deep.equal(["INVALID document"]);
    expect(await send({ ...good, format: "rebake-catalog/2" })).to.deep.equal(["INVALID document.format"]);
    expect(await send({ ...good, recipes: [] })).to.deep.equal(["INVALID document.recipes"]);
    expect(await send({ ...good, recipes: [good.recipes[0], good.recipes[0]] })).to.deep.equal([
      "INVALID document.recipes.1.name",
    ]);
    const bad = { ...good.recipes[0], name: "bad", spec: { ports: [{ name: "http", target: 0 }] } };
    const fresh = { ...good.recipes[0], name: "fresh" };
    expect(await send({ ...good, recipes: [fresh, bad] })).to.deep.equal([
      "INVALID document.recipes.1.spec.ports.0.target",
    ]);
    await api.current.sql("update recipe set locked = true where name = $1", [recipe]);
    const locked = { ...good.recipes[0], locked: true, title: "other" };
    expect(await send({ ...good, recipes: [fresh, locked] })).to.deep.equal(["LOCKED document.recipes.1"]);
    const { recipe: found } = await api.current.query('{ recipe(name: "fresh") { name } }');
    expect(found).to.equal(null);
  });

  it("is imported by two at once as by one after the other", async () => {
    const { catalog } = api.current;
    const { document } = await exported([recipe]);
    const fresh = { document: document.replaceAll(recipe, `both-${number}`) };
    const importIt = (tx: Transaction) => importRecipe(tx, fresh, actor, catalog.drivers);
    const first = await uncommitted(catalog, importIt);
    const second = catalog.run(importIt);
    await someoneWaits(catalog);
    const outcomes = [await first.commit(), await second].map(([one]) => one!.outcome);
    expect(outcomes).to.deep.equal(["CREATED", "UNCHANGED"]);
  });

  it("has at most as many recipes in an export as can be imported", async () => {
    await api.current.sql(
      `insert into recipe (id, name, type, description, locked, current_revision)
       select 'many_' || n, 'many-' || n, 'SERVICE', '', false, 1 from generate_series(1, 1001) n`,
    );
    expect((await exported(null)).errors).to.deep.equal([{ code: "TOO_LARGE", field: ["recipes"] }]);
    await api.current.sql("delete from recipe where id like 'many%'");
    expect((await exported(null)).errors).to.deep.equal([]);
  });

  it("is the same after it was exported, imported and exported again", async () => {
    const { catalog } = api.current;
    await fc.assert(
      fc.asyncProperty(recipeSpec, async (spec) => {
        const name = `any-${++number}`;
        await catalog.recipe(name, spec);
        const first = await catalog.run((tx) => exportRecipes(tx, [name]));
        await api.current.sql("update recipe set name = name || '-old' where name = $1", [name]);
        const [made] = await catalog.run((tx) =>
          importRecipe(tx, { document: first }, actor, catalog.drivers),
        );
        expect(made!.outcome).to.equal("CREATED");
        expect(await catalog.run((tx) => exportRecipes(tx, [name]))).to.equal(first);
        const [again] = await catalog.run((tx) =>
          importRecipe(tx, { document: first }, actor, catalog.drivers),
        );
        expect(again!.outcome).to.equal("UNCHANGED");
      }),
      { numRuns: 30 },
    );
  });

  it("is for tokens that may change everything", async () => {
    const token = await api.current.makeToken(["DEV"]);
    for (const [name, input] of [
      ["copyRecipe", { recipe, name: "x" }],
      ["revertRecipe", { recipe, revision: 1 }],
      ["archiveRecipe", { recipe }],
      ["unarchiveRecipe", { recipe }],
      ["importRecipe", { document: "{}" }],
    ] as const) {
      const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
      const query = `mutation ($input: ${type}!) { ${name}(input: $input) { errors { code } } }`;
      expect((await api.current.error(query, { input }, token)).extensions.code, name).to.equal("FORBIDDEN");
    }
  });
});
