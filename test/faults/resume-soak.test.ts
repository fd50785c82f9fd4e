import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { SocketClient } from "../api/socket-client.js";
import { type Fleet, testFleet } from "../support/engine/fleet.js";
import { Random } from "../support/random.js";
import type { RebakeProcess } from "../support/rebake-process.js";

const seed = Number(process.env.TEST_FAULT_SEED ?? Date.now() % 1_000_000);
const seconds = Number(process.env.TEST_SOAK_SECONDS ?? 20);
const clients = 12;
const services = 5;

const documents = [
  "subscription ($after: Cursor) { updates(after: $after) { cursor } }",
  'subscription ($after: Cursor) { updates(filter: { environment: "E1" }, after: $after) { cursor } }',
  "subscription ($after: Cursor) { updateAvailable(after: $after) { cursor } }",
] as const;
/** What each of them should get, by the log itself. */
const wanted = [
  "type in ('UPDATE_AVAILABLE', 'UPDATE_RESOLVED')",
  "type in ('UPDATE_AVAILABLE', 'UPDATE_RESOLVED') and payload->>'environment' = 'E1'",
  "type = 'UPDATE_AVAILABLE'",
] as const;

describe(`subscribers that are cut off for ${seconds} s (TEST_FAULT_SEED=${seed})`, function () {
  this.timeout((seconds + 120) * 1_000);
  const holder = testFleet({ REBAKE_LEASE_SECONDS: "1" });
  const random = new Random(seed);
  let fleet: Fleet;
  let from: string;
  let going = true;

  before(async () => {
    fleet = holder.current;
    const first = await fleet.start();
    await fleet.start();
    for (const code of ["E1", "E2"]) {
      await first.mutate(
        `mutation { p: createEnvironment(input: { code: "${code}", driver: SWARM, swarm: { host: "unix:///engine" } }) { errors { message } } }`,
      );
    }
    await first.mutate(
      'mutation { p: createRecipe(input: { name: "shop", spec: {} }) { errors { message } } }',
    );
    for (let n = 0; n < services; n++) {
      const input = `environment: "E${(n % 2) + 1}", recipe: "shop", name: "shop-${n}", replicas: 1`;
      const { operation } = await first.mutate(
        `mutation { p: deployService(input: { ${input} }) { operation { id } errors { message } } }`,
      );
      await fleet.ended(operation.id);
    }
    // Commits that are held back, each for another while: their order is not that of their beginnings.
    await fleet.sql(`create function hold() returns trigger language plpgsql as
      $$ begin perform pg_sleep(random() * 0.02); return null; end $$`);
    await fleet.sql(
      "create constraint trigger hold after insert on event deferrable initially deferred for each row execute function hold()",
    );
    from = (await first.graphql("{ cursor }")).cursor;
  });

  const alive = (): RebakeProcess[] =>
    fleet.servers.filter(({ child }) => child.exitCode === null && child.signalCode === null);

  async function write(): Promise<void> {
    while (going) {
      const spec = { env: [{ name: "N", kind: "STATIC", value: `${random.next()}` }] };
      const bump =
        'mutation ($spec: RecipeSpecInput!) { p: bumpRecipe(input: { recipe: "shop", spec: $spec }) { errors { message } } }';
      // Its server may be the next to die.
      await random
        .pick(alive())
        .graphql(bump, { spec })
        .catch(() => {});
    }
  }

  /** Subscribes after what it has had, at whichever server, until it is cut off, again and again. */
  async function follow(which: number, had: string[], complete: () => boolean): Promise<number> {
    let cuts = 0;
    while (!complete()) {
      const server = random.pick(alive());
      const client = await SocketClient.open(`${server.url.replace("http", "ws")}/graphql`, {
        token: server.adminToken,
      }).catch(() => null);
      if (client === null) {
        continue;
      }
      const variables = { after: had.at(-1) ?? from };
      client.subscribe("1", documents[which]!, variables);
      const until = Date.now() + 50 + random.next() * 1_500;
      let taken = 0;
      while (Date.now() < until && !complete() && client.closed === null) {
        const events = client.of("1");
        for (; taken < events.length; taken++) {
          had.push(cursorOf(events[taken]));
        }
        await wait(5);
      }
      for (const event of client.of("1").slice(taken)) {
        had.push(cursorOf(event));
      }
      client.stop();
      cuts++;
    }
    return cuts;
  }

  function cursorOf(message: unknown): string {
    const { payload } = message as { payload: { data: Record<string, { cursor: string }> } };
    return Object.values(payload.data)[0]!.cursor;
  }

  it("have every event once and in order, wherever they go on", async () => {
    const had = Array.from({ length: clients }, (): string[] => []);
    let expected: string[][] | null = null;
    const latest = Date.now() + (seconds + 60) * 1_000;
    const following = had.map((cursors, n) => {
      const which = n % documents.length;
      return follow(
        which,
        cursors,
        () => Date.now() > latest || (expected !== null && cursors.length >= expected[which]!.length),
      );
    });
    const writing = [write(), write(), write()];
    let kills = 0;
    const end = Date.now() + seconds * 1_000;
    while (Date.now() < end) {
      await wait(1_000 + random.next() * 2_000);
      const victim = random.pick(fleet.servers);
      await victim.end(random.pick(["SIGKILL", "SIGTERM"] as const));
      await fleet.restart(victim);
      kills++;
    }
    going = false;
    await Promise.all(writing);
    expected = await Promise.all(wanted.map(logged));
    const cuts = await Promise.all(following);
    for (const [n, cursors] of had.entries()) {
      expect(cursors, `client ${n}, seed ${seed}`).to.deep.equal(expected[n % documents.length]);
    }
    expect(kills).to.be.greaterThan(0);
    const sum = cuts.reduce((all, each) => all + each, 0);
    console.log(`      ${expected[0]!.length} events, ${kills} servers ended, ${sum} connections cut`);
  });

  async function logged(where: string): Promise<string[]> {
    const rows = await fleet.sql<{ cursor: string }>(
      `select event.cursor::text as cursor from event where event.cursor > ${from} and ${where} order by event.cursor`,
    );
    return rows.map(({ cursor }) => cursor);
  }
});
