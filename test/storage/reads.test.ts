import { expect } from "chai";
import { Reads } from "../../src/storage/reads.js";
import { isUnavailable } from "../../src/storage/unavailable.js";
import { testDatabase } from "../support/cluster.js";

describe("reads", () => {
  const database = testDatabase();
  let reads: Reads;

  before(async () => {
    const { dataSource } = await database.open();
    reads = new Reads(dataSource);
  });

  const session = async () => (await reads.query<{ pid: number }>("select pg_backend_pid() as pid"))[0]!.pid;

  it("of one moment share a connection, eight at most", async () => {
    const pids = await Promise.all(Array.from({ length: 12 }, session));
    expect(new Set(pids.slice(0, 8)).size).to.equal(1);
    expect(new Set(pids).size).to.equal(2);
  });

  it("fail one by one", async () => {
    const answers = await Promise.allSettled([
      reads.query("select $1::int as n", [1]),
      reads.query("select nothing from nowhere"),
      reads.query("select 1 / $1::int as n", [0]),
      reads.query("select $1::int as n", [2]),
    ]);
    expect(answers.map(({ status }) => status)).to.deep.equal([
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
    ]);
    expect((answers[3] as PromiseFulfilledResult<object[]>).value).to.deep.equal([{ n: 2 }]);
    expect((answers[1] as PromiseRejectedResult).reason.code).to.equal("42P01");
    expect(await reads.query("select $1::int as n", [3])).to.deep.equal([{ n: 3 }]);
  });

  it("are prepared once a connection", async () => {
    const text = "select $1::text as said, pg_backend_pid() as pid";
    const [one] = await reads.query<{ said: string; pid: number }>(text, ["a"]);
    const [two] = await reads.query<{ said: string; pid: number }>(text, ["b"]);
    expect([one!.said, two!.said]).to.deep.equal(["a", "b"]);
    const known = await reads.query<{ pid: number; calls: number }>(
      `select pg_backend_pid() as pid, (generic_plans + custom_plans)::int as calls
       from pg_prepared_statements where statement = $1`,
      [text],
    );
    expect(known).to.deep.equal([{ pid: two!.pid, calls: one!.pid === two!.pid ? 2 : 1 }]);
  });

  it("are planned for their values, however often they are asked for", async () => {
    const text = "select n from generate_series(1, 9) n where n = $1::int";
    for (let n = 0; n < 10; n++) {
      await reads.query(text, [n]);
    }
    const [plans] = await reads.query(
      "select generic_plans::int as generic, custom_plans::int as custom from pg_prepared_statements where statement = $1",
      [text],
    );
    expect(plans).to.deep.equal({ generic: 0, custom: 10 });
  });

  it("are rejected when their connection ends, and go on with another", async () => {
    const lost = await Promise.allSettled([
      reads.query("select pg_terminate_backend(pg_backend_pid())"),
      reads.query("select 1 as n"),
    ]);
    for (const answer of lost) {
      expect(answer.status).to.equal("rejected");
      expect(isUnavailable((answer as PromiseRejectedResult).reason)).to.equal(true);
    }
    expect(await reads.query("select 1 as n")).to.deep.equal([{ n: 1 }]);
  });
});
