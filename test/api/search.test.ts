import { expect } from "chai";
import fc from "fast-check";
import { textQuery } from "../../src/api/search.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

/** What might mean something to PostgreSQL's text search, or to SQL. */
const operators = fc.constantFrom(
  "'",
  "''",
  "\\",
  ":*",
  ":",
  "&",
  "|",
  "!",
  "<->",
  "(",
  ")",
  "*",
  "\0",
  "--",
  ";",
  "$1",
  "?",
);
const text = fc
  .array(
    fc.oneof(
      operators,
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom("заказы", "Ünï", "日本", "a", "1e5", "\ud83d"),
    ),
  )
  .map((parts) => parts.join(""));

describe("search", () => {
  const database = testDatabase();
  const api = apiServer(database);

  before(async () => {
    const { catalog } = api.current;
    await catalog.environment("DEV");
    await catalog.recipe("node-service");
    await catalog.recipe("web-shop-2");
    const deploy = (name: string, recipe: string, more = {}) =>
      catalog.deploy({ environment: "DEV", recipe, name, ...more });
    await deploy("order-intake", "node-service", { title: "Приём Заказов", group: "Shop/Backend" });
    await deploy("catalog", "web-shop-2", { title: "Ordner_verwalten" });
    await catalog.settleAsDeployed();
    for (const recipe of ["node-service", "web-shop-2"]) {
      await catalog.bump(recipe, { spec: { workingDir: "/srv" } });
    }
  });

  const find = async (list: string, search: string, name: string): Promise<string[]> => {
    const query = `query ($search: String) { found: ${list}(filter: { search: $search }) { edges { node { ${name} } } } }`;
    const { found } = await api.current.query(query, { search });
    return found.edges.map(({ node }: Json) => (node.service ?? node).name);
  };
  const services = (search: string) => find("services", search, "name");

  it("finds services whose words begin with all words, in any case, order and script", async () => {
    for (const search of [
      "order",
      "ORDER",
      "intake ord",
      "order-intake",
      "in",
      "заказ",
      "ПРИЁМ зак",
      "backend shop",
      "shop/back",
    ]) {
      expect(await services(search), search).to.deep.equal(["order-intake"]);
    }
    expect(await services("ord")).to.deep.equal(["order-intake", "catalog"]);
    expect(await services("verw")).to.deep.equal(["catalog"]);
    for (const search of ["rder", "order catalog", "заказы", "orders"]) {
      expect(await services(search), search).to.deep.equal([]);
    }
  });

  it("restricts nothing without a word", async () => {
    for (const search of ["", "  ", "-", "!&|", "'':*"]) {
      expect(await services(search), search).to.have.lengthOf(2);
    }
  });

  it("finds recipes by their own words, Updates and operations by those of their service", async () => {
    expect(await find("recipes", "serv", "name")).to.deep.equal(["node-service"]);
    expect(await find("recipes", "2 web", "name")).to.deep.equal(["web-shop-2"]);
    expect(await find("updates", "приём", "service { name }")).to.deep.equal(["order-intake"]);
    expect(await find("operations", "cat", "service { name }")).to.deep.equal(["catalog"]);
    expect(await find("updates", "cat order", "service { name }")).to.deep.equal([]);
  });

  it("takes every text there is", async () => {
    const { dataSource } = api.current.catalog.transactions;
    await fc.assert(
      fc.asyncProperty(text, async (search) => {
        const query = textQuery(search);
        if (query !== null) {
          await dataSource.query("select 1 from service where search @@ to_tsquery('simple', $1)", [query]);
        }
      }),
      { numRuns: 1_000 },
    );
    await fc.assert(
      fc.asyncProperty(text, async (search) => {
        expect(await services(search)).to.be.an("array");
      }),
      { numRuns: 50 },
    );
    expect(await services("x".repeat(5_000))).to.deep.equal([]);
    expect(await services("order ".repeat(5_000))).to.deep.equal(["order-intake"]);
  });
});
