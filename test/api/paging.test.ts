import { expect } from "chai";
import fc from "fast-check";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const numberOfRecipes = 13;

describe("paging", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let all: string[];

  before(async () => {
    for (let i = 0; i < numberOfRecipes; i++) {
      await api.current.catalog.recipe(`recipe-${i}`);
    }
    const rows = await api.current.sql("select name from recipe order by id");
    all = rows.map((row) => row.name);
  });

  const query = `query ($first: Int, $after: String, $last: Int, $before: String) {
    recipes(first: $first, after: $after, last: $last, before: $before) {
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { name } } } }`;
  const page = async (variables: object): Promise<Json> =>
    (await api.current.query(query, variables)).recipes;
  const names = (found: Json): string[] => found.edges.map((edge: Json) => edge.node.name);

  it("gives every entry once and in order, forwards and backwards, whatever the size", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.boolean(), async (size, backward) => {
        const pages: string[][] = [];
        let cursor: string | null = null;
        for (;;) {
          const found = await page(
            backward ? { last: size, before: cursor } : { first: size, after: cursor },
          );
          pages.push(names(found));
          expect(found.totalCount).to.equal(numberOfRecipes);
          expect(backward ? found.pageInfo.hasNextPage : found.pageInfo.hasPreviousPage).to.equal(
            cursor !== null,
          );
          if (!(backward ? found.pageInfo.hasPreviousPage : found.pageInfo.hasNextPage)) {
            break;
          }
          cursor = backward ? found.pageInfo.startCursor : found.pageInfo.endCursor;
        }
        expect((backward ? pages.reverse() : pages).flat()).to.deep.equal(all);
      }),
      { numRuns: 25 },
    );
  });

  it("gives what lies between two cursors", async () => {
    const { edges } = await page({ first: 100 });
    await fc.assert(
      fc.asyncProperty(fc.nat(numberOfRecipes - 1), fc.nat(numberOfRecipes - 1), async (from, to) => {
        const found = await page({ first: 100, after: edges[from].cursor, before: edges[to].cursor });
        expect(names(found)).to.deep.equal(all.slice(from + 1, Math.max(to, from + 1)));
      }),
      { numRuns: 25 },
    );
  });

  it("takes 20 when nothing is said, and an empty page has no cursors", async () => {
    expect(names(await page({}))).to.have.lengthOf(numberOfRecipes);
    const { endCursor } = (await page({})).pageInfo;
    const empty = await page({ after: endCursor });
    expect(empty.edges).to.deep.equal([]);
    expect(empty.pageInfo).to.deep.include({ hasNextPage: false, startCursor: null, endCursor: null });
  });

  it("refuses sizes and cursors that are none", async () => {
    const code = async (variables: object) => (await api.current.error(query, variables)).extensions.code;
    expect(await code({ first: 101 })).to.equal("LIMIT_EXCEEDED");
    expect(await code({ last: 101 })).to.equal("LIMIT_EXCEEDED");
    expect(await code({ first: 0 })).to.equal("LIMIT_EXCEEDED");
    expect(await code({ first: -1 })).to.equal("LIMIT_EXCEEDED");
    expect(await code({ first: 1, last: 1 })).to.equal("BAD_REQUEST");
    expect(await code({ after: "x" })).to.equal("BAD_REQUEST");
    expect(await code({ before: Buffer.from("' or 1=1").toString("base64url") })).to.equal("BAD_REQUEST");
  });
});
