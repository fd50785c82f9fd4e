import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import type { Operation } from "../../src/domain/operation.js";
import { updateEnvironment } from "../../src/domain/update-environment.js";
import { type Claimed, claimNext, prolong, release } from "../../src/operations/claim.js";
import type { Transaction, Transactions } from "../../src/storage/transaction.js";
import { Catalog, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";

const claimantOf = (name: string) => ({ hostId: name, owner: `${name}/1`, leaseSeconds: 10 });
const here = claimantOf(hostId);
const there = claimantOf("host-2");

describe("claims", () => {
  const database = testDatabase();
  let catalog: Catalog;
  /** As another server has them. */
  let other: Catalog;
  let number = 0;

  before(async () => {
    catalog = await Catalog.open(database);
    other = await Catalog.open(database);
    await catalog.recipe("shop", { command: ["node", "server.js"] });
  });

  beforeEach(() => sql("update operation set state = 'CANCELLED' where state in ('QUEUED', 'RUNNING')"));

  function sql(statement: string, parameters: unknown[] = []) {
    return catalog.transactions.dataSource.query(statement, parameters);
  }

  /** An environment that every server can work for, with operations that wait, oldest first. */
  async function waiting(count: number, concurrency: number): Promise<{ code: string; ids: string[] }> {
    const code = `ENV-${++number}`;
    const { id } = await catalog.environment(code);
    await sql("update environment set concurrency = $2, host_id = null where id = $1", [id, concurrency]);
    const ids: string[] = [];
    for (let i = 0; i < count; i++) {
      const input = { environment: code, recipe: "shop", name: `shop-${i}` };
      ids.push((await catalog.deploy(input)).operation.id);
    }
    return { code, ids };
  }

  /** As if all of it were part of one transaction. */
  const within = (tx: Transaction) => ({ run: (work) => work(tx) }) as Transactions;
  const waitingForLocks = async () =>
    Number(
      (
        await sql(
          "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
        )
      )[0].count,
    );

  const finish = ({ id }: Operation) => sql("update operation set state = 'SUCCEEDED' where id = $1", [id]);
  const expire = ({ id }: Operation) =>
    sql("update operation set lease_until = now() - interval '1 second' where id = $1", [id]);
  const idsOf = (claims: (Claimed | null)[]) => claims.flatMap((claim) => claim?.operation.id ?? []);

  it("never exceed what an environment allows, however many servers claim at once", async () => {
    const { ids } = await waiting(12, 3);
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        i % 2 ? claimNext(other.transactions, there) : claimNext(catalog.transactions, here),
      ),
    );
    expect(idsOf(claims)).to.have.members(ids.slice(0, 3));
    const rows = await sql("select slot from operation where state = 'RUNNING' order by slot");
    expect(rows).to.deep.equal([{ slot: 1 }, { slot: 2 }, { slot: 3 }]);
  });

  it("take the place that has become free", async () => {
    const { ids } = await waiting(4, 2);
    const [first] = [
      await claimNext(catalog.transactions, here),
      await claimNext(catalog.transactions, here),
      await claimNext(catalog.transactions, here),
    ];
    await finish(first!.operation);
    const next = await claimNext(other.transactions, there);
    expect(next!.operation.id).to.equal(ids[2]);
    expect(await claimNext(catalog.transactions, here)).to.equal(null);
  });

  it("wait until enough has ended after the limit was lowered", async () => {
    const { code, ids } = await waiting(5, 3);
    const running = [];
    for (let i = 0; i < 3; i++) {
      running.push((await claimNext(catalog.transactions, here))!);
    }
    await catalog.run((tx) => updateEnvironment(tx, { environment: code, concurrency: 1 }, catalog));
    // The first place becomes free first, and yet there is none.
    await finish(running[0]!.operation);
    expect(await claimNext(catalog.transactions, here)).to.equal(null);
    await finish(running[1]!.operation);
    expect(await claimNext(catalog.transactions, here)).to.equal(null);
    await finish(running[2]!.operation);
    expect((await claimNext(catalog.transactions, here))?.operation.id).to.equal(ids[3]);
  });

  it("count what an earlier version began, which has no place", async () => {
    const { ids } = await waiting(4, 2);
    await sql(
      "update operation set state = 'RUNNING', lease_until = now() + interval '1 hour' where id = $1",
      [ids[0]],
    );
    expect((await claimNext(catalog.transactions, here))?.operation.id).to.equal(ids[1]);
    expect(await claimNext(catalog.transactions, here)).to.equal(null);
  });

  it("take nothing from a server whose late heartbeat is just being written", async () => {
    await waiting(1, 1);
    const mine = (await claimNext(catalog.transactions, here))!;
    await expire(mine.operation);
    let theirs: Promise<Claimed | null> | undefined;
    const held = await catalog.run(async (tx) => {
      const prolonged = await prolong(within(tx), here, [mine.operation]);
      theirs = claimNext(other.transactions, there);
      // It has passed the row, or waits for it.
      await Promise.race([theirs, eventually(async () => (await waitingForLocks()) > 0)]);
      return prolonged;
    });
    expect(held).to.deep.equal([{ id: mine.operation.id, cancelRequestedBy: null, prolonged: true }]);
    expect(await theirs).to.equal(null);
    expect(await sql("select fence from operation where id = $1", [mine.operation.id])).to.deep.equal([
      { fence: "1" },
    ]);
  });

  it("are held up by nobody who holds some other operation", async () => {
    const { ids } = await waiting(3, 3);
    const [abandoned] = [(await claimNext(catalog.transactions, here))!];
    await expire(abandoned.operation);
    await catalog.run(async (tx) => {
      await tx.query("select id from operation where id = any($1) for update", [ids.slice(0, 2)]);
      const free = await Promise.race([claimNext(other.transactions, there), wait(3_000, "held up")]);
      expect((free as Claimed).operation.id).to.equal(ids[2]);
      expect(await claimNext(other.transactions, there)).to.equal(null);
    });
    expect((await claimNext(other.transactions, there))?.operation.id).to.equal(ids[0]);
  });

  it("are prolonged, but for those that somebody is writing to, of which nothing is known", async () => {
    await waiting(2, 2);
    const one = (await claimNext(catalog.transactions, here))!.operation;
    const two = (await claimNext(catalog.transactions, here))!.operation;
    await catalog.run(async (tx) => {
      await tx.query("select id from operation where id = $1 for update", [one.id]);
      const held = await Promise.race([prolong(other.transactions, here, [one, two]), wait(3_000, [])]);
      expect(held).to.have.deep.members([
        { id: one.id, cancelRequestedBy: null, prolonged: false },
        { id: two.id, cancelRequestedBy: null, prolonged: true },
      ]);
    });
    expect(await prolong(catalog.transactions, here, [{ ...one, fence: "0" }])).to.deep.equal([]);
  });

  it("let a full environment hold up no other one", async () => {
    await waiting(3, 1);
    expect(await claimNext(catalog.transactions, here)).not.to.equal(null);
    const { ids } = await waiting(1, 1);
    expect((await claimNext(catalog.transactions, here))?.operation.id).to.equal(ids[0]);
  });

  it("take over what is abandoned before anything new, at the place it had", async () => {
    const { ids } = await waiting(2, 1);
    const first = (await claimNext(catalog.transactions, here))!;
    expect(await claimNext(other.transactions, there)).to.equal(null);
    await expire(first.operation);
    const taken = (await claimNext(other.transactions, there))!;
    expect([taken.operation.id, taken.operation.fence]).to.deep.equal([ids[0], "2"]);
    expect(await sql("select slot from operation where id = $1", [ids[0]])).to.deep.equal([{ slot: 1 }]);
    expect(await prolong(catalog.transactions, here, [first.operation])).to.deep.equal([]);
    expect(await prolong(other.transactions, there, [taken.operation])).to.have.length(1);
  });

  it("leave alone what still runs here, also when its lease has run out meanwhile", async () => {
    await waiting(1, 2);
    const mine = (await claimNext(catalog.transactions, here))!;
    await expire(mine.operation);
    expect(await claimNext(catalog.transactions, here, [mine.operation.id])).to.equal(null);
    expect((await claimNext(other.transactions, there))?.operation.id).to.equal(mine.operation.id);
  });

  it("are given back at once by a server that stops, but not by one that has lost them", async () => {
    await waiting(1, 1);
    const mine = (await claimNext(catalog.transactions, here))!;
    await release(catalog.transactions, mine.operation);
    const theirs = (await claimNext(other.transactions, there))!;
    await release(catalog.transactions, mine.operation);
    expect(await claimNext(catalog.transactions, here)).to.equal(null);
    expect(theirs.operation.id).to.equal(mine.operation.id);
  });

  it("keep to the host that an environment belongs to", async () => {
    const { code } = await waiting(1, 1);
    await sql("update environment set host_id = $2 where code = $1", [code, hostId]);
    expect(await claimNext(other.transactions, there)).to.equal(null);
    const mine = (await claimNext(catalog.transactions, here))!;
    await expire(mine.operation);
    expect(await claimNext(other.transactions, there)).to.equal(null);
    const restarted = { ...here, owner: `${hostId}/2` };
    expect((await claimNext(catalog.transactions, restarted))?.operation.id).to.equal(mine.operation.id);
  });

  it("have their times from the database's clock", async () => {
    await waiting(1, 1);
    const { operation, clock } = (await claimNext(catalog.transactions, here))!;
    const [{ now, queued }] = await sql(
      "select clock_timestamp() as now, clock_timestamp() - queued_at < interval '10 seconds' as queued from operation where id = $1",
      [operation.id],
    );
    expect(queued).to.equal(true);
    expect(clock.now().getTime()).to.be.closeTo(now.getTime(), 500);
  });
});
