import { expect } from "chai";
import type { DataSource } from "typeorm";
import { RequestError } from "../../src/errors.js";
import { formatCursor, parseCursor } from "../../src/events/cursor.js";
import { EventLog } from "../../src/events/event-log.js";
import { LogReader } from "../../src/events/log-reader.js";
import { Retention } from "../../src/events/retention.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { append } from "./emit.js";

async function codeOf(work: () => unknown): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    return error instanceof RequestError ? error.code : String(error);
  }
}

const fail = (error: unknown) => {
  throw error;
};

describe("the event log", () => {
  const database = testDatabase();
  let dataSource: DataSource;
  let log: EventLog;

  before(async () => {
    ({ dataSource } = await database.open());
    log = new EventLog(dataSource);
  });
  beforeEach(async () => {
    await dataSource.query("truncate event");
    await dataSource.query("update event_counter set cursor = 0, expired_cursor = 0");
  });

  const age = (upTo: number, days: number) =>
    dataSource.query("update event set at = now() - make_interval(days => $2) where cursor <= $1", [
      upTo,
      days,
    ]);
  const kept = async () =>
    (await dataSource.query("select cursor from event order by cursor")).map((row: { cursor: string }) =>
      Number(row.cursor),
    );

  it("has cursors that are decimal numbers and refuses anything else", async () => {
    expect(parseCursor(formatCursor(12n))).to.equal(12n);
    for (const text of ["", "-1", "1.5", "01", "0x1", "9".repeat(19), "9".repeat(10_000), "1 "]) {
      expect(await codeOf(() => parseCursor(text)), text).to.equal("CURSOR_INVALID");
    }
  });

  it("reads pages of what a filter lets through, and says how far", async () => {
    await append(dataSource, 5, "svc_1");
    await append(dataSource, 5, "svc_2");
    const filter = { types: ["SERVICE_CHANGED" as const], serviceIds: ["svc_1"] };
    const first = await log.read({ after: 1n, limit: 3, filter });
    expect(first.events.map((event) => event.cursor)).to.deep.equal([2n, 3n, 4n]);
    expect([first.position, first.head]).to.deep.equal([4n, 10n]);
    const rest = await log.read({ after: 4n, limit: 3, filter });
    expect(rest.events.map((event) => event.cursor)).to.deep.equal([5n]);
    expect(rest.position).to.equal(10n);
    expect((await log.read({ after: 10n, limit: 3 })).events).to.deep.equal([]);
  });

  it("refuses positions not reached yet and positions cleaned up", async () => {
    await append(dataSource, 10);
    await dataSource.query("update event_counter set expired_cursor = 4");
    for (const [after, code] of [
      [11n, "CURSOR_INVALID"],
      [10n, null],
      [4n, null],
      [3n, "CURSOR_EXPIRED"],
    ] as const) {
      expect(await codeOf(() => log.check(after))).to.equal(code);
      expect(await codeOf(() => log.read({ after, limit: 1 }))).to.equal(code);
    }
  });

  it("is cleaned up by age, in batches, from its beginning", async () => {
    await append(dataSource, 30);
    await age(17, 40);
    const retention = new Retention({ dataSource, days: 30, onError: fail, batch: 5 });
    expect(await retention.cleanUp()).to.equal(17);
    expect((await kept())[0]).to.equal(18);
    expect(await codeOf(() => log.check(16n))).to.equal("CURSOR_EXPIRED");
    expect(await codeOf(() => log.check(17n))).to.equal(null);
    expect(await retention.cleanUp()).to.equal(0);
  });

  it("finishes a clean-up that another server has begun", async () => {
    await append(dataSource, 12);
    await dataSource.query("update event_counter set expired_cursor = 12");
    expect(await new Retention({ dataSource, days: 30, onError: fail, batch: 5 }).cleanUp()).to.equal(12);
    expect(await kept()).to.deep.equal([]);
  });

  it("is followed from its end, and tells a reader that slept through a clean-up", async () => {
    await append(dataSource, 3);
    const seen: bigint[] = [];
    const gaps: string[] = [];
    const reader = new LogReader({
      log,
      deliver: (events) => seen.push(...events.map((event) => event.cursor)),
      onGap: (error) => gaps.push(error.code),
      onError: fail,
      batch: 2,
    });
    expect(await reader.start()).to.equal(3n);
    await append(dataSource, 5);
    reader.wake();
    await eventually(() => seen.length === 5);
    await append(dataSource, 5);
    await dataSource.query("update event_counter set expired_cursor = 12");
    reader.wake();
    await eventually(() => gaps.length === 1);
    await append(dataSource, 1);
    reader.wake();
    await eventually(() => seen.length === 6);
    expect(seen).to.deep.equal([4n, 5n, 6n, 7n, 8n, 14n]);
    expect(gaps).to.deep.equal(["CURSOR_EXPIRED"]);
    await reader.stop();
  });
});
