import { expect } from "chai";
import { bumpRecipe } from "../../src/domain/bump-recipe.js";
import { markUpdatesRead } from "../../src/domain/mark-updates-read.js";
import { actor } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { someoneWaits, uncommitted } from "../support/transactions.js";
import { apiServer, type Json } from "./api-server.js";

const level = (value: string) => ({ env: [{ name: "LEVEL", kind: "STATIC", value }] });

describe("read marks of Updates", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let updates: Record<string, string>;
  let number = 0;

  before(async () => {
    const { catalog } = api.current;
    await catalog.environment("DEV");
    await catalog.environment("PRD");
    for (const recipe of ["shop", "blog"]) {
      await catalog.recipe(recipe, level("0"));
      await catalog.deploy({ environment: "DEV", recipe, name: recipe });
    }
    await catalog.deploy({ environment: "PRD", recipe: "shop", name: "shop" });
    await catalog.settleAsDeployed();
  });

  beforeEach(async () => {
    await bump("shop");
    await bump("blog");
    const rows = await api.current.sql(
      `select service_update.id, environment.code || '/' || service.name as name from service_update
       join service on service.id = service_id join environment on environment.id = service.environment_id`,
    );
    updates = Object.fromEntries(rows.map(({ id, name }) => [name, id]));
  });

  const bump = (recipe: string) => api.current.catalog.bump(recipe, { spec: level(String(++number)) });
  async function mark(input: object, token = api.current.token): Promise<Json> {
    const query =
      "mutation ($input: MarkUpdatesReadInput!) { markUpdatesRead(input: $input) { count unreadCount errors { code field } } }";
    return (await api.current.query(query, { input }, token)).markUpdatesRead;
  }
  async function unread(): Promise<string[]> {
    const rows = await api.current.sql("select id from service_update where read_at is null");
    return Object.keys(updates)
      .filter((name) => rows.some(({ id }) => id === updates[name]))
      .sort();
  }
  const now = async (): Promise<string> => (await api.current.query("{ cursor }")).cursor;

  it("are set by id and taken back, for everybody", async () => {
    const named = { updates: [updates["DEV/shop"], updates["PRD/shop"]] };
    expect(await mark(named)).to.deep.equal({ count: 2, unreadCount: 1, errors: [] });
    expect(await mark(named)).to.deep.equal({ count: 0, unreadCount: 1, errors: [] });
    const { updates: list } = await api.current.query(
      '{ updates(filter: { unread: false, recipe: "shop" }) { totalCount unreadCount edges { node { read } } } }',
    );
    const read = { node: { read: true } };
    expect(list).to.deep.equal({ totalCount: 2, unreadCount: 0, edges: [read, read] });
    expect(await mark({ updates: [updates["PRD/shop"]], read: false })).to.include({ count: 1 });
    expect(await unread()).to.deep.equal(["DEV/blog", "PRD/shop"]);
  });

  it("are set by a filter, together with ids only where both hold", async () => {
    expect(await mark({ filter: { environment: "DEV" } })).to.include({ count: 2, unreadCount: 1 });
    expect(await mark({ updates: [updates["PRD/shop"]], filter: { recipe: "blog" } })).to.include({
      count: 0,
    });
    expect(await unread()).to.deep.equal(["PRD/shop"]);
    expect(await mark({ filter: {} })).to.include({ count: 1, unreadCount: 0 });
  });

  it("pass over Updates that have gone, and ids that never were", async () => {
    const gone = [updates["DEV/blog"], "upd_none", ""];
    await api.current.catalog.bump("blog", { spec: level("0") });
    expect(await mark({ updates: gone })).to.deep.equal({ count: 0, unreadCount: 2, errors: [] });
  });

  it("ask to be told which", async () => {
    for (const input of [{}, { updates: null, filter: null }, { read: false, upTo: "0" }]) {
      const { count, errors } = await mark(input);
      expect([count, errors]).to.deep.equal([null, [{ code: "INVALID", field: ["updates"] }]]);
    }
    expect(await mark({ updates: [] })).to.include({ count: 0 });
  });

  it("stay off what has changed since it was seen", async () => {
    const seen = await now();
    await bump("shop");
    expect(await mark({ filter: {}, upTo: seen })).to.include({ count: 1, unreadCount: 2 });
    expect(await unread()).to.deep.equal(["DEV/shop", "PRD/shop"]);
    expect(await mark({ filter: {}, upTo: await now() })).to.include({ count: 2, unreadCount: 0 });
  });

  it("stay off what is changing while they are set", async () => {
    const { catalog } = api.current;
    const seen = BigInt(await now());
    const open = await uncommitted(catalog, (tx) =>
      bumpRecipe(tx, { recipe: "shop", spec: level(String(++number)) }, actor, catalog.drivers),
    );
    const marking = catalog.run((tx) => markUpdatesRead(tx, [], { read: true, upTo: seen }));
    await someoneWaits(catalog);
    await open.commit();
    expect(await marking).to.equal(1);
    expect(await unread()).to.deep.equal(["DEV/shop", "PRD/shop"]);
  });

  it("go when an Update changes, and stay when only the revision does", async () => {
    await mark({ filter: {} });
    await api.current.catalog.bump("shop", { description: `words ${number}` });
    expect(await unread()).to.deep.equal([]);
    await bump("shop");
    expect(await unread()).to.deep.equal(["DEV/shop", "PRD/shop"]);
  });

  it("are set only where a token may look", async () => {
    const onlyDev = await api.current.makeToken(["DEV"]);
    expect(await mark({ updates: Object.values(updates), filter: {} }, onlyDev)).to.deep.equal({
      count: 2,
      unreadCount: 0,
      errors: [],
    });
    expect(await unread()).to.deep.equal(["PRD/shop"]);
  });

  it("are refused for a cursor whose events have been cleaned up", async () => {
    await api.current.sql("update event_counter set expired_cursor = cursor");
    const query = 'mutation { markUpdatesRead(input: { filter: {}, upTo: "1" }) { count } }';
    expect((await api.current.error(query)).extensions.code).to.equal("CURSOR_EXPIRED");
    expect(await unread()).to.have.length(3);
    expect(await mark({ filter: {}, upTo: await now() })).to.include({ count: 3 });
    await api.current.sql("update event_counter set expired_cursor = 0");
  });
});
