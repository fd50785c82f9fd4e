import { expect } from "chai";
import { newId } from "../../src/domain/id.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const missing = "svc_00000000000000000000000000";

describe("mutations", () => {
  const database = testDatabase();
  const api = apiServer(database);

  /** The payload of one mutation. */
  async function mutate(
    name: string,
    input: object,
    fields = "errors { code field message }",
  ): Promise<Json> {
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { payload: ${name}(input: $input) { ${fields} } }`;
    return (await api.current.query(query, { input })).payload;
  }
  async function codes(name: string, input: object): Promise<string[]> {
    const { errors } = await mutate(name, input);
    return errors.map((error: Json) => `${error.code} ${error.field?.join(".") ?? ""}`.trim());
  }

  it("make an environment, a recipe and a service, end to end", async () => {
    const env = await mutate(
      "createEnvironment",
      { code: "DEV", driver: "PROCESS", description: null, values: [{ name: "A", value: "=\n✓" }] },
      "errors { code } environment { code description values { name value } }",
    );
    expect(env).to.deep.equal({
      errors: [],
      environment: { code: "DEV", description: "", values: [{ name: "A", value: "=\n✓" }] },
    });
    const spec = {
      command: null,
      ports: [{ name: "http", target: 80, published: null, protocol: null }],
      env: [{ name: "LEVEL", kind: "INPUT", required: true }],
    };
    const recipe = await mutate(
      "createRecipe",
      { name: "shop", title: null, type: null, spec },
      "errors { code } recipe { name type title } revision { number author createdAt message spec { ports { protocol } rollout { order } } }",
    );
    expect(recipe).to.deep.include({ errors: [], recipe: { name: "shop", type: "SERVICE", title: null } });
    expect(recipe.revision.spec).to.deep.equal({
      ports: [{ protocol: "TCP" }],
      rollout: { order: "START_FIRST" },
    });
    const input = {
      environment: "DEV",
      recipe: "shop",
      name: "orders",
      mode: null,
      replicas: 2,
      inputs: [{ name: "LEVEL", value: "debug" }],
      idempotencyKey: "first",
    };
    const fields =
      "errors { code } cursor service { id name replicas } operation { id kind state queuedAt requestedBy }";
    const deployed = await mutate("deployService", input, fields);
    expect(deployed.service).to.include({ name: "orders", replicas: 2 });
    expect(deployed.operation).to.include({ kind: "DEPLOY", state: "QUEUED" });
    const other = { ...input, name: "branch", source: { path: "app" }, idempotencyKey: null };
    const override = await mutate(
      "deployService",
      other,
      "service { source { repository branch commit path } }",
    );
    const { source } = override.service;
    expect(source).to.deep.equal({ repository: null, branch: null, commit: null, path: "app" });
    const again = await mutate("deployService", input, fields);
    expect(again.operation.id).to.equal(deployed.operation.id);
  });

  it("give a cursor just before their own events", async () => {
    await api.current.catalog.settleAsDeployed();
    const { services } = await api.current.query("{ services { edges { node { id } } } }");
    const { cursor } = await mutate("rebuildService", { service: services.edges[0].node.id }, "cursor");
    const rows = await api.current.sql("select type, operation_id from event where cursor > $1", [cursor]);
    expect(rows).to.have.lengthOf(1);
    expect(rows[0].type).to.equal("OPERATION_CHANGED");
    const { cursor: now } = await api.current.query("{ cursor }");
    expect((await mutate("rebuildService", { service: missing }, "cursor")).cursor).to.equal(now);
  });

  it("return what to put right, each with its code and field, and change nothing", async () => {
    const before = await api.current.sql("select count(*) from recipe_revision");
    expect(await codes("createEnvironment", { code: "dev", driver: "PROCESS" })).to.deep.equal([
      "INVALID code",
    ]);
    expect(await codes("createEnvironment", { code: "DEV", driver: "PROCESS" })).to.deep.equal([
      "NAME_TAKEN code",
    ]);
    expect(await codes("createEnvironment", { code: "K8S", driver: "KUBERNETES" })).to.deep.equal([
      "INVALID kubernetes",
    ]);
    expect(await codes("createRecipe", { name: "Shop", spec: {} })).to.deep.equal(["INVALID name"]);
    expect(await codes("createRecipe", { name: "shop", spec: {} })).to.deep.equal(["NAME_TAKEN name"]);
    const wrong = { ports: [{ name: "http", target: 70_000 }], source: { repository: "--upload-pack=x" } };
    expect((await codes("createRecipe", { name: "wrong", spec: wrong })).sort()).to.deep.equal([
      "INVALID spec.ports.0.target",
      "INVALID spec.source.repository",
    ]);
    const unfinished = { readiness: { period: 1 }, ports: [{ name: "http" }] };
    expect(await codes("createRecipe", { name: "wrong", spec: unfinished })).to.include(
      "INVALID spec.ports.0.target",
    );
    const unknown = { env: [{ name: "A", kind: "COMPUTED", value: "$REBAKE_NOPE" }] };
    expect(await codes("createRecipe", { name: "wrong", spec: unknown })).to.deep.equal([
      "UNKNOWN_COMPUTED spec.env.0.value",
    ]);
    expect(await codes("bumpRecipe", { recipe: "no" })).to.deep.equal(["NOT_FOUND recipe"]);
    expect(await codes("bumpRecipe", { recipe: "shop", expectedRevision: 7 })).to.deep.equal([
      "CONFLICT expectedRevision",
    ]);
    const deploy = { environment: "DEV", recipe: "shop", name: "b" };
    expect(await codes("deployService", { ...deploy, environment: "NO" })).to.deep.equal([
      "NOT_FOUND environment",
    ]);
    expect(await codes("deployService", { ...deploy, name: "x".repeat(10_000) })).to.include("INVALID name");
    expect(await codes("deployService", deploy)).to.deep.equal(["MISSING_INPUT inputs.LEVEL"]);
    const extra = [{ name: "NOPE", value: "" }];
    expect(await codes("deployService", { ...deploy, inputs: extra })).to.include(
      "UNKNOWN_INPUT inputs.NOPE",
    );
    for (const id of [
      "\0",
      "svc_\0",
      "\ud83d",
      "x".repeat(50_000),
      newId("recipe"),
      "'; drop table service",
    ]) {
      expect(await codes("rebuildService", { service: id })).to.deep.equal(["NOT_FOUND service"]);
      expect(await codes("removeService", { service: id })).to.deep.equal(["NOT_FOUND service"]);
      expect(await codes("cancelOperation", { operation: id })).to.deep.equal(["NOT_FOUND operation"]);
      expect(await codes("bumpRecipe", { recipe: id })).to.deep.equal(["NOT_FOUND recipe"]);
    }
    const nul = {
      code: "NUL",
      driver: "PROCESS",
      description: "\0",
      values: [{ name: "A", value: "\ud83d" }],
    };
    expect((await codes("createEnvironment", nul)).sort()).to.deep.equal([
      "INVALID description",
      "INVALID values.0.value",
    ]);
    expect(await codes("rebuildService", { service: missing })).to.deep.equal(["NOT_FOUND service"]);
    expect(await codes("removeService", { service: "" })).to.deep.equal(["NOT_FOUND service"]);
    expect(await codes("cancelOperation", { operation: newId("operation") })).to.deep.equal([
      "NOT_FOUND operation",
    ]);
    expect(await api.current.sql("select count(*) from recipe_revision")).to.deep.equal(before);
  });

  it("patch a spec: absent stays, null clears, lists are replaced", async () => {
    const fields =
      "errors { code field } recipe { title } revision { spec { workingDir args rollout { drain parallelism } ports { name } } }";
    await mutate("bumpRecipe", {
      recipe: "shop",
      title: "Shop",
      spec: { workingDir: "/srv", args: ["a"], rollout: { drain: 1, parallelism: 2 } },
    });
    const bumped = await mutate(
      "bumpRecipe",
      { recipe: "shop", spec: { args: null, rollout: { drain: 2 } } },
      fields,
    );
    expect(bumped).to.deep.equal({
      errors: [],
      recipe: { title: "Shop" },
      revision: {
        spec: {
          workingDir: "/srv",
          args: null,
          rollout: { drain: 2, parallelism: 2 },
          ports: [{ name: "http" }],
        },
      },
    });
    const cleared = await mutate(
      "bumpRecipe",
      { recipe: "shop", title: null, spec: { rollout: null, ports: [] } },
      fields,
    );
    expect(cleared.recipe.title).to.equal(null);
    expect(cleared.revision.spec).to.deep.include({ rollout: { drain: 30, parallelism: 1 }, ports: [] });
  });

  it("cancel what waits and remove what is there", async () => {
    const { services } = await api.current.query("{ services { edges { node { id operation { id } } } } }");
    const { id, operation } = services.edges[0].node;
    const cancelled = await mutate(
      "cancelOperation",
      { operation: operation.id },
      "errors { code } operation { state cause { code } }",
    );
    expect(cancelled).to.deep.equal({
      errors: [],
      operation: { state: "CANCELLED", cause: { code: "CANCELLED_BY_USER" } },
    });
    expect(await codes("cancelOperation", { operation: operation.id })).to.deep.equal([
      "OPERATION_ENDED operation",
    ]);
    const removal = await mutate(
      "removeService",
      { service: id },
      "errors { code } operation { kind steps { name } service { id } }",
    );
    expect(removal.operation).to.deep.equal({
      kind: "REMOVE",
      steps: [{ name: "TERMINATE_OLD" }],
      service: { id },
    });
  });

  it("read anew after each change of one request", async () => {
    const query = `mutation {
      a: bumpRecipe(input: { recipe: "shop", title: "A" }) { recipe { title current { number } } }
      b: bumpRecipe(input: { recipe: "shop", title: "B" }) { recipe { title current { number } } }
    }`;
    const { a, b } = await api.current.query(query);
    expect(a.recipe.title).to.equal("A");
    expect(b.recipe).to.deep.equal({ title: "B", current: { number: a.recipe.current.number + 1 } });
    const [{ id: service }] = await api.current.sql("select id from service where name = 'branch'");
    const rebuild = { service, idempotencyKey: "rebuild" };
    const { operation } = await mutate("rebuildService", rebuild, "operation { id }");
    const nested = "operation { service { operation { id } } }";
    const twice = `mutation ($rebuild: RebuildServiceInput!, $operation: ID!) {
      rebuildService(input: $rebuild) { ${nested} } cancelOperation(input: { operation: $operation }) { ${nested} }
    }`;
    const answer = await api.current.query(twice, { rebuild, operation: operation.id });
    expect(answer.rebuildService.operation.service.operation).to.deep.equal(operation);
    expect(answer.cancelOperation.operation.service.operation).to.equal(null);
  });
});
