import { expect } from "chai";
import type { BulkRebuild } from "../../src/domain/bulk-rebuild.js";
import { cancelBulkRebuild } from "../../src/domain/cancel-bulk-rebuild.js";
import { rebuildAffected } from "../../src/domain/rebuild-affected.js";
import { removeService } from "../../src/domain/remove-service.js";
import { OperationFailure } from "../../src/errors.js";
import { BulkRebuilds } from "../../src/operations/bulk-rebuilds.js";
import { actor } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { codesOf } from "../support/codes.js";
import { eventually } from "../support/eventually.js";
import { hang, succeed } from "../support/scripted-driver.js";
import { silent } from "../support/silent.js";
import { Workshop } from "../support/workshop.js";

interface Item {
  name: string;
  state: string;
  message: string | null;
}

describe("bulk rebuilds", () => {
  const database = testDatabase();
  let shop: Workshop;
  let number = 0;
  let recipe: string;
  const runners: BulkRebuilds[] = [];

  before(async () => {
    shop = await Workshop.open(database);
    await shop.catalog.environment("DEV");
  });
  after(() => shop.close());

  beforeEach(() => {
    recipe = `recipe-${++number}`;
    shop.catalog.driver.script = succeed;
    shop.catalog.driver.replaced.length = 0;
  });
  afterEach(async () => {
    await Promise.all(runners.splice(0).map((runner) => runner.stop()));
  });

  /** Services with an Update each. */
  async function affected(count: number): Promise<void> {
    await shop.catalog.recipe(recipe, { env: [{ name: "A", kind: "STATIC", value: "1" }] });
    const names = Array.from({ length: count }, (_, n) => `${recipe}-${n + 1}`);
    for (const name of names) {
      const { operation } = await shop.catalog.deploy({ environment: "DEV", recipe, name });
      await shop.ended(operation);
    }
    await shop.catalog.bump(recipe, { spec: { env: [{ name: "A", kind: "STATIC", value: "2" }] } });
    shop.catalog.driver.replaced.length = 0;
  }

  const ofRecipe = () => [{ sql: "t.recipe_id = (select id from recipe where name = ?)", values: [recipe] }];
  const begin = (options: { parallel?: number; maxFailures?: number; idempotencyKey?: string } = {}) =>
    shop.catalog.run((tx) => rebuildAffected(tx, options, ofRecipe(), actor));
  function run(count = 1): void {
    for (let n = 0; n < count; n++) {
      const { transactions, drivers } = shop.catalog;
      const runner = new BulkRebuilds({ transactions, drivers, log: silent });
      runners.push(runner);
      runner.start();
    }
  }
  function wakeAll(): void {
    for (const runner of runners) {
      runner.wake();
    }
  }
  const look = async ({ id }: BulkRebuild) =>
    (await shop.sql<Record<string, any>>("select * from bulk_rebuild where id = $1", [id]))[0]!;
  const ended = (bulk: BulkRebuild) =>
    eventually(
      async () => {
        wakeAll();
        const row = await look(bulk);
        return row.finished_at && row;
      },
      { deadline: 20_000 },
    );
  const items = ({ id }: BulkRebuild) =>
    shop.sql<Item>(
      `select service.name, item.state, item.message from bulk_rebuild_item item join service on service.id = service_id
       where bulk_rebuild_id = $1 order by position`,
      [id],
    );
  const counts = ({ total, succeeded, failed, skipped, running }: Record<string, any>) => ({
    ...{ total, succeeded, failed, skipped, running },
  });

  it("rebuild all that are affected, never more at once than asked for, with two servers too", async () => {
    await affected(6);
    let now = 0;
    let most = 0;
    shop.catalog.driver.script = async (target, report, current) => {
      most = Math.max(most, ++now);
      const outcome = await succeed(target, report, current);
      now -= 1;
      return outcome;
    };
    run(2);
    const bulk = await begin({ parallel: 2 });
    const row = await ended(bulk);
    expect(row!.state).to.equal("SUCCEEDED");
    expect(counts(row!)).to.deep.equal({ total: 6, succeeded: 6, failed: 0, skipped: 0, running: 0 });
    expect(most).to.be.at.most(2);
    expect(shop.catalog.driver.replaced).to.have.length(6);
    expect(
      await shop.sql(
        "select id from service_update where recipe_id = (select id from recipe where name = $1)",
        [recipe],
      ),
    ).to.deep.equal([]);
    const [{ count }] = (await shop.sql<{ count: number }>(
      "select count(*)::int from operation where bulk_rebuild_id = $1",
      [bulk.id],
    )) as [{ count: number }];
    expect(count).to.equal(6);
  });

  it("begin nothing more after as many failures as allowed, and say what was not begun", async () => {
    await affected(4);
    shop.catalog.driver.script = async (target, report, current) => {
      if (target.ref.name.endsWith("-2")) {
        throw new OperationFailure("APP_EXITED", "Instance 1 ended.");
      }
      return succeed(target, report, current);
    };
    run();
    const bulk = await begin({ parallel: 1 });
    expect((await ended(bulk))!.state).to.equal("FAILED");
    expect(await items(bulk)).to.deep.equal([
      { name: `${recipe}-1`, state: "SUCCEEDED", message: null },
      { name: `${recipe}-2`, state: "FAILED", message: "Instance 1 ended." },
      { name: `${recipe}-3`, state: "SKIPPED", message: "The bulk rebuild stopped after 1 failed." },
      { name: `${recipe}-4`, state: "SKIPPED", message: "The bulk rebuild stopped after 1 failed." },
    ]);
  });

  it("pass over what needs no rebuild any more, is gone, or is busy with what a person asked for", async () => {
    await affected(3);
    const bulk = await begin({ parallel: 3 });
    const [one, two, three] = (await items(bulk)).map(({ name }) => name);
    const idOf = async (name: string) =>
      (await shop.sql<{ id: string }>("select id from service where name = $1", [name]))[0]!.id;
    await shop.sql("delete from service_update where service_id = $1", [await idOf(one!)]);
    await shop.ended(
      await shop.catalog.run(async (tx) => removeService(tx, { service: await idOf(two!) }, actor)),
    );
    shop.catalog.driver.script = hang;
    const busy = await idOf(three!);
    await shop.sql(
      `insert into operation (id, service_id, environment_id, kind, state, requested_by, steps, lease_until)
       select 'opn_busy', id, environment_id, 'RESTART', 'RUNNING', 'somebody', '[]', now() + interval '1 hour' from service where id = $1`,
      [busy],
    );
    run();
    expect((await ended(bulk))!.state).to.equal("SUCCEEDED");
    expect((await items(bulk)).map(({ message }) => message)).to.deep.equal([
      "The service runs what it should by now.",
      "The service has been removed meanwhile.",
      "Another operation of the service was under way.",
    ]);
    await shop.sql("delete from operation where id = 'opn_busy'");
  });

  it("count a service that cannot be rebuilt as failed, with the reason", async () => {
    await affected(1);
    await shop.catalog.bump(recipe, { spec: { env: [{ name: "KEY", kind: "INPUT", required: true }] } });
    run();
    const bulk = await begin();
    expect((await ended(bulk))!.state).to.equal("FAILED");
    expect((await items(bulk))[0]!.message).to.match(/^KEY needs a value/);
  });

  it("end what runs and begin nothing more when cancelled", async () => {
    await affected(3);
    shop.catalog.driver.script = hang;
    run();
    const bulk = await begin({ parallel: 1 });
    await eventually(async () => shop.catalog.driver.replaced.length > 0);
    await shop.catalog.run((tx) => cancelBulkRebuild(tx, { bulkRebuild: bulk.id }, actor));
    wakeAll();
    const row = await ended(bulk);
    expect(row!.state).to.equal("CANCELLED");
    expect(counts(row!)).to.deep.equal({ total: 3, succeeded: 0, failed: 0, skipped: 3, running: 0 });
    expect(shop.catalog.driver.replaced).to.have.length(1);
    const cancel = shop.catalog.run((tx) => cancelBulkRebuild(tx, { bulkRebuild: bulk.id }, actor));
    expect(await codesOf(cancel)).to.deep.equal(["OPERATION_ENDED"]);
  });

  it("go on where a server that went left them", async () => {
    await affected(4);
    shop.catalog.driver.script = async (target, report, current) => {
      await runners.splice(0)[0]?.stop();
      return succeed(target, report, current);
    };
    run();
    const bulk = await begin({ parallel: 1 });
    await eventually(async () => runners.length === 0);
    shop.catalog.driver.script = succeed;
    run();
    const row = await ended(bulk);
    expect(counts(row!)).to.deep.equal({ total: 4, succeeded: 4, failed: 0, skipped: 0, running: 0 });
    expect(shop.catalog.driver.replaced).to.have.length(4);
  });

  it("go on although one that was asked for before cannot be taken on", async () => {
    await affected(1);
    const stuck = await begin();
    const [{ desired_spec: spec }] = (await shop.sql<{ desired_spec: string }>(
      "select desired_spec from service where name = $1",
      [`${recipe}-1`],
    )) as [{ desired_spec: string }];
    const desire = (id: string) =>
      shop.sql("update service set desired_spec = $2 where name = $1", [`${stuckRecipe}-1`, id]);
    const stuckRecipe = recipe;
    await desire("missing");
    recipe = `recipe-${++number}`;
    await affected(1);
    const next = await begin();
    run();
    expect((await ended(next))!.state).to.equal("SUCCEEDED");
    expect((await look(stuck)).finished_at).to.equal(null);
    await desire(spec);
    expect((await ended(stuck))!.state).to.equal("SUCCEEDED");
  });

  it("are the same again for the same key, and end at once when nothing is affected", async () => {
    await affected(1);
    const first = await begin({ idempotencyKey: `k-${number}` });
    expect((await begin({ idempotencyKey: `k-${number}` })).id).to.equal(first.id);
    const other = shop.catalog.run((tx) =>
      rebuildAffected(tx, { idempotencyKey: `k-${number}` }, [], { tokenId: "x", name: "somebody" }),
    );
    expect(await codesOf(other)).to.deep.equal(["CONFLICT"]);
    run();
    await ended(first);
    const nothing = await begin();
    expect([nothing.state, nothing.total, nothing.finishedAt !== null]).to.deep.equal(["SUCCEEDED", 0, true]);
    expect(await codesOf(begin({ parallel: 0 }))).to.deep.equal(["INVALID"]);
    expect(await codesOf(begin({ maxFailures: 0 }))).to.deep.equal(["INVALID"]);
  });

  it("tell of every change, with the counts as they were", async () => {
    await affected(2);
    run();
    const bulk = await begin({ parallel: 1 });
    await ended(bulk);
    const told = (await shop.catalog.events()).flatMap(({ payload }) =>
      "total" in payload && payload.bulkRebuildId === bulk.id ? [payload] : [],
    );
    expect(told[0]).to.include({ state: "RUNNING", total: 2, succeeded: 0 });
    expect(told.at(-1)).to.include({ state: "SUCCEEDED", total: 2, succeeded: 2, running: 0 });
  });
});
