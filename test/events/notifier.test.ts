import { expect } from "chai";
import type { DataSource } from "typeorm";
import { EventLog } from "../../src/events/event-log.js";
import type { LoggedEvent } from "../../src/events/event-map.js";
import { LogReader } from "../../src/events/log-reader.js";
import { type HintKind, Notifier, type NotifierOptions } from "../../src/events/notifier.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { append } from "./emit.js";

const never = 3_600_000;

describe("the notifier", () => {
  const database = testDatabase();
  let dataSource: DataSource;
  const started: Notifier[] = [];

  before(async () => {
    ({ dataSource } = await database.open());
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((each) => each.stop()));
  });

  function start(options: Partial<NotifierOptions> = {}): Notifier {
    const notifier = new Notifier({
      connection: { connectionString: database.url },
      onError: () => {},
      pollInterval: never,
      ...options,
    });
    notifier.start();
    started.push(notifier);
    return notifier;
  }

  function hintsOf(notifier: Notifier, kind: HintKind): (string | null)[] {
    const hints: (string | null)[] = [];
    notifier.on(kind, (hint) => hints.push(hint));
    return hints;
  }

  /** Another instance's hints, from when it listens. */
  async function listening(kind: HintKind, options: Partial<NotifierOptions> = {}) {
    const hints = hintsOf(start(options), kind);
    await eventually(() => hints.length > 0);
    return hints;
  }

  it("wakes this instance at once and the others through the database", async () => {
    const there = await listening("log");
    const here = start();
    const local = hintsOf(here, "log");
    await eventually(() => local.length === 1);
    here.hint("log", "opn_1");
    expect(local).to.deep.equal([null, "opn_1"]);
    await eventually(() => there.includes("opn_1"));
    expect(local).to.deep.equal([null, "opn_1"]);
  });

  it("sends the newest cursor only when many come at once", async () => {
    const there = await listening("events");
    const here = start();
    await eventually(() => here);
    const local = hintsOf(here, "events");
    await eventually(() => local.length === 1);
    for (const cursor of [1n, 2n, 5n, 3n, 4n]) {
      here.committed(cursor);
    }
    await eventually(() => there.includes("5"));
    here.hint("log", "opn_1");
    expect(there).to.deep.equal([null, "5"]);
  });

  it("comes back after its connection was cut, and has everybody look again", async () => {
    const there = await listening("log");
    await dataSource.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where application_name = 'rebake events' and datname = current_database()`,
    );
    await eventually(() => there.length === 2 && there[1] === null);
    const here = start();
    const local = hintsOf(here, "log");
    await eventually(() => local.length === 1);
    here.hint("log", "opn_9");
    await eventually(() => there.includes("opn_9"));
  });

  for (const notify of [true, false]) {
    it(`lets a reader on another instance see events with NOTIFY ${notify ? "on" : "off"}`, async () => {
      const there = start({ notify, pollInterval: notify ? never : 20 });
      const connected = hintsOf(there, "events");
      const seen: LoggedEvent[] = [];
      const reader = new LogReader({
        log: new EventLog(dataSource),
        deliver: (events) => seen.push(...events),
        onGap: (error) => {
          throw error;
        },
        onError: (error) => {
          throw error;
        },
      });
      const head = await reader.start();
      there.on("events", (hint) => reader.wake(hint === null ? null : BigInt(hint)));
      await eventually(() => connected.length > 0);
      const here = start({ notify });
      const local = hintsOf(here, "events");
      await eventually(() => !notify || local.length > 0);
      here.committed(await append(dataSource, 3));
      await eventually(() => seen.length === 3);
      expect(seen.map((event) => event.cursor - head)).to.deep.equal([1n, 2n, 3n]);
      await reader.stop();
    });
  }
});
