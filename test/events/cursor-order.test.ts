import { expect } from "chai";
import fc from "fast-check";
import type { DataSource } from "typeorm";
import { EventLog } from "../../src/events/event-log.js";
import { LogReader } from "../../src/events/log-reader.js";
import { Transactions } from "../../src/storage/transaction.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { emitChange } from "./emit.js";

interface Write {
  events: number;
  /** Milliseconds the transaction stays open before and after it has its cursors. */
  before: number;
  after: number;
  fails: boolean;
}
type Writer = (dataSource: DataSource, write: Write) => Promise<unknown>;

const byCounter: Writer = (dataSource, write) =>
  new Transactions(dataSource).run(async (tx) => {
    await tx.query("select pg_sleep($1)", [write.before / 1000]);
    for (let i = 0; i < write.events; i++) {
      emitChange(tx, `svc_${i}`);
    }
    // The append is the transaction's last statement: a trigger holds the commit back behind it.
    await tx.query("select set_config('test.hold', $1, true)", [`${write.after / 1000}`]);
    if (write.fails) {
      throw new Error("rolled back");
    }
  });

/** What the event log must not be built with: numbers in the order of asking, not of committing. */
const bySequence: Writer = (dataSource, write) =>
  dataSource.transaction(async (manager) => {
    await manager.query("select set_config('test.hold', $1, true)", [`${write.after / 1000}`]);
    await manager.query(
      `insert into event (cursor, type, environment_id, service_id, payload)
       select nextval('bare_sequence'), 'SERVICE_CHANGED', 'env_1', 'svc_1', '{}' from generate_series(1, $1)`,
      [write.events],
    );
  });

describe("cursors", function () {
  this.timeout(120_000);
  const database = testDatabase();
  let dataSource: DataSource;

  before(async () => {
    ({ dataSource } = await database.open());
    await dataSource.query("create sequence bare_sequence");
    await dataSource.query(
      `create function hold() returns trigger language plpgsql as $$
       begin perform pg_sleep(current_setting('test.hold')::float); return null; end $$`,
    );
    await dataSource.query(
      "create constraint trigger hold after insert on event deferrable initially deferred for each row execute function hold()",
    );
  });

  /** Runs all writes at once with a reader following, and returns what the reader got and what is there. */
  async function soak(write: Writer, writes: Write[]) {
    const seen: bigint[] = [];
    const errors: unknown[] = [];
    const reader = new LogReader({
      log: new EventLog(dataSource),
      deliver: (events) => seen.push(...events.map((event) => event.cursor)),
      onGap: (error) => errors.push(error),
      onError: (error) => errors.push(error),
      batch: 7,
    });
    await reader.start();
    const poll = setInterval(() => reader.wake(), 1);
    await Promise.allSettled(writes.map((each) => write(dataSource, each)));
    const rows = await dataSource.query("select cursor from event order by cursor");
    const there: bigint[] = rows.map((row: { cursor: string }) => BigInt(row.cursor));
    await eventually(() => reader.head >= (there.at(-1) ?? 0n));
    clearInterval(poll);
    await reader.stop();
    expect(errors).to.deep.equal([]);
    return { seen, there };
  }

  const aWrite = fc.record({
    events: fc.integer({ min: 1, max: 5 }),
    before: fc.integer({ min: 0, max: 15 }),
    after: fc.integer({ min: 0, max: 4 }),
    fails: fc.boolean(),
  });

  it("have no gaps and come in commit order, with many writers, slow transactions and rollbacks", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aWrite, { minLength: 10, maxLength: 40 }), async (writes) => {
        await dataSource.query("truncate event");
        await dataSource.query("update event_counter set cursor = 0");
        const { seen, there } = await soak(byCounter, writes);
        const committed = writes.filter((each) => !each.fails).reduce((sum, each) => sum + each.events, 0);
        expect(there).to.deep.equal(Array.from({ length: committed }, (_, i) => BigInt(i + 1)));
        expect(seen).to.deep.equal(there);
      }),
      { numRuns: 15 },
    );
  });

  it("would be missed by readers if a bare sequence handed them out", async () => {
    await dataSource.query("truncate event");
    await dataSource.query("alter table event_counter rename to event_counter_kept");
    await dataSource.query(
      "create view event_counter as select last_value as cursor, 0::bigint as expired_cursor from bare_sequence",
    );
    const writes = Array.from({ length: 9 }, (_, i) => ({
      events: 1,
      before: 0,
      after: i % 2 === 0 ? 80 : 0,
      fails: false,
    }));
    const { seen, there } = await soak(bySequence, writes);
    await dataSource.query("drop view event_counter");
    await dataSource.query("alter table event_counter_kept rename to event_counter");
    expect(there).to.have.length(9);
    expect(seen.length).to.be.lessThan(there.length);
  });
});
