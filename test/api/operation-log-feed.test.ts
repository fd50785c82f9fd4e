import { expect } from "chai";
import type { DataSource } from "typeorm";
import {
  type LogLine,
  type OperationLogOptions,
  operationLogFeed,
} from "../../src/api/operation-log-feed.js";
import { RequestError } from "../../src/errors.js";
import { Notifier } from "../../src/events/notifier.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";

describe("the feed of an operation's log", () => {
  const database = testDatabase();
  let dataSource: DataSource;
  let hints: Notifier;
  let abort: AbortController;
  let operations = 0;

  before(async () => {
    ({ dataSource } = await database.open());
    await dataSource.query("alter table operation drop constraint operation_service_id_fkey");
    await dataSource.query("alter table operation drop constraint operation_environment_id_fkey");
  });
  beforeEach(() => {
    abort = new AbortController();
    hints = new Notifier({ connection: {}, notify: false, pollInterval: 3_600_000, onError: () => {} });
  });
  afterEach(() => abort.abort());

  async function operation(): Promise<string> {
    const id = `opn_${operations++}`;
    await dataSource.query(
      `insert into operation (id, service_id, environment_id, kind, state, requested_by, steps)
       values ($1, $1, 'env', 'REBUILD', 'RUNNING', 'me', '[]')`,
      [id],
    );
    return id;
  }
  const write = (id: string, from: number, to: number) =>
    dataSource.query(
      `insert into operation_log (operation_id, seq, stream, line)
       select $1, n, 'stdout', 'line ' || n from generate_series($2::int, $3::int) n`,
      [id, from, to],
    );
  const end = (id: string) =>
    dataSource.query("update operation set state = 'SUCCEEDED' where id = $1", [id]);

  function follow(operationId: string, options: Partial<OperationLogOptions> = {}) {
    const got = { lines: [] as LogLine[], batches: 0, ended: false, error: null as unknown };
    const feed = operationLogFeed({
      operationId,
      after: 0n,
      dataSource,
      hints,
      signal: abort.signal,
      ...options,
    });
    void (async () => {
      try {
        for await (const lines of feed) {
          got.lines.push(...lines);
          got.batches++;
        }
        got.ended = true;
      } catch (error) {
        got.error = error;
      }
    })();
    return got;
  }

  it("has all lines in batches, then those to come, and ends with the operation", async () => {
    const id = await operation();
    await write(id, 1, 25);
    const got = follow(id, { batch: 10 });
    await eventually(() => got.lines.length === 25);
    expect(got.batches).to.equal(3);
    await write(id, 26, 30);
    hints.hint("log", id);
    await eventually(() => got.lines.length === 30);
    expect(got.ended).to.equal(false);
    await write(id, 31, 31);
    await end(id);
    hints.hint("log", id);
    await eventually(() => got.ended);
    expect(got.lines.map((line) => line.seq)).to.deep.equal(
      Array.from({ length: 31 }, (_, i) => BigInt(i + 1)),
    );
    expect(got.lines[0]).to.deep.include({ stream: "stdout", instance: null, line: "line 1" });
  });

  it("resumes behind a line", async () => {
    const id = await operation();
    await write(id, 1, 20);
    await end(id);
    const got = follow(id, { after: 17n });
    await eventually(() => got.ended);
    expect(got.lines.map((line) => line.line)).to.deep.equal(["line 18", "line 19", "line 20"]);
  });

  it("finds new lines without a hint", async () => {
    const id = await operation();
    hints = new Notifier({ connection: {}, notify: false, pollInterval: 20, onError: () => {} });
    hints.start();
    const got = follow(id);
    await write(id, 1, 3);
    await eventually(() => got.lines.length === 3);
    await end(id);
    await eventually(() => got.ended);
    await hints.stop();
  });

  it("ends with its signal", async () => {
    const got = follow(await operation());
    abort.abort();
    await eventually(() => got.ended);
  });

  it("knows when there is no such operation", async () => {
    const got = follow("opn_none");
    await eventually(() => got.error);
    expect(got.error).to.be.instanceOf(RequestError).with.property("code", "NO_SUCH_OPERATION");
  });
});
