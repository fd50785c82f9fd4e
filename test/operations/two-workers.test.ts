import { expect } from "chai";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { Worker } from "../../src/operations/worker.js";
import { actor, Catalog } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { type Script, succeed } from "../support/scripted-driver.js";
import { silent } from "../support/silent.js";

const hosts = ["host-1", "host-2"];
const numberOfServices = 10;
const operationsOfEach = 3;

describe("two workers on one database", function () {
  this.timeout(120_000);
  const database = testDatabase();
  const workers: Worker[] = [];
  const catalogs: Catalog[] = [];
  /** Operation ids in the order in which each worker ran them. */
  const ran: string[][] = [[], []];
  const requested = new Map<string, number>();
  const active = new Map<string, number>();
  let mostAtOnce = 0;
  let overlaps = 0;

  before(async () => {
    for (const _ of hosts) {
      catalogs.push(await Catalog.open(database));
    }
    const [catalog] = catalogs as [Catalog];
    await catalog.environment("SHARED");
    // One that all servers can reach, as those of a cluster are.
    await catalog.run((tx) => tx.query("update environment set host_id = null"));
    await catalog.recipe("shop", { command: ["node", "server.js"] });
    for (let number = 1; number <= numberOfServices; number++) {
      const input = { environment: "SHARED", recipe: "shop", name: `shop-${number}` };
      const { service } = await catalog.deploy(input);
      requested.set(service.id, 1);
    }
  });

  after(() => Promise.all(workers.map((worker) => worker.stop())));

  /** Has the next operation of the same service wait while this one runs, for either worker to take. */
  const script =
    (worker: number): Script =>
    async (target, report, current) => {
      const { serviceId } = target.ref;
      ran[worker]!.push(target.stamp.operationId);
      active.set(serviceId, (active.get(serviceId) ?? 0) + 1);
      overlaps += active.get(serviceId)! > 1 ? 1 : 0;
      mostAtOnce = Math.max(
        mostAtOnce,
        [...active.values()].reduce((sum, count) => sum + count, 0),
      );
      if (requested.get(serviceId)! < operationsOfEach) {
        requested.set(serviceId, requested.get(serviceId)! + 1);
        await catalogs[worker]!.run((tx) =>
          rebuildService(tx, { service: serviceId }, actor, catalogs[worker]!.drivers),
        );
        wakeAll();
      }
      try {
        return await succeed(target, report, current);
      } finally {
        active.set(serviceId, active.get(serviceId)! - 1);
      }
    };

  function wakeAll(): void {
    for (const worker of workers) {
      worker.wake();
    }
  }

  function startWorker(hostId: string, index: number): void {
    const catalog = catalogs[index]!;
    catalog.driver.script = script(index);
    const worker = new Worker({
      transactions: catalog.transactions,
      drivers: catalog.drivers,
      secretBox: catalog.secretBox,
      resolveCommit: async () => "c".repeat(40),
      log: silent,
      claimant: { hostId, owner: `${hostId}/a`, leaseSeconds: 30 },
      concurrency: 6,
      logWritten: () => {},
    });
    workers.push(worker);
    catalog.transactions.onCommit(wakeAll);
  }

  it("run each operation once, and one of a service at a time", async () => {
    hosts.forEach(startWorker);
    for (const worker of workers) {
      worker.start();
    }
    const rows = await eventually(
      async () => {
        const all = await catalogs[0]!.run((tx) =>
          tx.query<{ id: string; state: string; fence: string }>("select id, state, fence from operation"),
        );
        const done = all.filter(({ state }) => state !== "QUEUED" && state !== "RUNNING");
        return done.length === numberOfServices * operationsOfEach && done;
      },
      { deadline: 40_000, what: "all operations have ended" },
    );
    expect(rows.filter(({ state, fence }) => state !== "SUCCEEDED" || fence !== "1")).to.deep.equal([]);
    expect(ran.flat()).to.have.members(rows.map(({ id }) => id));
    expect(overlaps).to.equal(0);
  });

  it("share the work", () => {
    expect(ran[0]).not.to.deep.equal([]);
    expect(ran[1]).not.to.deep.equal([]);
    expect(mostAtOnce).to.be.greaterThan(1);
  });
});
