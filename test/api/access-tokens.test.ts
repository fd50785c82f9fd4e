import { expect } from "chai";
import { Authenticator } from "../../src/api/access.js";
import { createAccessToken } from "../../src/domain/create-access-token.js";
import { revokeAccessToken } from "../../src/domain/revoke-access-token.js";
import { RequestError } from "../../src/errors.js";
import { testDatabase } from "../support/cluster.js";
import { someoneWaits, uncommitted } from "../support/transactions.js";
import { apiServer, type Json } from "./api-server.js";

const made = `mutation ($input: CreateAccessTokenInput!) { payload: createAccessToken(input: $input) {
  token accessToken { id name environments createdAt expiresAt revokedAt } errors { code field message } } }`;
const revoked = `mutation ($input: RevokeAccessTokenInput!) { payload: revokeAccessToken(input: $input) {
  accessToken { id revokedAt } errors { code field message } } }`;

describe("access tokens", () => {
  const database = testDatabase();
  const api = apiServer(database);

  const create = async (input: object, token?: string): Promise<Json> =>
    (await api.current.query(made, { input }, token)).payload;
  const revoke = async (accessToken: string, token?: string): Promise<Json> =>
    (await api.current.query(revoked, { input: { accessToken } }, token)).payload;
  const told = ({ errors }: Json): string[] =>
    errors.map((error: Json) => [error.code, ...error.field].join(" "));
  const status = async (token: string): Promise<number> =>
    (await api.current.post({ query: "{ __typename }" }, { authorization: `Bearer ${token}` })).status;
  const codesSeenBy = async (token: string): Promise<string[]> =>
    (await api.current.query("{ environments { code } }", {}, token)).environments.map(
      ({ code }: Json) => code,
    );
  const actorOf = async (token: string) =>
    (await new Authenticator(api.current.catalog.transactions.dataSource).authenticate(`Bearer ${token}`))
      .actor;

  before(async () => {
    for (const code of ["DEV", "PRD"]) {
      await api.current.catalog.environment(code);
    }
  });

  it("are made for some environments or for all, and shown once", async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const some = await create({ name: "Скрипт 1", environments: ["DEV", "DEV"], expiresAt });
    expect(some.errors).to.deep.equal([]);
    expect(some.token).to.match(/^rbk_[\w-]{43}$/);
    const { id, createdAt, ...rest } = some.accessToken;
    expect(rest).to.deep.equal({ name: "Скрипт 1", environments: ["DEV"], expiresAt, revokedAt: null });
    expect(Date.now() - Date.parse(createdAt)).to.be.within(0, 60_000);
    expect(await codesSeenBy(some.token)).to.deep.equal(["DEV"]);
    const all = await create({ name: "all", environments: null });
    expect(all.accessToken).to.include({ environments: null, expiresAt: null });
    expect(await codesSeenBy(all.token)).to.deep.equal(["DEV", "PRD"]);
    const list = await api.current.post({
      query: `query ($id: ID!) { accessTokens(last: 2) { edges { node { name } } }
        node(id: $id) { ... on AccessToken { name } } }`,
      variables: { id },
    });
    expect(list.body.data.accessTokens.edges.map(({ node }: Json) => node.name)).to.deep.equal([
      "Скрипт 1",
      "all",
    ]);
    expect(list.body.data.node.name).to.equal("Скрипт 1");
    const rows = await api.current.sql("select t::text from access_token t");
    expect(JSON.stringify([list.body, rows])).to.not.contain(some.token);
  });

  it("are named as the author of what is done with them", async () => {
    const { token } = await create({ name: "author", environments: null });
    const query = `mutation { createRecipe(input: { name: "by-author", spec: {} }) { revision { author } } }`;
    const { createRecipe } = await api.current.query(query, {}, token);
    expect(createRecipe.revision.author).to.equal("author");
  });

  it("name what is wrong with them", async () => {
    await create({ name: "taken", environments: [] });
    const past = new Date(Date.now() - 1_000).toISOString();
    const cases: [object, string[]][] = [
      [{ name: "taken", environments: null }, ["NAME_TAKEN name"]],
      [{ name: "", environments: null }, ["INVALID name"]],
      [{ name: "x".repeat(101), environments: null }, ["INVALID name"]],
      [{ name: "two\nlines", environments: null }, ["INVALID name"]],
      [{ name: "admin-12345678", environments: null }, ["INVALID name"]],
      [{ name: "tok_00000000000000000000000000", environments: null }, ["INVALID name"]],
      [{ name: "forgot" }, ["INVALID environments"]],
      [
        { name: "x", environments: ["DEV", "NONE", "nul\u0000"] },
        ["NOT_FOUND environments 1", "NOT_FOUND environments 2"],
      ],
      [{ name: "x", environments: null, expiresAt: past }, ["INVALID expiresAt"]],
      [{ name: "x", environments: null, expiresAt: "+012345-01-01T00:00:00.000Z" }, ["INVALID expiresAt"]],
    ];
    for (const [input, expected] of cases) {
      const answer = await create(input);
      expect(told(answer), JSON.stringify(input)).to.deep.equal(expected);
      expect(answer).to.include({ token: null, accessToken: null });
    }
  });

  it("are refused at once where they were revoked, for ever", async () => {
    const { token, accessToken } = await create({ name: "leaked", environments: ["DEV"] });
    expect(await status(token)).to.equal(200);
    const first = await revoke("leaked");
    expect(first.errors).to.deep.equal([]);
    expect(await status(token)).to.equal(401);
    const again = await revoke(accessToken.id);
    expect(again.accessToken).to.deep.equal(first.accessToken);
    expect(told(await create({ name: "leaked", environments: null }))).to.deep.equal(["NAME_TAKEN name"]);
  });

  it("are not found by what they are not called", async () => {
    const { token } = await create({ name: "victim", environments: ["DEV"] });
    for (const wrong of ["none", token, "nul\u0000", "tok_00000000000000000000000000"]) {
      expect(told(await revoke(wrong)), wrong).to.deep.equal(["NOT_FOUND accessToken"]);
    }
  });

  it("are not remembered from before they were revoked", async () => {
    const { token } = await create({ name: "in-flight", environments: ["DEV"] });
    const { dataSource } = api.current.catalog.transactions;
    const authenticator = new Authenticator(dataSource, 3_600_000);
    const reading = authenticator.authenticate(`Bearer ${token}`);
    authenticator.forget();
    await reading;
    await revoke("in-flight");
    const refusal = await authenticator.authenticate(`Bearer ${token}`).catch((error) => error);
    expect(refusal.code).to.equal("UNAUTHENTICATED");
  });

  it("are for tokens for all environments", async () => {
    const { token, accessToken } = await create({ name: "limited", environments: ["DEV", "PRD"] });
    const variables = { id: accessToken.id };
    const { node } = await api.current.query("query($id: ID!) { node(id: $id) { id } }", variables, token);
    expect(node).to.equal(null);
    for (const [query, input] of [
      ["{ accessTokens { totalCount } }", undefined],
      [made, { name: "wider", environments: null }],
      [revoked, { accessToken: "limited" }],
    ] as const) {
      const { extensions } = await api.current.error(query, { input }, token);
      expect(extensions.code).to.equal("FORBIDDEN");
    }
  });

  describe("when only one for all environments works", () => {
    let last: string;

    beforeEach(async () => {
      last = await api.current.makeToken(null);
      const { tokenId } = await actorOf(last);
      await api.current.sql(
        "update access_token set revoked_at = now() where environments is null and id <> $1",
        [tokenId],
      );
    });

    it("keep that one until there is another one", async () => {
      const { tokenId } = await actorOf(last);
      await api.current.makeToken(null, new Date(Date.now() - 1));
      await create({ name: `some of ${tokenId}`, environments: ["DEV"] }, last);
      expect(told(await revoke(tokenId, last))).to.deep.equal(["CONFLICT accessToken"]);
      expect(await status(last)).to.equal(200);
      const { token } = await create({ name: `next of ${tokenId}`, environments: null }, last);
      expect(told(await revoke(tokenId, last))).to.deep.equal([]);
      expect([await status(last), await status(token)]).to.deep.equal([401, 200]);
    });

    it("let one of two who revoke each other's through", async () => {
      const { catalog } = api.current;
      const [one, two] = [await actorOf(last), await actorOf(await api.current.makeToken(null))];
      const first = await uncommitted(catalog, (tx) =>
        revokeAccessToken(tx, { accessToken: two.tokenId }, one),
      );
      const second = catalog.run((tx) => revokeAccessToken(tx, { accessToken: one.tokenId }, two));
      second.catch(() => {});
      await someoneWaits(catalog);
      await first.commit();
      const error = await second.catch((caught) => caught);
      expect(error).to.be.instanceOf(RequestError).with.property("code", "UNAUTHENTICATED");
      expect(await status(last)).to.equal(200);
    });

    it("leave none behind that was made while they were revoked", async () => {
      const { catalog } = api.current;
      const [one, two] = [await actorOf(last), await actorOf(await api.current.makeToken(null))];
      const revocation = await uncommitted(catalog, (tx) =>
        revokeAccessToken(tx, { accessToken: two.tokenId }, one),
      );
      const name = `left by ${two.tokenId}`;
      const creation = catalog.run((tx) => createAccessToken(tx, { name, environments: null }, two));
      creation.catch(() => {});
      await someoneWaits(catalog);
      await revocation.commit();
      const error = await creation.catch((caught) => caught);
      expect(error).to.be.instanceOf(RequestError).with.property("code", "UNAUTHENTICATED");
      expect(await api.current.sql("select 1 from access_token where name = $1", [name])).to.deep.equal([]);
    });
  });
});
