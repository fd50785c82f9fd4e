import { expect } from "chai";
import { createLog } from "../../src/log.js";
import { testDatabase } from "../support/cluster.js";
import { ApiServer, apiServer } from "./api-server.js";

describe("errors", () => {
  const database = testDatabase();
  const lines: string[] = [];
  const log = createLog(
    { logLevel: "debug", logFormat: "json" },
    { write: (line: string) => void lines.push(line) },
  );
  const api = apiServer(database, { log });

  beforeEach(() => {
    lines.length = 0;
  });

  it("masks what it did not expect, and logs it under the requestId that it tells", async () => {
    await api.current.sql("alter table recipe rename column subtype to hidden");
    const error = await api.current.error('{ recipes(filter: { subtype: "x" }) { totalCount } }');
    await api.current.sql("alter table recipe rename column hidden to subtype");
    expect(error.extensions.code).to.equal("INTERNAL");
    expect(error.message).to.equal(
      `The server failed; its log has the details under ${error.extensions.requestId}.`,
    );
    expect(Object.keys(error.extensions).sort()).to.deep.equal(["code", "requestId"]);
    const logged = lines.map((line) => JSON.parse(line)).find((entry) => entry.msg === "a request failed");
    expect(logged.requestId).to.equal(error.extensions.requestId);
    expect(logged.err.message).to.include("subtype");
  });

  it("masks values that do not fit the schema", async () => {
    const { catalog } = api.current;
    await catalog.environment("DEV");
    await catalog.recipe("shop");
    await catalog.deploy({ environment: "DEV", recipe: "shop", name: "orders" });
    await api.current.sql("update service set state = 'WEIRD'");
    const error = await api.current.error("{ services { edges { node { state } } } }");
    expect(error.extensions.code).to.equal("INTERNAL");
    expect(error.message).not.to.include("WEIRD");
    expect(error.path).to.deep.equal(["services", "edges", 0, "node", "state"]);
  });

  it("writes one line a request, without variables", async () => {
    const query = "query Find($name: String!) { recipe(name: $name) { id } }";
    await api.current.query(query, { name: "top-secret" });
    const entries = lines.map((line) => JSON.parse(line)).filter((entry) => entry.msg === "request");
    expect(entries).to.have.lengthOf(1);
    expect(entries[0]).to.include({
      operation: "Find",
      operationType: "query",
      status: 200,
      route: "/graphql",
    });
    expect(entries[0].actor).to.match(/^tok_/);
    expect(entries[0].ms).to.be.a("number");
    expect(lines.join()).not.to.include("top-secret").and.not.to.include(api.current.token);
  });

  it("blames wrong variables on their sender", async () => {
    const error = await api.current.error("query ($n: Int) { recipes(first: $n) { totalCount } }", {
      n: "x",
    });
    expect(error.extensions.code).to.equal("BAD_REQUEST");
    const spec = { resources: { memory: -1 } };
    const query =
      'mutation ($spec: RecipeSpecInput!) { createRecipe(input: { name: "x", spec: $spec }) { errors { code } } }';
    expect((await api.current.error(query, { spec })).message).to.include("ByteCount");
    const late = 'query ($n: String = "x") { recipe(name: $n) { id } }';
    expect((await api.current.error(late, { n: null })).extensions.code).to.equal("BAD_REQUEST");
  });

  it("says where a variable is wrong and why, without what it holds", async () => {
    const query =
      "mutation ($input: CreateCredentialInput!) { createCredential(input: $input) { errors { code } } }";
    const secret = 's3cret; at "input"; Field "x';
    const good = { name: "x", kind: "GIT", username: "bot" };
    const messages = [];
    for (const input of [
      { ...good, secret, password: secret },
      { ...good, secret: [secret] },
      { ...good, kind: 7, secret },
    ]) {
      messages.push((await api.current.error(query, { input })).message);
    }
    expect(messages.join("\n")).not.to.contain("s3cret");
    expect(messages[0]).to.match(/^Variable "\$input" got invalid value; Field "password" is not defined/);
    expect(messages[1]).to.equal(
      'Variable "$input" got invalid value at "input.secret"; String cannot represent a non string value.',
    );
    expect(messages[2]).to.contain('at "input.kind"; Enum "CredentialKind"');
  });

  it("blames a NUL in a filter on its sender", async () => {
    for (const query of [
      "query ($s: String!) { recipe(name: $s) { id } }",
      "query ($s: String!) { services(filter: { environment: $s }) { totalCount } }",
    ]) {
      expect((await api.current.error(query, { s: "\0" })).extensions.code).to.equal("BAD_REQUEST");
    }
  });

  it("cuts messages that quote what was sent", async () => {
    const error = await api.current.error("query ($n: Int) { recipes(first: $n) { totalCount } }", {
      n: "x".repeat(50_000),
    });
    expect(error.message.length).to.be.below(1_100);
  });
});

describe("errors without a database", () => {
  const database = testDatabase();

  it("says that it is the database, with 503 before and UNAVAILABLE within a query", async () => {
    const server = await ApiServer.start(database);
    expect((await server.query("{ cursor }")).cursor).to.equal("0");
    await server.catalog.transactions.dataSource.destroy();
    try {
      const within = await server.error("{ cursor }");
      expect(within.extensions.code).to.equal("UNAVAILABLE");
      const before = await server.post({ query: "{ cursor }" }, { authorization: "Bearer other" });
      expect(before.status).to.equal(503);
      expect(before.body.errors[0].extensions.code).to.equal("UNAVAILABLE");
      expect(before.body.errors[0].message).not.to.match(/pool|connect /);
    } finally {
      await server.catalog.transactions.dataSource.initialize();
      await server.close();
    }
  });
});
