import { expect } from "chai";
import pg from "pg";
import { testDatabase } from "../support/cluster.js";
import { apiServer, type Json } from "./api-server.js";

const page = `query ($first: Int) { services(first: $first) { totalCount edges { node {
  name revision image ignoredFields
  environment { code } recipe { name current { number } }
  update { kind changes { path } service { name } }
  operation { id state }
  operations(last: 2) { totalCount edges { node { id } } }
} } } }`;

interface Sent {
  data: Json;
  /** Texts of the statements. */
  sent: string[];
  /** In how many goes they were sent: each waits for PostgreSQL once. */
  packets: number;
}

describe("statements", () => {
  const database = testDatabase();
  const api = apiServer(database);

  before(async function () {
    this.timeout(120_000);
    const { catalog } = api.current;
    for (let i = 0; i < 10; i++) {
      await catalog.environment(`E${i}`);
      await catalog.recipe(`recipe-${i}`);
    }
    for (let i = 0; i < 100; i++) {
      await catalog.deploy({
        environment: `E${i % 10}`,
        recipe: `recipe-${Math.floor(i / 10)}`,
        name: `service-${i}`,
      });
    }
    await catalog.settleAsDeployed();
    for (let i = 0; i < 10; i++) {
      await catalog.bump(`recipe-${i}`, { spec: { workingDir: `/srv/${i}` } });
    }
  });

  /** Statements that reach PostgreSQL while a query is answered whose token and specs are known already. */
  async function statementsOf(query: string, variables: object = {}): Promise<Sent> {
    await api.current.query(query, variables);
    const sent: string[] = [];
    let packets = 0;
    const original = pg.Client.prototype.query;
    const connect = pg.Pool.prototype.connect;
    pg.Pool.prototype.connect = function (this: pg.Pool, ...rest: []) {
      packets += 1;
      return Reflect.apply(connect, this, rest);
    } as typeof connect;
    pg.Client.prototype.query = function (this: pg.Client, config: { text?: string }, ...rest: unknown[]) {
      sent.push(config.text ?? String(config));
      return Reflect.apply(original, this, [config, ...rest]);
    } as typeof original;
    try {
      return { data: await api.current.query(query, variables), sent, packets };
    } finally {
      pg.Client.prototype.query = original;
      pg.Pool.prototype.connect = connect;
    }
  }

  it("are as many for a page of 100 services as for a page of 2", async () => {
    const few = await statementsOf(page, { first: 2 });
    const many = await statementsOf(page, { first: 100 });
    expect(few.data.services.edges).to.have.lengthOf(2);
    expect(many.data.services.edges).to.have.lengthOf(100);
    expect(many.data.services.edges[99].node.update.changes).to.deep.equal([{ path: ["workingDir"] }]);
    expect(many.sent).to.have.lengthOf(few.sent.length);
    expect(many.sent, many.sent.join("\n")).to.have.lengthOf(10);
  });

  const common: Record<string, [number, number, string]> = {
    "services with recipe, environment and Update": [
      5,
      2,
      `{ services(first: 50) { totalCount pageInfo { hasNextPage } edges { node {
        name state revision recipe { name } environment { code } update { since reasons } } } } }`,
    ],
    "Updates with services and changes": [
      5,
      3,
      `{ updates(first: 50) { totalCount unreadCount edges { node {
        kind reasons read service { name environment { code } } changes { path before after } } } } }`,
    ],
    "a recipe with its revisions": [
      4,
      3,
      `{ recipe(name: "recipe-1") { name current { number spec { command } }
        revisions(first: 20) { totalCount edges { node { number message } } } } }`,
    ],
    "a recipe's revisions with their specs": [
      4,
      3,
      `{ recipe(name: "recipe-1") { revisions(first: 20) { totalCount edges { node { number spec { command } } } } } }`,
    ],
    "operations with services": [
      2,
      2,
      "{ operations(last: 50) { edges { node { kind state steps { name state } service { name } } } } }",
    ],
    "environments with what runs there": [
      3,
      3,
      "{ environments { code services(first: 50) { totalCount edges { node { name } } } } }",
    ],
  };
  for (const [what, [number, goes, query]] of Object.entries(common)) {
    it(`are ${number} in ${goes} goes for ${what}`, async () => {
      const { sent, packets } = await statementsOf(query);
      expect(sent, sent.join("\n")).to.have.lengthOf(number);
      expect(packets, what).to.equal(goes);
    });
  }
});
