import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { type Answer, apiServer } from "./api-server.js";

/** A directive is left to graphql-js and Apollo; what it says here makes no difference. */
const slow = (query: string) => query.replace("{", "{ here: __typename @skip(if: true)");

/** Headers that differ from answer to answer. */
const varying = new Set(["date", "x-request-id"]);

function comparable({ status, headers, body }: Answer): unknown {
  const kept = [...headers].filter(([name]) => !varying.has(name));
  return { status, headers: Object.fromEntries(kept), body };
}

describe("fast reads", () => {
  const database = testDatabase();
  const api = apiServer(database);

  before(async () => {
    const { catalog } = api.current;
    await catalog.environment("DEV");
    await catalog.environment("PRD");
    await catalog.recipe("shop");
    await catalog.deploy({ environment: "DEV", recipe: "shop", name: "orders" });
    await catalog.deploy({ environment: "PRD", recipe: "shop", name: "orders" });
  });

  const list =
    "query List { services { totalCount edges { cursor node { id name environment { code } update { id } } } } }";

  /** The same request by both ways. */
  async function both(query: string, more: object = {}, headers: Record<string, string> = {}) {
    const { documents } = api.current.api.edge;
    expect(documents.prepare({ query })).to.have.property("plan").not.equal(null);
    expect(documents.prepare({ query: slow(query) })).to.have.property("plan", null);
    const fast = await api.current.post({ query, ...more }, headers);
    const other = await api.current.post({ query: slow(query), ...more }, headers);
    return { fast: comparable(fast), slow: comparable(other) };
  }

  it("differ in nothing from those that go through Apollo", async () => {
    const accepts = [
      "*/*",
      "application/json",
      "application/graphql-response+json, application/json;q=0.9",
      "text/html",
    ];
    for (const accept of accepts) {
      const answers = await both(list, {}, { accept });
      expect(withoutIds(answers.fast), accept).to.deep.equal(withoutIds(answers.slow));
    }
    const page = "query ($first: Int) { services(first: $first) { edges { node { name } } } }";
    for (const variables of [{ first: 1 }, { first: 1_000 }, { first: "x" }, { first: null }, {}, null]) {
      const answers = await both(page, { variables });
      const told = JSON.stringify(answers);
      expect(withoutIds(answers.fast), told).to.deep.equal(withoutIds(answers.slow));
    }
  });

  it("parse nothing for who has no token", async () => {
    const { documents } = api.current.api.edge;
    const prepare = documents.prepare;
    const prepared: string[] = [];
    documents.prepare = (request) => {
      prepared.push(request.query);
      return prepare.call(documents, request);
    };
    await api.current.post({ query: list }, { authorization: "Bearer nobody" });
    expect(prepared).to.deep.equal([]);
    await api.current.post({ query: list });
    documents.prepare = prepare;
    expect(prepared).to.deep.equal([list]);
  });

  it("see no more than the token may", async () => {
    const token = await api.current.makeToken(["PRD"]);
    const { services } = await api.current.query(list, {}, token);
    expect(services.totalCount).to.equal(1);
    expect(services.edges[0].node.environment.code).to.equal("PRD");
    const { status, body } = await api.current.post({ query: list }, { authorization: "Bearer nobody" });
    expect(status).to.equal(401);
    expect(body.errors[0].extensions.code).to.equal("UNAUTHENTICATED");
  });

  it("are masked when something fails", async () => {
    const { catalog } = api.current;
    const { dataSource } = catalog.transactions;
    await dataSource.query("alter table recipe rename to recipes_gone");
    const { status, body } = await api.current.post({ query: "{ recipes { edges { node { name } } } }" });
    await dataSource.query("alter table recipes_gone rename to recipe");
    expect(status).to.equal(200);
    expect(body.data).to.equal(null);
    expect(body.errors[0].extensions.code).to.equal("INTERNAL");
    expect(JSON.stringify(body)).not.to.include("relation");
    expect((await api.current.query("{ recipes { totalCount } }")).recipes.totalCount).to.equal(1);
  });
});

/** Request ids of errors differ; so does where the document says something. */
function withoutIds(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(answer, (key, value) =>
      ["requestId", "locations", "content-length"].includes(key) ? undefined : value,
    ),
  );
}
