import { expect } from "chai";
import { requestCancel } from "../../src/domain/cancel-operation.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import type { Service } from "../../src/domain/service.js";
import { LeaseLost } from "../../src/errors.js";
import { type Claimed, claimNext } from "../../src/operations/claim.js";
import { Journal } from "../../src/operations/journal.js";
import { pinIntent } from "../../src/operations/pin-intent.js";
import { Worker } from "../../src/operations/worker.js";
import { Transactions } from "../../src/storage/transaction.js";
import { actor, Catalog, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { hang, type Script, succeed } from "../support/scripted-driver.js";
import { silent } from "../support/silent.js";

const good = { verdict: "SUCCEEDED", cause: null } as const;

describe("a server that may have lost its lease", function () {
  this.timeout(120_000);
  const database = testDatabase();
  let catalog: Catalog;
  let number = 0;
  const workers: Worker[] = [];
  const realNow = Date.now;

  before(async () => {
    catalog = await Catalog.open(database);
    await catalog.environment("DEV");
    await catalog.recipe("shop", { command: ["node", "server.js"] });
  });

  beforeEach(() => {
    catalog.driver.script = succeed;
  });

  afterEach(async () => {
    Date.now = realNow;
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    await sql(
      "update operation set state = 'CANCELLED', lease_until = null where state in ('QUEUED', 'RUNNING')",
    );
  });

  const sql = <Row = any>(statement: string, parameters: unknown[] = []): Promise<Row[]> =>
    catalog.run((tx) => tx.query<Row>(statement, parameters));
  const claimantOf = (name: string, leaseSeconds = 10) => ({
    hostId,
    owner: `${hostId}/${name}`,
    leaseSeconds,
  });
  const deploy = () => catalog.deploy({ environment: "DEV", recipe: "shop", name: `shop-${++number}` });

  function startWorker(leaseSeconds = 10, transactions = catalog.transactions): Worker {
    const worker = new Worker({
      transactions,
      drivers: catalog.drivers,
      secretBox: catalog.secretBox,
      resolveCommit: async () => "c".repeat(40),
      log: silent,
      claimant: claimantOf("a", leaseSeconds),
      concurrency: 4,
      logWritten: () => {},
    });
    workers.push(worker);
    worker.start();
    return worker;
  }

  /** Runs an operation whose driver does that before it asks whether it may act; says what it was told. */
  async function askingAfter(
    happens: (operationId: string) => unknown,
    transactions = catalog.transactions,
  ): Promise<unknown> {
    const asking: Script = async ({ stamp }, report) => {
      await happens(stamp.operationId);
      answered(
        await report.assertHeld().then(
          () => "may act",
          (error: unknown) => error,
        ),
      );
      return hang({ stamp } as never, report, null);
    };
    let answered: (answer: unknown) => void = () => {};
    const answer = new Promise((resolve) => {
      answered = resolve;
    });
    catalog.driver.script = asking;
    await deploy();
    startWorker(10, transactions);
    return answer;
  }

  const sleepTwentySeconds = () => {
    Date.now = () => realNow() + 20_000;
  };
  const takenOver = (id: string) =>
    sql("update operation set fence = fence + 1, lease_owner = 'host-2/x' where id = $1", [id]);

  it("may act without asking while it holds it for certain", async () => {
    expect(await askingAfter(takenOver)).to.equal("may act");
  });

  it("asks after it has slept, and goes on when nobody has taken over", async () => {
    expect(await askingAfter(sleepTwentySeconds)).to.equal("may act");
  });

  it("waits for who writes to its operation just then, and goes on", async () => {
    const runner = catalog.transactions.dataSource.createQueryRunner();
    let over: Promise<unknown> = Promise.resolve();
    const answer = await askingAfter(async (id) => {
      await runner.startTransaction();
      await runner.query("select id from operation where id = $1 for update", [id]);
      sleepTwentySeconds();
      over = eventually(async () => (await waitingForLocks()) > 0).finally(() =>
        runner.rollbackTransaction(),
      );
    });
    await over;
    await runner.release();
    expect(answer).to.equal("may act");
  });

  it("does not act when somebody has taken over while it slept", async () => {
    const answer = await askingAfter(async (id) => {
      await takenOver(id);
      sleepTwentySeconds();
    });
    expect(answer).to.be.instanceOf(LeaseLost);
  });

  it("does not act when it cannot ask", async () => {
    let away = false;
    const transactions = new Transactions(catalog.transactions.dataSource);
    const { commit } = transactions;
    transactions.commit = (...given) =>
      away
        ? Promise.reject(Object.assign(new Error("gone"), { code: "ECONNREFUSED" }))
        : (commit.apply(transactions, given as never) as never);
    const answer = await askingAfter(() => {
      away = true;
      sleepTwentySeconds();
    }, transactions);
    away = false;
    expect(answer).to.be.instanceOf(LeaseLost);
  });

  it("does not decide any more what a held service should run", async () => {
    const { service, operation } = await deploy();
    await sql("update operation set state = 'CANCELLED' where id = $1", [operation.id]);
    await catalog.run((tx) => rebuildService(tx, { service: service.id }, actor, catalog.drivers));
    const claimed = (await claimNext(catalog.transactions, claimantOf("a")))!;
    const held = await catalog.run(async (tx) => {
      await tx.query("update service set held_at = now() where id = $1", [service.id]);
      return tx.manager.findOneByOrFail<Service>("service", { id: service.id });
    });
    await takenOver(claimed.operation.id);
    const error = await pinIntent(held, journalOf(claimed), new AbortController().signal, {
      ...catalog,
      resolveCommit: async () => "c".repeat(40),
    } as never).catch((error) => error);
    expect(error).to.be.instanceOf(LeaseLost);
    const [row] = await sql("select held_at is not null as held from service where id = $1", [service.id]);
    expect(row).to.deep.equal({ held: true });
  });

  const journalOf = (claimed: Claimed) => new Journal(claimed, catalog.transactions);

  it("locks the service before the operation, as whoever cancels does", async () => {
    const { service, operation } = await deploy();
    const claimed = (await claimNext(catalog.transactions, claimantOf("a")))!;
    expect(claimed.operation.id).to.equal(operation.id);
    const { desiredSpec: spec, desiredFingerprint: fingerprint } = service;
    const intent = { spec, fingerprint, commit: null, image: null, revision: 1, source: {} };
    const stamp = { operationId: operation.id, fence: 1 };
    let intended: Promise<void> | undefined;
    await catalog.run(async (tx) => {
      await tx.query("select id from service where id = $1 for update", [service.id]);
      intended = journalOf(claimed).intend({ ...stamp, ...intent }, "a branch");
      await eventually(async () => (await waitingForLocks()) > 0, { what: "the journal waits" });
      await tx.query("select id from operation where id = $1 for update nowait", [operation.id]);
      await requestCancel(tx, operation, actor);
    });
    await intended;
    expect(await sql("select spec from operation where id = $1", [operation.id])).to.deep.equal([{ spec }]);
  });

  const waitingForLocks = async () => {
    const [row] = await sql<{ count: string }>(
      "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return Number(row!.count);
  };

  it("keeps the leases of its other operations while the journal of one waits", async () => {
    const leaseSeconds = 1;
    let write: () => void = () => {};
    const told = new Promise<void>((resolve) => {
      write = resolve;
    });
    const lost: unknown[] = [];
    const begun: string[] = [];
    catalog.driver.script = async ({ stamp }, report) => {
      begun.push(stamp.operationId);
      if (begun[0] === stamp.operationId) {
        await told;
        await report.step({ step: "START", state: "RUNNING", done: 0, of: 1 }).catch(() => {});
        return good;
      }
      await told;
      await eventually(() => begun.length === 0 || report.signal.aborted, { deadline: 10_000 });
      lost.push(report.signal.reason);
      return good;
    };
    await deploy();
    await deploy();
    startWorker(leaseSeconds);
    await eventually(() => begun.length === 2);
    const [, other] = begun;
    const { dataSource } = catalog.transactions;
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query("select cursor from event_counter for update");
    write();
    const began = performance.now();
    await eventually(
      async () => {
        const [row] = await runner.query(
          "select lease_until > clock_timestamp() as held from operation where id = $1",
          [other],
        );
        expect(row.held).to.equal(true);
        return performance.now() - began > leaseSeconds * 2_500;
      },
      { deadline: 10_000 },
    );
    await runner.rollbackTransaction();
    await runner.release();
    begun.length = 0;
    await eventually(() => lost.length === 1);
    expect(lost).to.deep.equal([undefined]);
  });
});
