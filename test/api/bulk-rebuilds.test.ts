import { expect } from "chai";
import type { Feed } from "../../src/api/feed.js";
import { advanceBulkRebuild } from "../../src/domain/advance-bulk-rebuild.js";
import { wants } from "../../src/events/event-filter.js";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const fields =
  "id state total waiting running succeeded failed skipped parallel maxFailures requestedBy finishedAt";
const rebuildAffected = `mutation($input: RebuildAffectedInput!) { rebuildAffected(input: $input) {
  bulkRebuild { ${fields} items { totalCount edges { node { state message service { name } operation { id } } } } }
  cursor errors { code field } } }`;
const cancelBulkRebuild = `mutation($id: ID!) { cancelBulkRebuild(input: { bulkRebuild: $id }) {
  bulkRebuild { id state } errors { code field } } }`;

describe("bulk rebuilds over HTTP", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let dev: string;
  let prod: string;

  before(async () => {
    const { catalog } = api.current;
    await catalog.environment("DEV");
    await catalog.environment("PROD");
    await catalog.recipe("shop");
    for (const [environment, name] of [
      ["DEV", "catalog"],
      ["DEV", "orders"],
      ["PROD", "orders"],
    ] as const) {
      await catalog.deploy({ environment, recipe: "shop", name });
    }
    // As if their first deploys had ended: nothing works on operations here.
    await api.current.sql("update operation set state = 'FAILED', finished_at = now()");
    await catalog.bump("shop", { spec: { env: [{ name: "A", kind: "STATIC", value: "1" }] } });
    dev = await api.current.makeToken(["DEV"]);
    prod = await api.current.makeToken(["PROD"]);
  });
  afterEach(async () => {
    await api.current.sql(
      "update operation set state = 'FAILED', finished_at = now() where finished_at is null",
    );
    await api.current.sql(
      "update bulk_rebuild set state = 'FAILED', finished_at = now() where finished_at is null",
    );
  });

  async function begin(input: object = { filter: {} }, token?: string): Promise<Json> {
    return (await api.current.query(rebuildAffected, { input }, token)).rebuildAffected;
  }
  const advance = (id: string) => {
    const { catalog } = api.current;
    return catalog.run((tx) => advanceBulkRebuild(tx, id, catalog.drivers));
  };
  const cancel = async (id: string, token?: string) =>
    (await api.current.query(cancelBulkRebuild, { id }, token)).cancelBulkRebuild;
  const list = async (filter: object, token?: string) =>
    (
      await api.current.query(
        "query($filter: BulkRebuildFilter) { bulkRebuilds(filter: $filter, last: 100) { edges { node { id } } } }",
        { filter },
        token,
      )
    ).bulkRebuilds.edges.map(({ node }: Json) => node.id);

  it("are planned as a whole, with few at a time and the defaults said", async () => {
    const { bulkRebuild, errors } = await begin();
    expect(errors).to.deep.equal([]);
    expect(bulkRebuild).to.deep.include({
      ...{ state: "RUNNING", total: 3, waiting: 3, running: 0, succeeded: 0, failed: 0, skipped: 0 },
      ...{ parallel: 2, maxFailures: 1, finishedAt: null },
    });
    expect(bulkRebuild.items.totalCount).to.equal(3);
    await advance(bulkRebuild.id);
    const { node, operations } = await api.current.query(
      `query($id: ID!) { node(id: $id) { ... on BulkRebuild { ${fields} } }
        operations(filter: { bulkRebuild: $id }) { edges { node { kind state bulkRebuild { id } } } } }`,
      { id: bulkRebuild.id },
    );
    expect(node).to.deep.include({ state: "RUNNING", waiting: 1, running: 2 });
    const begun = { kind: "REBUILD", state: "QUEUED", bulkRebuild: { id: bulkRebuild.id } };
    expect(operations.edges.map((edge: Json) => edge.node)).to.deep.equal([begun, begun]);
  });

  it("are of those services only that filter and token name, or of none", async () => {
    const names = ({ bulkRebuild }: Json) =>
      bulkRebuild.items.edges.map(({ node }: Json) => node.service.name).sort();
    expect(names(await begin({ filter: { environment: "PROD" } }))).to.deep.equal(["orders"]);
    expect(names(await begin({ filter: {} }, dev))).to.deep.equal(["catalog", "orders"]);
    const { bulkRebuild } = await begin({ filter: { environment: "PROD" } }, dev);
    expect(bulkRebuild).to.deep.include({ state: "SUCCEEDED", total: 0 });
    expect(bulkRebuild.finishedAt).to.be.a("string");
  });

  it("are the same again for the same key, and refuse numbers that make no sense", async () => {
    const input = { filter: {}, idempotencyKey: "once" };
    const first = await begin(input);
    expect((await begin(input)).bulkRebuild.id).to.equal(first.bulkRebuild.id);
    expect((await begin(input, dev)).errors).to.deep.equal([{ code: "CONFLICT", field: ["idempotencyKey"] }]);
    expect((await begin({ filter: {}, parallel: 101 })).errors).to.deep.equal([
      { code: "INVALID", field: ["parallel"] },
    ]);
  });

  it("are neither seen nor cancelled by a token that may not see all of their environments", async () => {
    const all = (await begin()).bulkRebuild.id;
    const own = (await begin({ filter: {} }, dev)).bulkRebuild.id;
    expect(await list({ active: true })).to.deep.equal([all, own]);
    expect(await list({ active: true }, dev)).to.deep.equal([own]);
    expect(await list({ active: true }, prod)).to.deep.equal([]);
    expect(await list({ active: false })).not.to.include(all);
    const node = "query($id: ID!) { node(id: $id) { id } }";
    expect((await api.current.query(node, { id: all }, dev)).node).to.equal(null);
    for (const [id, token] of [
      [all, dev],
      [own, prod],
      ["blk_nothing", undefined],
    ] as const) {
      expect((await cancel(id, token)).errors).to.deep.equal([{ code: "NOT_FOUND", field: ["bulkRebuild"] }]);
    }
  });

  it("end when cancelled, once, with nothing more begun", async () => {
    const { id } = (await begin({ filter: {}, parallel: 1 })).bulkRebuild;
    await advance(id);
    expect((await cancel(id)).errors).to.deep.equal([]);
    // Cancels what was begun; the next one counts how that ended.
    await advance(id);
    await advance(id);
    const { node } = await api.current.query(
      `query($id: ID!) { node(id: $id) { ... on BulkRebuild { ${fields} } } }`,
      { id },
    );
    expect(node).to.deep.include({ state: "CANCELLED", waiting: 0, running: 0, skipped: 3 });
    expect((await cancel(id)).errors[0].code).to.equal("OPERATION_ENDED");
  });

  it("are followed from their first event on by those who may see them", async () => {
    const { bulkRebuild } = await begin({ filter: {} }, dev);
    await advance(bulkRebuild.id);
    const { subscribe } = api.current.api.edge.schema.getSubscriptionType()!.getFields().bulkRebuildProgress!;
    const follow = async (environments: string[]): Promise<Feed> => {
      const scope = { role: "ADMIN", environments } as const;
      const context = api.current.api.edge.contexts.forRequest({ tokenId: "t", name: "t" }, scope, "r");
      return subscribe!(undefined, { bulkRebuild: bulkRebuild.id }, context, {} as never) as Promise<Feed>;
    };
    const { source } = await follow(["DEV"]);
    const told = (await api.current.catalog.events()).filter(
      (event) => event.cursor > source.after! && wants(source, event),
    );
    expect(told.map(({ payload }) => (payload as Json).running)).to.deep.equal([0, 2]);
    const refused = await follow(["PROD"]).catch((error) => error);
    expect(refused.code).to.equal("NO_SUCH_OPERATION");
  });
});
