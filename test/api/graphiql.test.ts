import { expect } from "chai";
import { coerceInputValue, parse, typeFromAST, validate } from "graphql";
import { exampleQuery, fillIn, tabs } from "../../graphiql/tabs.js";
import { limitRules } from "../../src/api/limits.js";
import { buildApiSchema } from "../../src/api/schema.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer } from "./api-server.js";

const schema = buildApiSchema();
const browser = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const example = { service: { id: "svc_1", operations: { edges: [{ node: { id: "opn_1" } }] } } };

describe("the tabs of GraphiQL", () => {
  for (const { query, variables } of fillIn(tabs, example)) {
    const document = parse(query);
    const operation = document.definitions[0]!;
    if (operation.kind !== "OperationDefinition" || document.definitions.length > 1) {
      throw new Error(`a tab has to be one operation: ${query}`);
    }
    it(`${operation.name?.value} is valid, and so are its variables`, () => {
      const errors = validate(schema, document, [...limitRules({ introspection: true })]);
      expect([...errors, ...validate(schema, document)]).to.deep.equal([]);
      const values = JSON.parse(variables ?? "{}");
      const declared = operation.variableDefinitions ?? [];
      expect(Object.keys(values)).to.deep.equal(declared.map(({ variable }) => variable.name.value));
      for (const { variable, type } of declared) {
        // Throws what is wrong with the value.
        coerceInputValue(values[variable.name.value], typeFromAST(schema, type as never) as never);
      }
      expect(JSON.stringify(values)).not.to.include("<");
    });
  }

  it("are filled in by a query that is valid", () => {
    expect(validate(schema, parse(exampleQuery))).to.deep.equal([]);
  });

  it("say what to fill in where the examples are not installed", () => {
    const filled = fillIn(tabs, { service: null }).map(({ variables }) => variables ?? "");
    expect(filled.filter((variables) => variables.includes("<id of a"))).to.have.lengthOf(2);
  });
});

describe("the page of GraphiQL", () => {
  const database = testDatabase();
  const api = apiServer(database, { corsOrigins: ["https://ui.example.org"] });

  it("is for browsers that come to the address of the API, and needs no token", async () => {
    const page = await api.current.fetch("/graphql", { headers: browser });
    expect(page.status).to.equal(200);
    expect(page.headers.get("content-type")).to.equal("text/html; charset=utf-8");
    expect(page.headers.get("cache-control")).to.equal("no-cache");
    expect(page.headers.get("vary")).to.match(/Accept/);
    expect(page.body).to.include("<title>Rebake · GraphiQL</title>");
  });

  it("runs nothing but what Rebake serves, not even a script in the page itself", async () => {
    const { headers, body } = await api.current.fetch("/graphql", { headers: browser });
    const policy = headers.get("content-security-policy")!;
    expect(policy).to.match(/^default-src 'none'; script-src 'self';/);
    expect(policy).not.to.match(/https?:|\*|unsafe-eval|script-src[^;]*unsafe/);
    expect(policy).to.include("frame-ancestors 'none'");
    expect(body).not.to.match(/<script(?![^>]*src=)|https?:|<style/);
    expect(headers.get("x-content-type-options")).to.equal("nosniff");
  });

  it("comes with files that may be cached for ever, because their names change with them", async () => {
    const { body } = await api.current.fetch("/graphql", { headers: browser });
    const files = [...body.matchAll(/(?:href|src)="(graphiql\/[^"]+)"/g)].map(([, file]) => file);
    expect(files.map((file) => file.replace(/-[A-Z0-9]{8}\./, "."))).to.deep.equal([
      "graphiql/icon.svg",
      "graphiql/main.css",
      "graphiql/main.js",
    ]);
    for (const file of files) {
      const answer = await api.current.fetch(`/${file}`);
      expect(answer.status).to.equal(200);
      expect(answer.headers.get("cache-control")).to.equal("public, max-age=31536000, immutable");
    }
    const nowhere = await api.current.fetch("/graphiql/main-00000000.js");
    expect([nowhere.status, nowhere.body.errors[0].extensions.code]).to.deep.equal([404, "BAD_REQUEST"]);
    expect((await api.current.fetch("/graphiql/..%2fsrc%2fmain.js")).status).to.be.oneOf([400, 403, 404]);
  });

  it("is nothing that others get", async () => {
    const query = `/graphql?query=${encodeURIComponent("{ __typename }")}`;
    const authorization = `Bearer ${api.current.token}`;
    for (const accept of ["*/*", "application/json", "application/graphql-response+json, text/html;q=0.9"]) {
      const answer = await api.current.fetch(query, { headers: { accept, authorization } });
      expect(answer.body.data, accept).to.deep.equal({ __typename: "Query" });
    }
    const posted = await api.current.post({ query: "{ __typename }" }, { ...browser });
    expect(posted.body.data).to.deep.equal({ __typename: "Query" });
  });
});
