import { expect } from "chai";
import { Authenticator } from "../../src/api/access.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { apiServer, type Json } from "./api-server.js";

describe("access", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let onlyDev: string;
  const ids: Record<string, Json> = {};

  before(async () => {
    const { catalog } = api.current;
    await catalog.recipe("shop");
    for (const code of ["DEV", "PRD"]) {
      ids[`env${code}`] = (await catalog.environment(code)).id;
      const { service, operation } = await catalog.deploy({
        environment: code,
        recipe: "shop",
        name: "orders",
      });
      ids[`svc${code}`] = service.id;
      ids[`opn${code}`] = operation.id;
    }
    await catalog.settleAsDeployed();
    await catalog.bump("shop", { spec: { workingDir: "/srv" } });
    for (const update of await catalog.updates()) {
      ids[`upd${update.service_id === ids.svcDEV ? "DEV" : "PRD"}`] = update.id;
    }
    onlyDev = await api.current.makeToken(["DEV"]);
  });

  it("answers nobody without a valid token, and says how to send one", async () => {
    const expired = await api.current.makeToken(null, new Date(Date.now() - 1_000));
    for (const authorization of [
      "",
      "Bearer",
      "Bearer x",
      `Bearer ${expired}`,
      `Basic ${api.current.token}`,
    ]) {
      const answer = await api.current.post({ query: "{ __typename }" }, { authorization });
      expect(answer.status).to.equal(401);
      expect(answer.headers.get("www-authenticate")).to.equal("Bearer");
      expect(answer.body.errors[0].extensions.code).to.equal("UNAUTHENTICATED");
      expect(answer.body.errors[0].message).to.include("Authorization: Bearer");
    }
  });

  it("notices at once that a token has expired, and soon that it was revoked", async () => {
    const until = Date.now() + 1_500;
    const short = await api.current.makeToken(null, new Date(until));
    const post = async () =>
      (await api.current.post({ query: "{ __typename }" }, { authorization: `Bearer ${short}` })).status;
    expect(await post()).to.equal(200);
    await eventually(async () => (await post()) === 401);
    expect(Date.now()).to.be.within(until, until + 2_000);
    const { dataSource } = api.current.catalog.transactions;
    const authenticator = new Authenticator(dataSource, 100);
    const authorization = `Bearer ${await api.current.makeToken(["DEV"])}`;
    const identity = await authenticator.authenticate(authorization);
    expect(identity.scope).to.deep.equal({ role: "ADMIN", environments: ["DEV"] });
    await api.current.sql("update access_token set revoked_at = now() where id = $1", [
      identity.actor.tokenId,
    ]);
    await eventually(async () => {
      const refusal = await authenticator.authenticate(authorization).catch((error) => error);
      return refusal.code === "UNAUTHENTICATED";
    });
  });

  it("shows a token for some environments only what is in them", async () => {
    const data = await api.current.query(
      `{ environments { code services { totalCount } updates { totalCount } }
         services { totalCount edges { node { environment { code } } } }
         updates { totalCount unreadCount edges { node { service { environment { code } } } } }
         operations { totalCount }
         recipe(name: "shop") { services { totalCount } }
         environment(code: "PRD") { id } service(environment: "PRD", name: "orders") { id } }`,
      {},
      onlyDev,
    );
    expect(data.environments).to.deep.equal([
      { code: "DEV", services: { totalCount: 1 }, updates: { totalCount: 1 } },
    ]);
    expect(data.services.totalCount).to.equal(1);
    expect(data.services.edges[0].node.environment.code).to.equal("DEV");
    expect(data.updates).to.deep.include({ totalCount: 1, unreadCount: 1 });
    expect(data.updates.edges[0].node.service.environment.code).to.equal("DEV");
    expect(data.operations.totalCount).to.equal(1);
    expect(data.recipe.services.totalCount).to.equal(1);
    expect(data.environment).to.equal(null);
    expect(data.service).to.equal(null);
  });

  it("finds nothing of other environments by id", async () => {
    for (const [name, id] of Object.entries(ids)) {
      const { node } = await api.current.query("query ($id: ID!) { node(id: $id) { id } }", { id }, onlyDev);
      expect(node?.id ?? null, name).to.equal(name.endsWith("DEV") ? id : null);
    }
  });

  it("changes nothing in other environments, as if they were not there", async () => {
    const mutations: [string, object, string][] = [
      ["deployService", { environment: "PRD", recipe: "shop", name: "new" }, "environment"],
      ["rebuildService", { service: ids.svcPRD }, "service"],
      ["removeService", { service: ids.svcPRD }, "service"],
      ["cancelOperation", { operation: ids.opnPRD }, "operation"],
    ];
    const before = await api.current.sql("select cursor from event_counter");
    for (const [name, input, field] of mutations) {
      const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
      const query = `mutation ($input: ${type}!) { result: ${name}(input: $input) { operation { id } errors { code field } } }`;
      const { result } = await api.current.query(query, { input }, onlyDev);
      expect(result, name).to.deep.equal({
        operation: null,
        errors: [{ code: "NOT_FOUND", field: [field] }],
      });
    }
    expect(await api.current.sql("select cursor from event_counter")).to.deep.equal(before);
    const query = `mutation ($s: ID!) { rebuildService(input: { service: $s }) { operation { id } errors { code } } }`;
    const { rebuildService } = await api.current.query(query, { s: ids.svcDEV }, onlyDev);
    expect(rebuildService.errors).to.deep.equal([]);
  });

  it("lets such a token change neither recipes nor environments", async () => {
    for (const field of [
      'bumpRecipe(input: { recipe: "shop", title: "x" })',
      'createRecipe(input: { name: "x", spec: {} })',
      'createEnvironment(input: { code: "X", driver: PROCESS })',
    ]) {
      const error = await api.current.error(`mutation { ${field} { errors { code } } }`, {}, onlyDev);
      expect(error.extensions.code).to.equal("FORBIDDEN");
      expect(error.message).to.include("DEV");
    }
  });

  it("shows nothing to a token for no environment", async () => {
    const none = await api.current.makeToken([]);
    const data = await api.current.query(
      "{ environments { code } services { totalCount } updates { totalCount } }",
      {},
      none,
    );
    expect(data).to.deep.equal({ environments: [], services: { totalCount: 0 }, updates: { totalCount: 0 } });
  });
});
