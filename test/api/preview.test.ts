import { expect } from "chai";
import fc from "fast-check";
import { recipeSpec } from "../domain/arbitraries.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const base = {
  env: [
    { name: "LEVEL", kind: "STATIC", value: "info" },
    { name: "TITLE", kind: "INPUT", default: "Shop" },
  ],
};
const louder = { env: [{ ...base.env[0], value: "debug" }, base.env[1]] };
const stopFirst = { rollout: { order: "STOP_FIRST" } };

const everything = `recipe { name } fromRevision toRevision digest changes { path before after }
  counts { noOp rolling downtime total } errors { code field message }
  services(first: 100) { totalCount edges { node {
    class why held missingInputs service { id name } changes { path before after secret } } } }`;

describe("the preview of a bump", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let number = 0;
  let recipe: string;

  before(async () => {
    await api.current.catalog.environment("DEV");
    await api.current.catalog.environment("PRD");
  });

  beforeEach(async () => {
    recipe = `shop-${++number}`;
    await api.current.catalog.recipe(recipe, base);
  });

  const deploy = async (environment: string, name: string, more: object = {}) =>
    (await api.current.catalog.deploy({ environment, recipe, name: `${name}-${number}`, ...more })).service
      .id;
  async function preview(input: object, fields = everything, token = api.current.token): Promise<Json> {
    const query = `query ($input: BumpRecipeInput!) { previewBump(input: $input) { ${fields} } }`;
    return (await api.current.query(query, { input: { recipe, ...input } }, token)).previewBump;
  }
  async function bump(input: object): Promise<Json> {
    const query =
      "mutation ($input: BumpRecipeInput!) { bumpRecipe(input: $input) { revision { number } errors { code field message } } }";
    return (await api.current.query(query, { input: { recipe, ...input } })).bumpRecipe;
  }
  const names = ({ services }: Json) => services.edges.map(({ node }: Json) => node.service.name);

  it("tells of every service what would change, in which class and why", async () => {
    await deploy("DEV", "one");
    await deploy("PRD", "two", { inputs: [{ name: "TITLE", value: "Zwei" }] });
    await api.current.catalog.settleAsDeployed();
    const shown = await preview({ spec: louder });
    expect(shown).to.deep.include({
      recipe: { name: recipe },
      fromRevision: 1,
      toRevision: 2,
      changes: [{ path: ["env", "LEVEL"], before: "info", after: "debug" }],
      counts: { noOp: 0, rolling: 2, downtime: 0, total: 2 },
      errors: [],
    });
    const { id: _id, ...one } = shown.services.edges[0].node.service;
    expect(one).to.deep.equal({ name: `one-${number}` });
    expect(shown.services.edges[1].node).to.deep.include({
      class: "ROLLING",
      why: null,
      held: false,
      missingInputs: [],
      changes: [{ path: ["env", "LEVEL"], before: "info", after: "debug", secret: false }],
    });
    const stopping = await preview({ spec: stopFirst });
    expect(stopping.counts).to.deep.equal({ noOp: 0, rolling: 0, downtime: 2, total: 2 });
    expect(stopping.services.edges[0].node.why).to.equal("The recipe wants the old one stopped first.");
    const nothing = await preview({ description: "better words" });
    expect(nothing.counts).to.deep.equal({ noOp: 2, rolling: 0, downtime: 0, total: 2 });
    expect(nothing.changes).to.deep.equal([]);
  });

  it("changes nothing", async () => {
    await deploy("DEV", "one");
    const state = () =>
      api.current.sql(
        "select (select cursor from event_counter), (select count(*) from recipe_revision), (select count(*) from rendered_base)",
      );
    const before = await state();
    await preview({ spec: louder });
    expect(await state()).to.deep.equal(before);
  });

  it("shows secrets as such, and inputs that services would lack", async () => {
    await deploy("DEV", "one");
    await api.current.catalog.settleAsDeployed();
    const spec = { env: [...base.env, { name: "KEY", kind: "SECRET", required: true }] };
    const { services } = await preview({ spec });
    expect(services.edges[0].node).to.deep.include({ missingInputs: ["KEY"], class: "ROLLING" });
    expect(services.edges[0].node.changes).to.deep.equal([
      { path: ["env", "KEY"], before: null, after: "(KEY is not given)", secret: false },
    ]);
  });

  it("leaves a held service where it is unless the bump makes something newer for it", async () => {
    const id = await deploy("DEV", "held");
    await api.current.catalog.settleAsDeployed();
    const [{ spec, fingerprint }] = await api.current.sql(
      "select desired_spec as spec, desired_fingerprint as fingerprint from service where id = $1",
      [id],
    );
    await bump({ spec: louder });
    await api.current.sql(
      "update service set held_at = now(), desired_revision = 1, desired_spec = $2, desired_fingerprint = $3 where id = $1",
      [id, spec, fingerprint],
    );
    const only = async (input: object) => (await preview(input)).services.edges[0].node;
    expect(await only({ description: "words" })).to.deep.include({ held: true, class: "NO_OP", changes: [] });
    const released = await only({ spec: stopFirst });
    expect(released).to.deep.include({ held: false, class: "DOWNTIME" });
    expect(released.changes.map(({ path }: Json) => path.join("."))).to.deep.equal([
      "env.LEVEL",
      "rollout.order",
    ]);
  });

  it("answers with what the bump would be refused for", async () => {
    await deploy("DEV", "one");
    await deploy("DEV", "two");
    const refused: [object, string[]][] = [
      [{ recipe: "no" }, ["NOT_FOUND"]],
      [{ expectedRevision: 7 }, ["CONFLICT"]],
      [{ spec: { ports: [{ name: "http", target: 70_000 }] } }, ["INVALID"]],
      [{ spec: { env: [{ name: "A", kind: "COMPUTED", value: "$REBAKE_VALUE_NO" }] } }, ["UNKNOWN_COMPUTED"]],
      [{ spec: { ports: [{ name: "http", target: 80, published: 8080 }] } }, ["PORT_TAKEN"]],
    ];
    for (const [input, codes] of refused) {
      const shown = await preview(input);
      expect(shown.errors.map(({ code }: Json) => code)).to.deep.equal(codes);
      expect(shown).to.deep.include({
        recipe: null,
        services: null,
        counts: null,
        digest: null,
        changes: [],
      });
      expect((await bump(input)).errors).to.deep.equal(shown.errors);
    }
    await api.current.sql("update recipe set archived_at = now() where name = $1", [recipe]);
    expect((await preview({})).errors[0].code).to.equal("ARCHIVED");
  });

  it("sees a port that a service of another recipe publishes", async () => {
    const { catalog } = api.current;
    const ports = [{ name: "http", target: 80, published: 9_000 + number }];
    await catalog.recipe(`other-${number}`, { ports });
    await catalog.deploy({ environment: "DEV", recipe: `other-${number}`, name: `other-${number}` });
    await deploy("PRD", "here");
    expect((await preview({ spec: { ports } })).errors).to.deep.equal([]);
    await deploy("DEV", "there");
    const [error] = (await preview({ spec: { ports } })).errors;
    expect(error.message).to.include(`other-${number}, there-${number} in DEV`);
  });

  it("is what a bump that expects it does, or the bump does nothing", async () => {
    const one = await deploy("DEV", "one");
    await api.current.catalog.settleAsDeployed();
    const { digest } = await preview({ spec: louder });
    const changed = [
      () => deploy("DEV", "newcomer"),
      () => api.current.sql("update service set deployed_fingerprint = 'x' where id = $1", [one]),
      () => api.current.sql("update service set removed_at = now() where id = $1", [one]),
    ];
    let expected = digest;
    for (const change of changed) {
      await change();
      const { errors, revision } = await bump({ spec: louder, expectedPreview: expected });
      expect(errors.map(({ code, field }: Json) => [code, field])).to.deep.equal([
        ["CONFLICT", ["expectedPreview"]],
      ]);
      expect(revision).to.equal(null);
      expected = (await preview({ spec: louder })).digest;
    }
    expect((await bump({ spec: stopFirst, expectedPreview: expected })).errors[0].code).to.equal("CONFLICT");
    expect((await bump({ spec: louder, expectedPreview: "anything" })).errors[0].code).to.equal("CONFLICT");
    expect(await bump({ spec: louder, message: "as shown", expectedPreview: expected })).to.deep.equal({
      revision: { number: 2 },
      errors: [],
    });
  });

  it("shows a token for some environments only what is in them, and stands for all", async () => {
    await deploy("DEV", "one");
    await deploy("PRD", "two");
    await api.current.catalog.settleAsDeployed();
    const onlyDev = await api.current.makeToken(["DEV"]);
    const all = await preview({ spec: louder });
    const some = await preview({ spec: louder }, everything, onlyDev);
    expect(names(all)).to.deep.equal([`one-${number}`, `two-${number}`]);
    expect(names(some)).to.deep.equal([`one-${number}`]);
    expect(some.counts).to.deep.equal({ noOp: 0, rolling: 1, downtime: 0, total: 1 });
    expect(some.digest).to.equal(all.digest);
  });

  it("names nothing that a token may not see when that is in the way", async () => {
    const { catalog } = api.current;
    await catalog.environment(`VAL-${number}`, [{ name: "REGION", value: "eu" }]);
    await deploy(`VAL-${number}`, "visible");
    await deploy("PRD", "secretive");
    const token = await api.current.makeToken([`VAL-${number}`]);
    const spec = { env: [{ name: "A", kind: "COMPUTED", value: "$REBAKE_VALUE_REGION" }] };
    const { errors } = await preview({ spec }, everything, token);
    expect(errors.map(({ code }: Json) => code)).to.deep.equal(["UNKNOWN_COMPUTED"]);
    expect(errors[0].message).not.to.match(/PRD|secretive/);
  });

  it("comes in pages, of one class if wanted", async () => {
    for (const name of ["a", "b", "c"]) {
      await deploy("DEV", name);
    }
    await api.current.catalog.settleAsDeployed();
    await api.current.sql("update service set deployed_fingerprint = 'x' where name = $1", [`b-${number}`]);
    const fields = (args: string) =>
      `services(${args}) { totalCount pageInfo { hasNextPage hasPreviousPage endCursor } edges { node { service { name } } } }`;
    const first = await preview({}, fields("first: 2"));
    expect([names(first), first.services.totalCount]).to.deep.equal([[`a-${number}`, `b-${number}`], 3]);
    expect(first.services.pageInfo).to.include({ hasNextPage: true, hasPreviousPage: false });
    const next = await preview({}, fields(`first: 2, after: "${first.services.pageInfo.endCursor}"`));
    expect(names(next)).to.deep.equal([`c-${number}`]);
    expect(next.services.pageInfo).to.include({ hasNextPage: false, hasPreviousPage: true });
    expect(names(await preview({}, fields("class: ROLLING")))).to.deep.equal([`b-${number}`]);
    expect(names(await preview({}, fields("last: 1")))).to.deep.equal([`c-${number}`]);
  });

  it("agrees with the Updates that there are after the bump, whatever it is", async function () {
    this.timeout(120_000);
    const ids = [
      await deploy("DEV", "one"),
      await deploy("PRD", "two", { inputs: [{ name: "TITLE", value: "Zwei" }] }),
      await deploy("DEV", "branch", { source: { branch: "next" } }),
      await deploy("PRD", "held"),
    ];
    await api.current.catalog.settleAsDeployed();
    const never = await deploy("DEV", "never");
    await api.current.sql("update operation set state = 'FAILED' where service_id = $1", [never]);
    const order = fc.constantFrom("START_FIRST", "STOP_FIRST");
    const specs = fc.oneof(
      { arbitrary: recipeSpec, weight: 3 },
      { arbitrary: fc.constant(base), weight: 1 },
      { arbitrary: fc.constant({}), weight: 1 },
    );
    const bumps = fc.tuple(specs, order, fc.subarray(ids));
    await fc.assert(
      fc.asyncProperty(bumps, async ([spec, order, rebuilt]) => {
        await pretendRebuilt(rebuilt);
        await api.current.sql("update service set held_at = now() where name = $1", [`held-${number}`]);
        const input = { spec: { ...spec, rollout: { order } } };
        const shown = await preview(input);
        expect(shown.errors).to.deep.equal([]);
        expect((await bump({ ...input, expectedPreview: shown.digest })).errors).to.deep.equal([]);
        const expected = shown.services.edges.flatMap(({ node }: Json) =>
          node.class === "NO_OP" ? [] : [[node.service.name, node.missingInputs, node.changes]],
        );
        expect(await standing()).to.deep.equal(expected);
        const held = shown.services.edges.flatMap(({ node }: Json) => (node.held ? [node.service.name] : []));
        expect(await stillHeld()).to.deep.equal(held);
      }),
      { numRuns: 60 },
    );
  });

  /** As a good rebuild to what they should run would leave them. */
  async function pretendRebuilt(ids: string[]): Promise<void> {
    await api.current.sql(
      `update service set deployed_fingerprint = desired_fingerprint, deployed_spec = desired_spec,
         deployed_revision = desired_revision where id = any($1)`,
      [ids],
    );
    await api.current.sql("delete from service_update where service_id = any($1)", [ids]);
  }

  async function standing(): Promise<Json[]> {
    const query = `query ($recipe: String!) { updates(first: 100, filter: { recipe: $recipe }) { edges { node {
      missingInputs service { id name } changes { path before after secret } } } } }`;
    const { updates } = await api.current.query(query, { recipe });
    return updates.edges
      .map(({ node }: Json) => node)
      .sort((a: Json, b: Json) => (a.service.id < b.service.id ? -1 : 1))
      .map(({ service, missingInputs, changes }: Json) => [service.name, missingInputs, changes]);
  }

  async function stillHeld(): Promise<string[]> {
    const rows = await api.current.sql(
      "select service.name from service join recipe on recipe.id = recipe_id where recipe.name = $1 and held_at is not null",
      [recipe],
    );
    return rows.map(({ name }) => name);
  }
});
