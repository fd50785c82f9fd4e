import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { apiServer } from "./api-server.js";

const page = `query ($first: Int) { services(first: $first) { totalCount edges { node {
  name revision image ignoredFields
  environment { code } recipe { name current { number } }
  update { kind changes { path } service { name } }
  operation { id state }
  operations(last: 2) { totalCount edges { node { id } } }
} } } }`;

describe("statements", () => {
  const database = testDatabase();
  const api = apiServer(database);
  let statements: string[] = [];

  before(async function () {
    this.timeout(60_000);
    const { catalog, sql } = api.current;
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
    await sql.call(api.current, "select pg_stat_reset()");
    const { dataSource } = catalog.transactions;
    const query = dataSource.query.bind(dataSource);
    dataSource.query = ((statement: string, ...rest: []) => {
      statements.push(statement);
      return query(statement, ...rest);
    }) as typeof dataSource.query;
  });

  it("are as many for a page of 100 services as for a page of 2", async () => {
    statements = [];
    const few = await api.current.query(page, { first: 2 });
    const numberForFew = statements.length;
    statements = [];
    const many = await api.current.query(page, { first: 100 });
    expect(few.services.edges).to.have.lengthOf(2);
    expect(many.services.edges).to.have.lengthOf(100);
    expect(many.services.edges[99].node.update.changes).to.deep.equal([{ path: ["workingDir"] }]);
    expect(statements.length).to.be.at.most(numberForFew);
    expect(statements.length).to.be.at.most(14);
  });
});
