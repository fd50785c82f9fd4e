import { expect } from "chai";
import { refreshFingerprints } from "../../src/domain/refresh-fingerprints.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer } from "./api-server.js";

const volume = { source: "data", target: "/data" };

describe("specs from before volumes could be shared", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let recipe: string;
  let number = 0;

  before(() => api.current.catalog.swarmEnvironment("STG"));
  beforeEach(async () => {
    const { catalog } = api.current;
    recipe = `shop-${++number}`;
    await catalog.recipe(recipe, { volumes: [volume] });
    await catalog.deploy({ environment: "STG", recipe, name: recipe });
    await catalog.settleAsDeployed();
    // As such a version wrote it.
    await api.current.sql(
      `update recipe_revision set spec = jsonb_set(spec, '{volumes,0}', (spec->'volumes'->0) - 'shared')`,
    );
  });

  const updates = async () =>
    (
      await api.current.query(
        "{ updates { edges { node { service { name } changes { path before after } } } } }",
      )
    ).updates.edges
      .map(({ node }: any) => node)
      .filter(({ service }: any) => service.name === recipe);

  it("rendered nothing of it, and what is rendered now is the same", async () => {
    const [kept] = await api.current.sql(
      `select content->'volumes'->0 as volume from service join rendered_base on hash = split_part(deployed_spec, '.', 1)
       where name = $1`,
      [recipe],
    );
    expect(kept!.volume).to.deep.equal({ type: "VOLUME", readOnly: false, ...volume });
  });

  it("make nobody outdated: not at start, not by a bump of something else", async () => {
    const { catalog } = api.current;
    await refreshFingerprints(catalog.transactions, catalog.drivers);
    expect(await updates()).to.deep.equal([]);
    await catalog.bump(recipe, { description: "for the shop" });
    expect(await updates()).to.deep.equal([]);
    await catalog.bump(recipe, { spec: { volumes: [volume] } });
    expect(await updates()).to.deep.equal([]);
  });

  it("are shown with what they lack, and as no change of it", async () => {
    await api.current.catalog.bump(recipe, { spec: { volumes: [volume] } });
    const query = `{ recipe(name: "${recipe}") { revisions { edges { node { spec { volumes { shared } } changes { path } } } } } }`;
    const [first, second] = (await api.current.query(query)).recipe.revisions.edges;
    expect(first.node.spec.volumes).to.deep.equal([{ shared: false }]);
    expect(second.node).to.deep.equal({ spec: { volumes: [{ shared: false }] }, changes: [] });
  });

  it("are outdated once it is shared", async () => {
    const { catalog } = api.current;
    await catalog.bump(recipe, { spec: { volumes: [{ ...volume, shared: true }] } });
    const [update] = await updates();
    expect(update.changes).to.deep.equal([
      { path: ["volumes", "/data", "shared"], before: null, after: "true" },
    ]);
  });
});
