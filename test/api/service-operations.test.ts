import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const missing = "svc_00000000000000000000000000";
const none = { errors: [] };

describe("operations on services", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let number = 0;
  let recipe: string;
  let service: string;

  async function mutate(name: string, input: object, fields: string, token?: string): Promise<Json> {
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
    const query = `mutation ($input: ${type}!) { payload: ${name}(input: $input) { ${fields} } }`;
    return (await api.current.query(query, { input }, token)).payload;
  }
  async function codes(name: string, input: object, token?: string): Promise<string[]> {
    const { errors } = await mutate(name, input, "errors { code field message }", token);
    return errors.map((error: Json) => `${error.code} ${error.field?.join(".") ?? ""}`.trim());
  }
  const queued =
    "errors { code message } cursor operation { id kind state requestedBy fromRevision toRevision commit }";

  before(async () => {
    await api.current.catalog.environment("DEV", [{ name: "REGION", value: "eu" }]);
    await api.current.catalog.environment("PROD");
  });

  beforeEach(async () => {
    recipe = `recipe-${++number}`;
    await api.current.catalog.recipe(recipe, {
      source: { repository: "https://git.example/shop.git", branch: "main" },
      env: [
        { name: "NAME", kind: "INPUT", label: "Name of the shop" },
        { name: "KEY", kind: "SECRET", required: true },
      ],
    });
    const made = await api.current.catalog.deploy({
      ...{ environment: "DEV", recipe, name: recipe, replicas: 2 },
      inputs: [{ name: "KEY", value: "first" }],
    });
    service = made.service.id;
  });

  /** As after a good first deploy. */
  async function settled(): Promise<string> {
    await api.current.sql(
      `update operation set state = 'SUCCEEDED', finished_at = now(), spec = service.desired_spec, commit = $2,
         fingerprint = service.desired_fingerprint, to_revision = service.desired_revision, source = '{}'
       from service where service.id = operation.service_id and service_id = $1 and operation.state = 'QUEUED'`,
      [service, "a".repeat(40)],
    );
    const [row] = await api.current.sql("select id from operation where service_id = $1", [service]);
    await api.current.sql(
      `update service set deployed_fingerprint = desired_fingerprint, deployed_spec = desired_spec,
         deployed_revision = desired_revision, deployed_commit = $2, deployed_operation_id = $3 where id = $1`,
      [service, "a".repeat(40), row.id],
    );
    return row.id;
  }

  it("rebuildService takes a revision, a branch or a commit, and shows what it is going to bring", async () => {
    await settled();
    await api.current.catalog.bump(recipe, { description: "words" });
    const plain = await mutate("rebuildService", { service }, queued);
    expect(plain.operation).to.include({ kind: "REBUILD", state: "QUEUED", toRevision: null, commit: null });
    const older = await mutate("rebuildService", { service, revision: 1, commit: "b".repeat(40) }, queued);
    expect(older).to.deep.include(none);
    expect(older.operation).to.include({ toRevision: 1, commit: "b".repeat(40), fromRevision: 1 });
    expect(BigInt(older.cursor) > BigInt(plain.cursor)).to.equal(true);
    const branch = await mutate("rebuildService", { service, branch: "feature/Весна" }, queued);
    expect(branch.operation).to.include({ toRevision: 2, commit: null });
    const { node } = await api.current.query(
      "query($id: ID!) { node(id: $id) { ... on Service { operation { id } operations { edges { node { state cause { code } } } } } } }",
      { id: service },
    );
    expect(node.operation.id).to.equal(branch.operation.id);
    expect(node.operations.edges.map(({ node: { state } }: Json) => state)).to.deep.equal([
      "SUCCEEDED",
      "SUPERSEDED",
      "SUPERSEDED",
      "QUEUED",
    ]);
  });

  it("rebuildService names what cannot be had", async () => {
    expect(await codes("rebuildService", { service, revision: 7 })).to.deep.equal(["NOT_FOUND revision"]);
    expect(await codes("rebuildService", { service, commit: "HEAD" })).to.deep.equal(["INVALID commit"]);
    expect(await codes("rebuildService", { service, branch: "a..b" })).to.deep.equal(["INVALID branch"]);
    expect(await codes("rebuildService", { service: missing })).to.deep.equal(["NOT_FOUND service"]);
    await api.current.catalog.recipe(`plain-${number}`);
    const plain = await api.current.catalog.deploy({
      ...{ environment: "DEV", recipe: `plain-${number}`, name: `plain-${number}` },
    });
    expect(await codes("rebuildService", { service: plain.service.id, branch: "main" })).to.deep.equal([
      "INVALID branch",
    ]);
  });

  it("rollbackService returns to an operation's state, by default to the last other one", async () => {
    const first = await settled();
    expect(await codes("rollbackService", { service })).to.deep.equal(["NOT_FOUND operation"]);
    expect(await codes("rollbackService", { service, operation: missing })).to.deep.equal([
      "NOT_FOUND operation",
    ]);
    const { operation } = await mutate("rollbackService", { service, operation: first }, queued);
    expect(operation).to.include({ kind: "ROLLBACK", toRevision: 1, commit: "a".repeat(40) });
    expect(await codes("rollbackService", { service, operation: operation.id })).to.deep.equal([
      "INVALID operation",
    ]);
  });

  it("restartService and scaleService need something that runs", async () => {
    expect(await codes("restartService", { service })).to.deep.equal(["CONFLICT service"]);
    expect(await codes("scaleService", { service, replicas: 3 })).to.deep.equal(["CONFLICT service"]);
    await settled();
    expect((await mutate("restartService", { service }, queued)).operation.kind).to.equal("RESTART");
    const scale = await mutate("scaleService", { service, replicas: 3, idempotencyKey: "k" }, queued);
    expect(scale.operation.kind).to.equal("SCALE");
    const again = await mutate("scaleService", { service, replicas: 3, idempotencyKey: "k" }, queued);
    expect(again.operation.id).to.equal(scale.operation.id);
    expect(await codes("restartService", { service, idempotencyKey: "k" })).to.deep.equal([
      "CONFLICT idempotencyKey",
    ]);
    expect(await codes("scaleService", { service, replicas: 1001 })).to.deep.equal(["INVALID replicas"]);
    expect(await codes("scaleService", { service, replicas: -1 })).to.deep.equal(["INVALID replicas"]);
    await api.current.sql("update service set mode = 'GLOBAL' where id = $1", [service]);
    expect(await codes("scaleService", { service, replicas: 1 })).to.deep.equal(["INVALID service"]);
  });

  it("setServiceInputs changes what should run, shows no secret, and loses nothing that is not named", async () => {
    await settled();
    const fields =
      "errors { code message } cursor service { inputs { name value secret } update { reasons missingInputs changes { path before after secret } } }";
    const inputs = [
      { name: "NAME", value: "Лавка = открыта" },
      { name: "KEY", value: "second" },
    ];
    const { service: changed } = await mutate("setServiceInputs", { service, inputs }, fields);
    expect(changed.inputs).to.deep.equal([
      { name: "KEY", value: null, secret: true },
      { name: "NAME", value: "Лавка = открыта", secret: false },
    ]);
    expect(changed.update).to.deep.equal({
      reasons: ["INPUTS"],
      missingInputs: [],
      changes: [
        { path: ["env", "KEY"], before: null, after: null, secret: true },
        { path: ["env", "NAME"], before: null, after: "Лавка = открыта", secret: false },
      ],
    });
    const back = await mutate("setServiceInputs", { service, unset: ["NAME"] }, fields);
    expect(back.service.inputs).to.deep.equal([{ name: "KEY", value: null, secret: true }]);
    expect(back.service.update.changes).to.have.length(1);
  });

  it("setServiceInputs and deployService name each input that is wrong", async () => {
    const inputs = [
      { name: "WRONG", value: "" },
      { name: "ALSO", value: "" },
    ];
    expect(await codes("setServiceInputs", { service, inputs })).to.deep.equal([
      "UNKNOWN_INPUT inputs.WRONG",
      "UNKNOWN_INPUT inputs.ALSO",
    ]);
    expect(await codes("setServiceInputs", { service, unset: ["KEY"] })).to.deep.equal([
      "MISSING_INPUT unset.KEY",
    ]);
    expect(await codes("setServiceInputs", { service: missing, inputs: [] })).to.deep.equal([
      "NOT_FOUND service",
    ]);
    const deploy = { environment: "DEV", recipe, name: "other" };
    expect(await codes("deployService", deploy)).to.deep.equal(["MISSING_INPUT inputs.KEY"]);
    expect(await codes("deployService", { ...deploy, inputs })).to.deep.equal([
      "UNKNOWN_INPUT inputs.WRONG",
      "UNKNOWN_INPUT inputs.ALSO",
    ]);
  });

  it("a bump may ask for an input that services lack; they are rebuilt once they have it", async () => {
    await settled();
    const spec = { env: [{ name: "TOKEN", kind: "SECRET", required: true }] };
    await api.current.catalog.bump(recipe, { spec });
    const { updates } = await api.current.query(
      "query($recipe: String) { updates(filter: { recipe: $recipe }) { edges { node { missingInputs } } } }",
      { recipe },
    );
    expect(updates.edges[0].node.missingInputs).to.deep.equal(["TOKEN"]);
    expect(await codes("rebuildService", { service })).to.deep.equal(["MISSING_INPUT inputs.TOKEN"]);
    await mutate("setServiceInputs", { service, inputs: [{ name: "TOKEN", value: "t" }] }, "errors { code }");
    expect(await codes("rebuildService", { service })).to.deep.equal([]);
  });

  it("two clients at once get a queue, never a mess", async () => {
    await settled();
    const all = await Promise.all([
      ...[1, 2, 3].map(() => mutate("rebuildService", { service }, queued)),
      ...[4, 5].map((replicas) => mutate("scaleService", { service, replicas }, queued)),
      mutate("restartService", { service }, queued),
    ]);
    expect(all.flatMap(({ errors }) => errors)).to.deep.equal([]);
    const waiting = await api.current.sql(
      "select kind, count(*)::int as count from operation where service_id = $1 and state = 'QUEUED' group by kind order by kind",
      [service],
    );
    expect(waiting.filter(({ kind }) => kind !== "RESTART")).to.deep.equal([
      { kind: "REBUILD", count: 1 },
      { kind: "SCALE", count: 1 },
    ]);
    const removed = await mutate("removeService", { service }, queued);
    expect(removed.errors).to.deep.equal([]);
    expect(await codes("rebuildService", { service })).to.deep.equal(["CONFLICT service"]);
    expect(await codes("scaleService", { service, replicas: 1 })).to.deep.equal(["CONFLICT service"]);
  });

  it("a token for other environments finds nothing to change", async () => {
    await settled();
    const token = await api.current.makeToken(["PROD"]);
    for (const [name, more] of [
      ["rebuildService", {}],
      ["rollbackService", {}],
      ["restartService", {}],
      ["scaleService", { replicas: 1 }],
      ["setServiceInputs", {}],
      ["removeService", {}],
    ] as const) {
      expect(await codes(name, { service, ...more }, token), name).to.deep.equal(["NOT_FOUND service"]);
    }
    const looked = await mutate("lookForUpdates", { service }, "branches errors { code }", token);
    expect(looked).to.deep.equal({ branches: 0, errors: [] });
  });

  it("lookForUpdates looks at the branches that services follow, and Service.newestCommit says what is known", async () => {
    await api.current.sql("update source_head set next_check_at = now() + interval '1 hour', error = 'no'");
    expect((await mutate("lookForUpdates", { service }, "branches")).branches).to.equal(1);
    const [due] = await api.current.sql("select count(*)::int from source_head where next_check_at <= now()");
    expect(due.count).to.equal(1);
    const { node } = await api.current.query(
      "query($id: ID!) { node(id: $id) { ... on Service { heldAt newestCommit { repository branch commit checkedAt error } } } }",
      { id: service },
    );
    expect(node).to.deep.equal({
      heldAt: null,
      newestCommit: {
        ...{ repository: "https://git.example/shop.git", branch: "main", commit: null, checkedAt: null },
        error: "no",
      },
    });
  });
});
