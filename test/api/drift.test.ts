import { expect } from "chai";
import { execute, parse } from "graphql";
import { settleUpdates } from "../../src/domain/settle-updates.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const drift = [
  { path: ["env", "KEY"], before: null, after: null, secret: true },
  { path: ["replicas"], before: "1", after: "4", secret: false },
];
const level = (value: string) => ({ env: [{ name: "LEVEL", kind: "STATIC", value }] });
const recipeChange = { path: ["env", "LEVEL"], before: "info", after: "debug", secret: false };
const fields =
  "reasons kind fromRevision toRevision changes { path before after secret } drift { path before after secret }";

describe("drift over the API", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let service: string;

  before(async () => {
    const { catalog } = api.current;
    await catalog.environment("DEV");
    await catalog.recipe("shop", level("info"));
    service = (await catalog.deploy({ environment: "DEV", recipe: "shop", name: "orders" })).service.id;
    await catalog.deploy({ environment: "DEV", recipe: "shop", name: "as-deployed" });
    await catalog.settleAsDeployed();
    await setDrift(drift);
  });

  const setDrift = (found: typeof drift | null) =>
    api.current.catalog.run(async (tx) => {
      await tx.query("update service set drift = $2::jsonb where id = $1", [
        service,
        found && JSON.stringify(found),
      ]);
      await settleUpdates(tx, [service]);
    });
  const list = async (filter: string): Promise<Json[]> =>
    (
      await api.current.query(`{ updates(filter: { ${filter} }) { edges { node { ${fields} } } } }`)
    ).updates.edges.map(({ node }: Json) => node);

  it("is listed with what was changed, of the kind UPGRADE, and found by its reason", async () => {
    const [found, ...more] = await list("reason: DRIFT, kind: UPGRADE");
    expect(more).to.deep.equal([]);
    expect(found).to.deep.equal({
      ...{ reasons: ["DRIFT"], kind: "UPGRADE", fromRevision: 1, toRevision: 1, changes: drift, drift },
    });
    expect(await list("kind: UPDATE")).to.deep.equal([]);
  });

  it("comes after the changes of the recipe, with Service.update, too", async () => {
    const { catalog } = api.current;
    await catalog.bump("shop", { spec: level("debug") });
    const { service: found } = await api.current.query(
      `{ service(environment: "DEV", name: "orders") { update { ${fields} } } }`,
    );
    expect(found.update).to.deep.include({
      ...{ reasons: ["RECIPE", "DRIFT"], changes: [recipeChange, ...drift], drift },
    });
    await catalog.bump("shop", { spec: level("info") });
  });

  it("is shown by events as it was then, and those of older versions have none", async () => {
    await setDrift(null);
    const events = (await api.current.catalog.events()).filter(
      ({ type, payload }) => type.startsWith("UPDATE_") && payload.serviceId === service,
    );
    const document = parse(`subscription { updates { __typename update { ${fields} } } }`);
    const shown = async (event: (typeof events)[number]): Promise<Json> => {
      const { schema, contexts } = api.current.api.edge;
      const contextValue = contexts.forEvents({ role: "ADMIN", environments: null });
      const { data, errors } = (await execute({ schema, document, contextValue, rootValue: event })) as Json;
      expect(errors).to.equal(undefined);
      return data.updates;
    };
    const [raised, resolved] = [await shown(events[0]!), await shown(events.at(-1)!)];
    expect([raised.__typename, resolved.__typename]).to.deep.equal(["UpdateAvailable", "UpdateResolved"]);
    expect(raised.update).to.deep.include({ reasons: ["DRIFT"], changes: drift, drift });
    expect(resolved.update).to.deep.include({ reasons: ["DRIFT"], changes: drift, drift });
    const { drift: _later, ...older } = events[0]!.payload as Json;
    const old = await shown({ ...events[0]!, payload: older } as (typeof events)[number]);
    expect(old.update).to.deep.include({ changes: [], drift: [] });
    expect(await list("reason: DRIFT")).to.deep.equal([]);
  });
});
