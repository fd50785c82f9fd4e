import { expect } from "chai";
import { newId } from "../../src/domain/id.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const spec = {
  image: { name: "node" },
  source: { repository: "https://example.org/shop.git" },
  ports: [{ name: "http", target: 8080 }],
  env: [
    { name: "LEVEL", kind: "INPUT", default: "info" },
    { name: "KEY", kind: "SECRET" },
  ],
  resources: { memory: 5_000_000_000 },
};

describe("queries", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let ids: { environment: string; recipe: string; service: string; operation: string };

  before(async () => {
    const { catalog } = api.current;
    const environment = await catalog.environment("DEV", [{ name: "REGION", value: "eu" }]);
    await catalog.environment("PRD");
    const { recipe } = await catalog.recipe("shop", spec);
    const inputs = [
      { name: "LEVEL", value: "debug" },
      { name: "KEY", value: "s3cret" },
    ];
    const deployed = await catalog.deploy({ environment: "DEV", recipe: "shop", name: "orders", inputs });
    await catalog.deploy({ environment: "PRD", recipe: "shop", name: "orders" });
    ids = {
      environment: environment.id,
      recipe: recipe.id,
      service: deployed.service.id,
      operation: deployed.operation.id,
    };
  });

  it("tells everything of a service, but never a secret", async () => {
    const { service } = await api.current.query(`{
      service(environment: "DEV", name: "orders") {
        id name title group revision commit image mode replicas state removedAt source { branch }
        environment { code } recipe { name current { number spec { resources { memory } } } }
        tasks { id } ports { name } inputs { name value secret } ignoredFields
        update { id } operation { id kind state steps { name state done of } }
        operations { totalCount edges { node { id requestedBy } } }
      }
    }`);
    expect(service).to.deep.include({
      id: ids.service,
      name: "orders",
      title: null,
      revision: null,
      commit: null,
      mode: "REPLICATED",
      replicas: 1,
      state: "STOPPED",
      removedAt: null,
      source: null,
      environment: { code: "DEV" },
      recipe: { name: "shop", current: { number: 1, spec: { resources: { memory: 5_000_000_000 } } } },
      ignoredFields: ["image"],
      inputs: [
        { name: "KEY", value: null, secret: true },
        { name: "LEVEL", value: "debug", secret: false },
      ],
    });
    expect(service.operation).to.include({ id: ids.operation, kind: "DEPLOY", state: "QUEUED" });
    expect(service.operation.steps[0]).to.deep.equal({
      name: "LOAD_RECIPE",
      state: "PENDING",
      done: 0,
      of: 1,
    });
    expect(service.operations.totalCount).to.equal(1);
    expect(JSON.stringify(service)).not.to.include("s3cret");
  });

  it("finds everything again by its id", async () => {
    const { updates } = await api.current.query("{ updates { edges { node { id } } } }");
    const { recipe } = await api.current.query('{ recipe(name: "shop") { current { id } } }');
    const all = {
      ...ids,
      revision: recipe.current.id,
      ...(updates.edges[0] && { update: updates.edges[0].node.id }),
    };
    for (const id of Object.values(all)) {
      const { node } = await api.current.query("query ($id: ID!) { node(id: $id) { id __typename } }", {
        id,
      });
      expect(node.id).to.equal(id);
    }
    for (const id of [
      newId("service"),
      newId("token"),
      newId("credential"),
      "x",
      "",
      "svc_'; drop table x",
    ]) {
      const { node } = await api.current.query("query ($id: ID!) { node(id: $id) { id } }", { id });
      expect(node, id).to.equal(null);
    }
  });

  it("answers null for what is not there", async () => {
    const data = await api.current.query(`{
      environment(code: "NO") { id } recipe(name: "no") { id } service(environment: "DEV", name: "no") { id }
    }`);
    expect(data).to.deep.equal({ environment: null, recipe: null, service: null });
  });

  it("tells how an environment is", async () => {
    const { environment } = await api.current.query(
      '{ environment(code: "DEV") { id driver values { name value } health { reachable version error } services { totalCount } } }',
    );
    expect(environment).to.deep.equal({
      id: ids.environment,
      driver: "PROCESS",
      values: [{ name: "REGION", value: "eu" }],
      health: { reachable: true, version: "1", error: null },
      services: { totalCount: 1 },
    });
  });

  it("tells that an environment of another host cannot be asked from here", async () => {
    await api.current.sql("update environment set host_id = 'elsewhere' where code = 'PRD'");
    const { environment } = await api.current.query(
      '{ environment(code: "PRD") { health { reachable error } services { edges { node { tasks { id } } } } } }',
    );
    expect(environment.health.reachable).to.equal(false);
    expect(environment.health.error).to.match(/another host/);
    expect(environment.services.edges[0].node.tasks).to.deep.equal([]);
    await api.current.sql("update environment set host_id = 'host-1'");
  });

  it("filters services, operations and Updates", async () => {
    const services = async (filter: object): Promise<Json> => {
      const query =
        "query ($f: ServiceFilter) { services(filter: $f) { edges { node { environment { code } } } } }";
      const data = await api.current.query(query, { f: filter });
      return data.services.edges.map((edge: Json) => edge.node.environment.code);
    };
    expect(await services({})).to.deep.equal(["DEV", "PRD"]);
    expect(await services({ environment: "PRD" })).to.deep.equal(["PRD"]);
    expect(await services({ environment: "PRD", recipe: null })).to.deep.equal(["PRD"]);
    expect(await services({ recipe: "no" })).to.deep.equal([]);
    expect(await services({ state: "RUNNING" })).to.deep.equal([]);
    const operations = async (filter: object): Promise<number> => {
      const query = "query ($f: OperationFilter) { operations(filter: $f) { totalCount } }";
      return (await api.current.query(query, { f: filter })).operations.totalCount;
    };
    expect(await operations({ service: ids.service })).to.equal(1);
    expect(await operations({ state: "RUNNING" })).to.equal(0);
    expect(await operations({ kind: "DEPLOY", environment: "PRD" })).to.equal(1);
  });

  it("shows what a bump changed and whom it affects", async () => {
    const { current } = api;
    await current.catalog.settleAsDeployed();
    const bump = `mutation ($input: BumpRecipeInput!) { bumpRecipe(input: $input) {
      errors { code } cursor revision { number changes { path before after } }
      affected(first: 1) { totalCount unreadCount edges { node {
        kind reasons fromRevision toRevision read service { name } changes { path before after secret } } } }
    } }`;
    const ports = [{ name: "http", target: 9090, protocol: null }];
    const { bumpRecipe } = await current.query(bump, {
      input: { recipe: "shop", spec: { ports, image: null } },
    });
    expect(bumpRecipe.errors).to.deep.equal([]);
    expect(bumpRecipe.revision.number).to.equal(2);
    expect(bumpRecipe.revision.changes).to.deep.include({
      path: ["ports", "http", "target"],
      before: "8080",
      after: "9090",
    });
    expect(bumpRecipe.affected.totalCount).to.equal(2);
    expect(bumpRecipe.affected.unreadCount).to.equal(2);
    expect(bumpRecipe.affected.edges[0].node).to.deep.equal({
      kind: "UPGRADE",
      reasons: ["RECIPE"],
      fromRevision: 1,
      toRevision: 2,
      read: false,
      service: { name: "orders" },
      changes: [{ path: ["ports", "http", "target"], before: "8080", after: "9090", secret: false }],
    });
    const { updates } = await current.query(
      '{ updates(filter: { kind: UPGRADE, reason: RECIPE, environment: "DEV" }) { totalCount } }',
    );
    expect(updates.totalCount).to.equal(1);
    const code = await current.query("{ updates(filter: { kind: UPDATE }) { totalCount } }");
    expect(code.updates.totalCount).to.equal(0);
    const { services } = await current.query("{ services(filter: { hasUpdate: true }) { totalCount } }");
    expect(services.totalCount).to.equal(2);
  });

  it("reads an operation's log in pages", async () => {
    const lines = ["one", "two", "three"].map((line, index) => [ids.operation, index + 1, "npm", line]);
    for (const line of lines) {
      await api.current.sql(
        "insert into operation_log (operation_id, seq, stream, line) values ($1, $2, $3, $4)",
        line,
      );
    }
    const query = `query ($id: ID!, $after: String) { node(id: $id) { ... on Operation {
      log(first: 2, after: $after) { totalCount pageInfo { hasNextPage endCursor } edges { node { stream line cursor } } } } } }`;
    const first = (await api.current.query(query, { id: ids.operation })).node.log;
    expect(first.edges.map((edge: Json) => edge.node.line)).to.deep.equal(["one", "two"]);
    expect(first).to.deep.include({ totalCount: 3 });
    expect(first.pageInfo).to.deep.equal({ hasNextPage: true, endCursor: first.edges[1].node.cursor });
    const after = first.pageInfo.endCursor;
    const second = (await api.current.query(query, { id: ids.operation, after })).node.log;
    expect(second.edges.map((edge: Json) => edge.node.line)).to.deep.equal(["three"]);
  });
});
