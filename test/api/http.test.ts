import { expect } from "chai";
import { getIntrospectionQuery } from "graphql";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const failing = { database: false };
const documentsThatCannotRun = [
  { query: "{ __typename }", operationName: "No" },
  { query: "query A { __typename } query B { __typename }" },
  { query: "subscription { updates { cursor } }" },
  { query: "{" },
  { query: "{ nope }" },
  { query: "query ($x: ID!) { node(id: $x) { id } }" },
];

describe("HTTP", () => {
  const database = testDatabase();
  const checks = {
    database: () => (failing.database ? Promise.reject(new Error("gone")) : Promise.resolve()),
    worker: async () => {},
  };
  const api = apiServer(database, { corsOrigins: ["https://ui.example.org"], checks });

  it("tells what it is, that it lives and that it is ready", async () => {
    const home = await api.current.fetch("/");
    expect(home.body).to.match(/This is Rebake/);
    expect(home.headers.get("x-powered-by")).to.equal(null);
    expect((await api.current.fetch("/healthz")).status).to.equal(200);
    expect((await api.current.fetch("/readyz")).body).to.deep.equal({
      status: "ready",
      checks: { database: "ok", worker: "ok" },
    });
    failing.database = true;
    const unready = await api.current.fetch("/readyz");
    failing.database = false;
    expect(unready.status).to.equal(503);
    expect(unready.body.checks).to.deep.equal({ database: "failing", worker: "ok" });
  });

  it("counts requests for Prometheus", async () => {
    await api.current.query("{ __typename }");
    const { body } = await api.current.fetch("/metrics");
    expect(body).to.match(
      /rebake_http_request_duration_seconds_count\{method="POST",route="\/graphql",status="200"\} \d/,
    );
    expect(body).to.include("process_cpu_seconds_total");
  });

  it("echoes a plain X-Request-Id and makes one up otherwise", async () => {
    const echoed = await api.current.post({ query: "{" }, { "x-request-id": "abc-1" });
    expect(echoed.headers.get("x-request-id")).to.equal("abc-1");
    expect(echoed.body.errors[0].extensions.requestId).to.equal("abc-1");
    const made = await api.current.post({ query: "{" }, { "x-request-id": "<script>".repeat(50) });
    expect(made.headers.get("x-request-id")).to.match(/^[0-9a-f-]{36}$/);
    expect(made.body.errors[0].extensions.requestId).to.equal(made.headers.get("x-request-id"));
  });

  it("answers whatever is malformed with an error in JSON, without stack, HTML or file names", async () => {
    const malformed: [unknown, Record<string, string>, number][] = [
      ["{", {}, 400],
      ["null", {}, 400],
      ['"text"', {}, 400],
      ["[]", {}, 400],
      [[{ query: "{ __typename }" }], {}, 400],
      [{}, {}, 400],
      [{ query: 1 }, {}, 400],
      [{ query: "" }, {}, 400],
      [{ query: "{ __typename }", variables: "x" }, {}, 400],
      ["query=1", { "content-type": "application/x-www-form-urlencoded" }, 400],
      ["{ __typename }", { "content-type": "text/plain" }, 400],
      [{ query: "{ __typename }" }, { "content-type": "application/json; charset=no" }, 415],
      [{ query: "{ __typename }" }, { "content-encoding": "no" }, 415],
      [{ query: "{ __typename }" }, { accept: "text/plain" }, 406],
      [{ query: `{ __typename } # ${"x".repeat(262_144)}` }, {}, 413],
      ...documentsThatCannotRun.flatMap((body): [unknown, Record<string, string>, number][] => [
        [body, {}, 200],
        [body, { accept: "application/json, application/graphql-response+json;q=0.5" }, 200],
        [body, { accept: "application/graphql-response+json, application/json;q=0.9" }, 400],
      ]),
    ];
    for (const [body, headers, status] of malformed) {
      const answer = await api.current.post(body, headers);
      const shown = JSON.stringify(answer.body).slice(0, 300);
      expect(answer.status, `${JSON.stringify(body).slice(0, 80)} ${shown}`).to.equal(status);
      const { code, requestId, ...rest } = answer.body.errors[0].extensions;
      expect(code, shown).to.be.oneOf(["BAD_REQUEST", "LIMIT_EXCEEDED"]);
      expect(requestId).to.equal(answer.headers.get("x-request-id"));
      expect(rest).to.deep.equal({});
      expect(shown).not.to.match(/node_modules|\.js:|at \w+ \(/);
    }
    const nowhere = await api.current.fetch("/nowhere");
    expect(nowhere.status).to.equal(404);
    expect(nowhere.body.errors[0].extensions.code).to.equal("BAD_REQUEST");
    expect((await api.current.fetch("/%E0%A4%A")).body.errors).to.have.lengthOf(1);
    const headers = { authorization: `Bearer ${api.current.token}` };
    expect((await api.current.fetch("/graphql", { method: "PUT", headers })).status).to.be.oneOf([400, 405]);
  });

  it("answers queries over GET, when a browser could not have sent them by itself", async () => {
    const path = `/graphql?query=${encodeURIComponent("{ environments { code } }")}`;
    expect((await api.current.fetch(path)).status).to.equal(400);
    expect((await api.current.fetch(path, { headers: { "apollo-require-preflight": "1" } })).status).to.equal(
      401,
    );
    const headers = { authorization: `Bearer ${api.current.token}` };
    expect((await api.current.fetch(path, { headers })).body.data).to.deep.equal({ environments: [] });
    const mutation = `/graphql?query=${encodeURIComponent('mutation { cancelOperation(input: { operation: "x" }) { cursor } }')}`;
    expect((await api.current.fetch(mutation, { headers })).status).to.equal(405);
  });

  it("lets the pages of configured origins call, and no others", async () => {
    const preflight = (origin: string) =>
      api.current.fetch("/graphql", {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "authorization",
        },
      });
    const allowed = await preflight("https://ui.example.org");
    expect(allowed.headers.get("access-control-allow-origin")).to.equal("https://ui.example.org");
    expect(allowed.headers.get("access-control-allow-headers")).to.equal("authorization");
    expect(allowed.headers.get("access-control-allow-credentials")).to.equal(null);
    const other = await preflight("https://evil.example.org");
    expect(other.headers.get("access-control-allow-origin")).to.equal(null);
  });

  it("lets GraphiQL introspect, and tells the cost of everything else", async () => {
    const { body } = await api.current.post({ query: getIntrospectionQuery() });
    expect(body.errors).to.equal(undefined);
    const priced = await api.current.post({
      query: "{ services(first: 10) { edges { node { recipe { name } } } } }",
    });
    expect(priced.body.extensions).to.deep.equal({ cost: { requested: 31, limit: 20_000 } });
  });
});

describe("HTTP without introspection", () => {
  const database = testDatabase();
  const api = apiServer(database, { introspection: false });

  it("neither describes the schema nor suggests names", async () => {
    const introspected = await api.current.post({ query: "{ __schema { types { name } } }" });
    expect(introspected.body).not.to.have.property("data");
    const { body } = await api.current.post({ query: "{ environmens { code } }" });
    expect(body.errors.map((error: Json) => error.message)).to.deep.equal([
      'Cannot query field "environmens" on type "Query".',
    ]);
    const input = { code: "X", driver: "PROCES" };
    const variables = await api.current.post({
      query:
        "mutation ($input: CreateEnvironmentInput!) { createEnvironment(input: $input) { errors { code } } }",
      variables: { input },
    });
    expect(variables.body.errors[0].message).not.to.include("Did you mean");
    expect((await api.current.query("{ __typename }")).__typename).to.equal("Query");
  });
});
