import { expect } from "chai";
import type { Feed } from "../../src/api/feed.js";
import { createLog } from "../../src/log.js";
import { testDatabase } from "../support/cluster.js";
import { kubeconfig, server, token } from "../support/kubeconfigs.js";
import { ca, certificate, key } from "../support/pems.js";
import { apiServer, type Json } from "./api-server.js";

const spec = { env: [{ name: "REGION", kind: "COMPUTED", value: "$REBAKE_VALUE_REGION" }] };

describe("environments over HTTP", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let number = 0;
  let code: string;
  let recipe: string;
  let id: string;
  let service: string;

  beforeEach(async () => {
    const { catalog } = api.current;
    [code, recipe] = [`ENV-${++number}`, `shop-${number}`];
    id = (await catalog.environment(code, [{ name: "REGION", value: "eu" }])).id;
    await catalog.recipe(recipe, spec);
    service = (await catalog.deploy({ environment: code, recipe, name: "orders" })).service.id;
    await catalog.settleAsDeployed();
  });

  async function mutate(
    name: "createEnvironment" | "updateEnvironment" | "deleteEnvironment",
    input: object,
    fields = "errors { code field message }",
    token = api.current.token,
  ): Promise<Json> {
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { payload: ${name}(input: $input) { ${fields} } }`;
    return (await api.current.query(query, { input }, token)).payload;
  }
  const empty = () =>
    api.current.sql("update service set removed_at = now() where environment_id = $1", [id]);
  const node = async (which: string, token = api.current.token) => {
    const query =
      "query ($id: ID!) { node(id: $id) { ... on Environment { code deletedAt health { reachable nodes error } } ... on Service { name environment { code } } } }";
    return (await api.current.query(query, { id: which }, token)).node;
  };

  it("change, and tell subscribers from the payload's cursor on", async () => {
    const values = [{ name: "REGION", value: "us" }];
    const changed = await mutate(
      "updateEnvironment",
      { environment: code, description: "für alle", values },
      "cursor errors { code } environment { description values { name value } updates { totalCount } }",
    );
    expect(changed).to.deep.include({
      errors: [],
      environment: { description: "für alle", values, updates: { totalCount: 1 } },
    });
    const events = await api.current.sql("select type from event where cursor > $1", [changed.cursor]);
    expect(events).to.deep.equal([{ type: "UPDATE_AVAILABLE" }]);
    const { updates } = await api.current.query(
      "query ($code: String!) { updates(filter: { environment: $code, reason: ENVIRONMENT }) { edges { node { kind reasons fromRevision toRevision changes { path before after } } } } }",
      { code },
    );
    expect(updates.edges.map((edge: Json) => edge.node)).to.deep.equal([
      {
        kind: "UPGRADE",
        reasons: ["ENVIRONMENT"],
        fromRevision: 1,
        toRevision: 1,
        changes: [{ path: ["env", "REGION"], before: "eu", after: "us" }],
      },
    ]);
  });

  it("say what to put right, and change nothing then", async () => {
    const refused: [object, string][] = [
      [{ environment: "NO" }, "NOT_FOUND environment"],
      [{ unsetValues: ["REGION"] }, "UNKNOWN_COMPUTED unsetValues.REGION"],
      [{ values: [{ name: "1", value: "" }] }, "INVALID values.0.name"],
      [{ values: [{ name: "A", value: "" }], unsetValues: ["A"] }, "INVALID unsetValues"],
    ];
    for (const [input, expected] of refused) {
      const { errors } = await mutate("updateEnvironment", {
        environment: code,
        description: "never",
        ...input,
      });
      expect(errors.map((error: Json) => `${error.code} ${error.field.join(".")}`)).to.deep.equal([expected]);
    }
    const [row] = await api.current.sql("select description from environment where id = $1", [id]);
    expect(row.description).to.equal("");
  });

  it("are not deleted while services are in them", async () => {
    const { errors } = await mutate("deleteEnvironment", { environment: code });
    expect(errors).to.deep.equal([
      {
        code: "IN_USE",
        field: ["environment"],
        message: `Environment ${code} has orders in it: remove them first.`,
      },
    ]);
    expect((await mutate("deleteEnvironment", { environment: "NO" })).errors[0].code).to.equal("NOT_FOUND");
  });

  it("are gone once deleted, while their history stays", async () => {
    await empty();
    const { errors, environment } = await mutate(
      "deleteEnvironment",
      { environment: code },
      "errors { code } environment { id deletedAt }",
    );
    expect(errors).to.deep.equal([]);
    expect(environment.deletedAt).to.be.a("string");
    const found = await api.current.query(
      `query ($code: String!) { environment(code: $code) { id } environments { code }
         services(filter: { environment: $code }) { totalCount } operations(filter: { environment: $code }) { totalCount }
         service(environment: $code, name: "orders") { id } }`,
      { code },
    );
    expect(found.environments.map((each: Json) => each.code)).not.to.include(code);
    expect(found).to.deep.include({
      environment: null,
      services: { totalCount: 0 },
      operations: { totalCount: 0 },
      service: null,
    });
    expect(await node(service)).to.deep.equal({ name: "orders", environment: { code } });
    expect(await node(id)).to.deep.equal({
      code,
      deletedAt: environment.deletedAt,
      health: { reachable: false, nodes: 0, error: `${code} was deleted.` },
    });
  });

  it("leave their code to another one, which has nothing to do with them", async () => {
    await api.current.catalog.bump(recipe, { spec: { workingDir: "/srv" } });
    await empty();
    await mutate("deleteEnvironment", { environment: code });
    const again = await mutate(
      "createEnvironment",
      { code, driver: "PROCESS" },
      "errors { code } environment { id deletedAt services { totalCount } }",
    );
    expect(again).to.deep.include({ errors: [] });
    expect(again.environment).to.deep.include({ deletedAt: null, services: { totalCount: 0 } });
    const [removed] = await api.current.sql("select id from operation where service_id = $1", [service]);
    const token = await api.current.makeToken([code]);
    for (const old of [id, service, removed.id]) {
      expect(await node(old, token), old).to.equal(null);
      expect(await node(old), old).not.to.equal(null);
    }
    const { operations } = await api.current.query("{ operations { totalCount } }", {}, token);
    expect(operations.totalCount).to.equal(0);
    expect((await node(again.environment.id, token)).code).to.equal(code);
    expect(await environmentsToldOf(null)).to.include(id);
    expect(await environmentsToldOf([code])).to.deep.equal([]);
  });

  /** Of which environments a subscriber with this scope would replay Updates. */
  async function environmentsToldOf(environments: string[] | null): Promise<string[]> {
    const { contexts, schema } = api.current.api.edge;
    const context = contexts.forRequest({ tokenId: "t", name: "t" }, { role: "ADMIN", environments }, "r");
    const { subscribe } = schema.getSubscriptionType()!.getFields().updates!;
    const { source } = (await subscribe!(undefined, { after: 0n }, context, {} as never)) as Feed;
    const events = (await api.current.catalog.events()).filter(({ type }) => source.types.includes(type));
    return events.filter((event) => source.matches!(event)).map(({ payload }) => payload.environmentId!);
  }

  it("are changed by tokens for all environments only", async () => {
    const token = await api.current.makeToken([code]);
    for (const name of ["updateEnvironment", "deleteEnvironment"]) {
      const query = `mutation ($code: String!) { ${name}(input: { environment: $code }) { errors { code } } }`;
      expect((await api.current.error(query, { code }, token)).extensions.code).to.equal("FORBIDDEN");
    }
  });
});

describe("engines of environments over HTTP", () => {
  const database = testDatabase();
  const printed: string[] = [];
  const log = createLog(
    { logLevel: "trace", logFormat: "json" },
    { write: (line) => void printed.push(line) },
  );
  const api = apiServer(database, { log });
  const answers: Json[] = [];
  const host = "tcp://engine.example:2376";

  async function mutate(name: "createEnvironment" | "updateEnvironment", input: object): Promise<Json> {
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
    const query = `mutation SetEngine($input: ${type}!) { payload: ${name}(input: $input) {
      environment { id code engine { host tls namespace } } errors { code field message } } }`;
    const { payload } = await api.current.query(query, { input });
    answers.push(payload);
    return payload;
  }
  const engineOf = async (code: string) => {
    const answer = await api.current.query(
      "query ($code: String!) { environment(code: $code) { driver engine { host tls namespace } } }",
      { code },
    );
    answers.push(answer);
    return answer.environment;
  };

  it("are given and replaced, and shown without their keys", async () => {
    const swarm = { host, ca, certificate, key };
    const made = await mutate("createEnvironment", { code: "PROD", driver: "SWARM", swarm });
    expect(made.environment.engine).to.deep.equal({ host, tls: true, namespace: null });
    const socket = { host: "unix:///var/run/docker.sock" };
    const moved = await mutate("updateEnvironment", { environment: "PROD", swarm: socket });
    const engine = { ...socket, tls: false, namespace: null };
    expect(moved.environment.engine).to.deep.equal(engine);
    await mutate("updateEnvironment", { environment: "PROD", description: "as before" });
    expect(await engineOf("PROD")).to.deep.equal({ driver: "SWARM", engine });
    await mutate("createEnvironment", { code: "DEV", driver: "PROCESS" });
    expect(await engineOf("DEV")).to.deep.equal({ driver: "PROCESS", engine: null });
  });

  it("are clusters with a namespace, too", async () => {
    const kubernetes = { server, token, ca, namespace: "shop" };
    const made = await mutate("createEnvironment", { code: "K8S", driver: "KUBERNETES", kubernetes });
    expect(made.environment.engine).to.deep.equal({ host: server, tls: true, namespace: "shop" });
    const inside = { inCluster: true, namespace: "other" };
    const moved = await mutate("updateEnvironment", { environment: "K8S", kubernetes: inside });
    const engine = { host: "in-cluster", tls: true, namespace: "other" };
    expect(moved.environment.engine).to.deep.equal(engine);
    const text = { kubeconfig: kubeconfig(), context: "shop", namespace: "shop" };
    await mutate("updateEnvironment", { environment: "K8S", kubernetes: text });
    expect(await engineOf("K8S")).to.deep.equal({ driver: "KUBERNETES", engine: made.environment.engine });
  });

  it("say which of their fields to put right", async () => {
    const swarm = { host, ca, certificate, key: certificate };
    const { errors, environment } = await mutate("updateEnvironment", { environment: "PROD", swarm });
    expect([environment, errors]).to.deep.equal([
      null,
      [
        {
          code: "INVALID",
          field: ["swarm", "key"],
          message: "swarm.key: must be a private key in PEM, without a passphrase.",
        },
      ],
    ]);
    const missing = await mutate("createEnvironment", { code: "OTHER", driver: "SWARM" });
    expect(missing.errors.map(({ field }: Json) => field)).to.deep.equal([["swarm"]]);
    const wrong: [object, string[]][] = [
      [{ namespace: "shop" }, ["kubernetes"]],
      [{ namespace: "kube-system", inCluster: true }, ["kubernetes.namespace"]],
      [{ namespace: "shop", server }, ["kubernetes.token"]],
      [{ namespace: "shop", server: "http://cluster.example", token }, ["kubernetes.server"]],
      [{ namespace: "shop", server, token, ca: key }, ["kubernetes.ca"]],
      [{ namespace: "shop", inCluster: true, token }, ["kubernetes.token"]],
      [{ namespace: "shop", kubeconfig: kubeconfig(), context: token }, ["kubernetes.context"]],
      [
        { namespace: "shop", kubeconfig: kubeconfig({ user: { token, tokenFile: "/etc/passwd" } }) },
        ["kubernetes.kubeconfig"],
      ],
    ];
    for (const [kubernetes, fields] of wrong) {
      const refused = await mutate("createEnvironment", { code: "NEVER", driver: "KUBERNETES", kubernetes });
      expect(refused.errors.map(({ code, field }: Json) => [code, field.join(".")])).to.deep.equal(
        fields.map((field) => ["INVALID", field]),
      );
    }
  });

  it("have keys in no answer, no event and no line of the log, whatever goes wrong", async () => {
    await mutate("createEnvironment", {
      code: "PROD",
      driver: "SWARM",
      swarm: { host, ca, certificate, key },
    });
    const events = await api.current.sql("select payload from event");
    const all = JSON.stringify([answers, events, printed]);
    expect(all).to.contain("NAME_TAKEN").and.to.contain("SetEngine");
    expect(all).not.to.match(/BEGIN|MIIB|MHc|LS0t|eyJ|c2VjcmV0/);
  });

  it("show the image that runs as it was pinned", async () => {
    const { catalog } = api.current;
    const image = `node:20@sha256:${"a".repeat(64)}`;
    await catalog.recipe("shop", { image: { name: "node", tag: "20" } });
    await catalog.deploy({ environment: "PROD", recipe: "shop", name: "orders" });
    const query = '{ service(environment: "PROD", name: "orders") { image } }';
    expect((await api.current.query(query)).service).to.deep.equal({ image: null });
    await api.current.sql("update service set deployed_image = $1", [image]);
    expect((await api.current.query(query)).service).to.deep.equal({ image });
  });
});

describe("an Update over HTTP", () => {
  const database = testDatabase();
  const api = apiServer(database);

  it("shows the commits among its changes, and inputs that are missing", async () => {
    const { catalog } = api.current;
    const [old, next] = ["a".repeat(40), "b".repeat(40)];
    await catalog.environment("DEV");
    await catalog.recipe("shop", { source: { repository: "https://git.example/shop.git" } });
    const { service } = await catalog.deploy({ environment: "DEV", recipe: "shop", name: "orders" });
    await catalog.settleAsDeployed();
    await api.current.sql("update service set deployed_commit = $2, head_commit = $3 where id = $1", [
      service.id,
      old,
      next,
    ]);
    await catalog.bump("shop", {
      spec: { workingDir: "app", env: [{ name: "KEY", kind: "SECRET", required: true }] },
    });
    const { updates } = await api.current.query(
      "{ updates { edges { node { kind reasons fromCommit toCommit missingInputs changes { path before after } } } } }",
    );
    expect(updates.edges[0].node).to.deep.equal({
      kind: "UPGRADE",
      reasons: ["RECIPE", "CODE"],
      fromCommit: old,
      toCommit: next,
      missingInputs: ["KEY"],
      changes: [
        { path: ["commit"], before: old, after: next },
        { path: ["env", "KEY"], before: null, after: "(KEY is not given)" },
        { path: ["workingDir"], before: null, after: "app" },
      ],
    });
  });
});
