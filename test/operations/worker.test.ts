import { expect } from "chai";
import { cancelOperation } from "../../src/domain/cancel-operation.js";
import type { Operation } from "../../src/domain/operation.js";
import { rebuildService } from "../../src/domain/rebuild-service.js";
import { removeService } from "../../src/domain/remove-service.js";
import { type Cause, OperationFailure } from "../../src/errors.js";
import type { OperationSnapshot } from "../../src/events/event-map.js";
import type { RunDeps } from "../../src/operations/run.js";
import { Worker } from "../../src/operations/worker.js";
import { actor, Catalog, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { hang, succeed } from "../support/scripted-driver.js";
import { silent } from "../support/silent.js";

const commit = "c".repeat(40);
const source = { repository: "https://git.example/shop.git", branch: "main" };

describe("worker", () => {
  const database = testDatabase();
  let catalog: Catalog;
  let number = 0;
  const workers: Worker[] = [];
  let resolveCommit: RunDeps["resolveCommit"] = async () => commit;

  before(async () => {
    catalog = await Catalog.open(database);
    catalog.transactions.onCommit(() => {
      for (const worker of workers) {
        worker.wake();
      }
    });
    await catalog.environment("DEV");
    await catalog.recipe("shop", { source, env: [{ name: "KEY", kind: "SECRET" }] });
  });

  beforeEach(() => {
    catalog.driver.script = succeed;
    catalog.driver.replaced.length = 0;
    resolveCommit = async () => commit;
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  });

  function startWorker(owner = "host-1/a", leaseSeconds = 10): Worker {
    const worker = new Worker({
      transactions: catalog.transactions,
      drivers: catalog.drivers,
      secretBox: catalog.secretBox,
      resolveCommit: (request) => resolveCommit(request),
      log: silent,
      claimant: { hostId, owner, leaseSeconds },
      concurrency: 4,
      logWritten: () => {},
    });
    workers.push(worker);
    worker.start();
    return worker;
  }

  const deploy = (inputs: { name: string; value: string }[] = []) =>
    catalog.deploy({ environment: "DEV", recipe: "shop", name: `shop-${++number}`, replicas: 2, inputs });

  const ended = (id: string) =>
    eventually(async () => {
      const [row] = await catalog.run((tx) =>
        tx.query<{
          state: string;
          cause: Cause | null;
          steps: { name: string; state: string }[];
          fence: string;
        }>("select state, cause, steps, fence from operation where id = $1 and finished_at is not null", [
          id,
        ]),
      );
      return row;
    });
  const story = async ({ id }: Operation) => {
    const events = await catalog.events();
    return events
      .filter((event) => event.type === "OPERATION_CHANGED" && event.payload.operationId === id)
      .map((event) => event.payload as OperationSnapshot);
  };
  const serviceRow = async (id: string) =>
    (
      await catalog.run((tx) =>
        tx.query<Record<string, unknown>>("select * from service where id = $1", [id]),
      )
    )[0]!;

  it("takes a full disk of this host for a fault of the driver, not of the database", async () => {
    catalog.driver.script = async () => {
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
    };
    startWorker();
    const row = await ended((await deploy()).operation.id);
    expect([row!.state, row!.cause?.code]).to.deep.equal(["FAILED", "DRIVER_FAULT"]);
    expect(() => catalog.transactions.assertSpace()).not.to.throw();
  });

  it("runs every step, each with an event of its own, and records what is deployed", async () => {
    startWorker();
    const { service, operation } = await deploy([{ name: "KEY", value: "пароль=1" }]);
    expect((await ended(operation.id))!.state).to.equal("SUCCEEDED");
    const steps = (await story(operation)).map((event) => event.steps.map((step) => step.state[0]).join(""));
    expect(steps).to.deep.equal([
      "PPPPPPP",
      "PPPPPPP",
      "RPPPPPP",
      "RPPPPPP",
      "DPPPPPP",
      "DRPPPPP",
      "DDPPPPP",
      "DDRPPPP",
      "DDDPPPP",
      "DDDRPPP",
      "DDDDPPP",
      "DDDDRPP",
      "DDDDDPP",
      "DDDDDRP",
      "DDDDDDP",
      "DDDDDDR",
      "DDDDDDD",
      "DDDDDDD",
    ]);
    const row = await serviceRow(service.id);
    expect([row.deployed_revision, row.deployed_commit]).to.deep.equal([1, commit]);
    const { target, current } = catalog.driver.replaced[0]!;
    expect(current).to.equal(null);
    expect([...target.secrets.values()]).to.deep.equal(["пароль=1"]);
    expect([target.commit, target.replicas]).to.deep.equal([commit, 2]);
  });

  it("pins the newest commit at each rebuild and hands the driver what runs now", async () => {
    startWorker();
    const { service, operation } = await deploy();
    await ended(operation.id);
    const newer = "d".repeat(40);
    resolveCommit = async () => newer;
    const rebuild = await catalog.run((tx) =>
      rebuildService(tx, { service: service.id }, actor, catalog.drivers),
    );
    await ended(rebuild.id);
    const { current, target } = catalog.driver.replaced[1]!;
    expect([current?.commit, target.commit]).to.deep.equal([commit, newer]);
    expect(current?.stamp.operationId).to.equal(operation.id);
  });

  it("resolves the Update at the end of a rebuild, but not one that a later bump raised meanwhile", async () => {
    startWorker();
    await catalog.recipe("racy", { env: [{ name: "A", kind: "STATIC", value: "1" }] });
    const { service, operation } = await catalog.deploy({ environment: "DEV", recipe: "racy", name: "racy" });
    await ended(operation.id);
    const bump = (value: string) =>
      catalog.bump("racy", { spec: { env: [{ name: "A", kind: "STATIC", value }] } });
    await bump("2");
    catalog.driver.script = async (...all) => {
      const outcome = await succeed(...all);
      await bump("3");
      return outcome;
    };
    const rebuild = await catalog.run((tx) =>
      rebuildService(tx, { service: service.id }, actor, catalog.drivers),
    );
    await ended(rebuild.id);
    const updates = (await catalog.updates()).filter((row) => row.service_id === service.id);
    expect(updates.map((row) => [row.from_revision, row.to_revision])).to.deep.equal([[2, 3]]);
    catalog.driver.script = succeed;
    const again = await catalog.run((tx) =>
      rebuildService(tx, { service: service.id }, actor, catalog.drivers),
    );
    await ended(again.id);
    expect((await catalog.updates()).filter((row) => row.service_id === service.id)).to.deep.equal([]);
    const resolved = (await catalog.events()).filter((event) => event.type === "UPDATE_RESOLVED");
    expect(resolved.at(-1)!.payload.serviceId).to.equal(service.id);
  });

  it("fails with the cause the driver gives, leaves what is deployed as it was, and ends every step", async () => {
    startWorker();
    catalog.driver.script = async (_target, report) => {
      await report.step({ step: "START", state: "RUNNING", done: 0, of: 2 });
      const cause: Cause = { code: "APP_EXITED", message: "It exited.", exitCode: 3, lastLines: ["boom"] };
      return { verdict: "FAILED", cause };
    };
    const { service, operation } = await deploy();
    const row = (await ended(operation.id))!;
    expect(row.cause).to.deep.equal({
      code: "APP_EXITED",
      message: "It exited.",
      exitCode: 3,
      lastLines: ["boom"],
    });
    expect(row.steps.map((step) => step.state)).to.deep.equal([
      "DONE",
      "SKIPPED",
      "SKIPPED",
      "FAILED",
      "SKIPPED",
      "SKIPPED",
      "SKIPPED",
    ]);
    expect((await serviceRow(service.id)).deployed_fingerprint).to.equal(null);
  });

  it("fails an operation whose branch is gone, before the driver is asked for anything", async () => {
    startWorker();
    resolveCommit = async () => {
      throw new OperationFailure("REF_NOT_FOUND", "There is no branch main.");
    };
    const { operation } = await deploy();
    expect((await ended(operation.id))!.cause?.code).to.equal("REF_NOT_FOUND");
    expect(catalog.driver.replaced).to.deep.equal([]);
  });

  it("calls an unexpected fault of the driver by its name and tells nothing of its inside", async () => {
    startWorker();
    catalog.driver.script = async () => {
      throw new TypeError("secret inside");
    };
    const { operation } = await deploy();
    const { state, cause } = (await ended(operation.id))!;
    expect([state, cause?.code]).to.deep.equal(["FAILED", "DRIVER_FAULT"]);
    expect(JSON.stringify(cause)).not.to.contain("secret inside");
  });

  it("keeps evidence that no database takes as it is, and not more of it than anybody reads", async () => {
    startWorker();
    catalog.driver.script = async (_target, report) => {
      await report.step({ step: "START", state: "RUNNING", done: 0, of: 2, detail: "half \ud83d" });
      const lastLines = ["NUL \0", "half \ud83d", "whole 😀", "x".repeat(100_000)];
      return { verdict: "FAILED", cause: { code: "APP_EXITED", message: "\udfff", exitCode: 3, lastLines } };
    };
    const { operation } = await deploy();
    const { state, cause } = (await ended(operation.id))!;
    expect([state, cause?.message]).to.deep.equal(["FAILED", "\ufffd"]);
    expect(cause?.lastLines.slice(0, 3)).to.deep.equal(["NUL \ufffd", "half \ufffd", "whole 😀"]);
    expect(cause?.lastLines[3]).to.have.length.below(3000);
  });

  it("has no verdict while the database is away, and goes on when it is back", async () => {
    startWorker("host-1/a", 1);
    let tries = 0;
    catalog.driver.script = async (target, report, current) => {
      if (++tries === 1) {
        throw Object.assign(new Error("Connection terminated unexpectedly"), { code: "57P01" });
      }
      return succeed(target, report, current);
    };
    const { operation } = await deploy();
    const { state, fence } = (await ended(operation.id))!;
    expect([state, fence, tries]).to.deep.equal(["SUCCEEDED", "2", 2]);
  });

  it("stops a running operation when it is cancelled", async () => {
    const worker = startWorker("host-1/a", 1);
    catalog.driver.script = hang;
    const { operation } = await deploy();
    await eventually(async () =>
      (await story(operation)).some((event) => event.steps[3]?.state === "RUNNING"),
    );
    await catalog.run((tx) => cancelOperation(tx, { operation: operation.id }, actor));
    const row = (await ended(operation.id))!;
    expect([row.state, row.cause?.code]).to.deep.equal(["CANCELLED", "CANCELLED_BY_USER"]);
    expect(row.cause?.message).to.contain("Алиса");
    expect(worker.healthy).to.equal(true);
  });

  it("runs one operation of a service at a time, the newest request next", async () => {
    startWorker();
    catalog.driver.script = hang;
    const { service, operation } = await deploy();
    await eventually(async () => catalog.driver.replaced.length === 1);
    const second = await catalog.run((tx) =>
      rebuildService(tx, { service: service.id }, actor, catalog.drivers),
    );
    const third = await catalog.run((tx) =>
      rebuildService(tx, { service: service.id }, actor, catalog.drivers),
    );
    catalog.driver.script = succeed;
    await catalog.run((tx) => cancelOperation(tx, { operation: operation.id }, actor));
    expect((await ended(third.id))!.state).to.equal("SUCCEEDED");
    expect((await ended(second.id))!.state).to.equal("SUPERSEDED");
    expect(catalog.driver.replaced).to.have.length(2);
  });

  it("removes a service, its secrets and its Update, and keeps its history", async () => {
    startWorker();
    const { service, operation } = await deploy([{ name: "KEY", value: "x" }]);
    await ended(operation.id);
    const removal = await catalog.run((tx) => removeService(tx, { service: service.id }, actor));
    await ended(removal.id);
    expect(catalog.driver.removed.map((ref) => ref.serviceId)).to.contain(service.id);
    expect((await serviceRow(service.id)).removed_at).to.be.instanceOf(Date);
    const secrets = await catalog.run((tx) =>
      tx.query("select * from service_secret where service_id = $1", [service.id]),
    );
    expect(secrets).to.deep.equal([]);
    const again = await catalog.deploy({
      environment: "DEV",
      recipe: "shop",
      name: service.name,
    });
    expect(again.service.id).not.to.equal(service.id);
    // Left waiting, it would be the next worker's.
    await ended(again.operation.id);
  });

  it("gives an operation back when it stops, and the next start of the same home goes on at once", async () => {
    const first = startWorker("host-1/a", 300);
    catalog.driver.script = hang;
    const { operation } = await deploy();
    await eventually(async () => catalog.driver.replaced.length === 1);
    await first.stop();
    catalog.driver.script = succeed;
    startWorker("host-1/b", 300);
    const row = (await ended(operation.id))!;
    expect([row.state, row.fence]).to.deep.equal(["SUCCEEDED", "2"]);
    expect(catalog.driver.replaced[1]!.target.fingerprint).to.equal(
      catalog.driver.replaced[0]!.target.fingerprint,
    );
  });

  it("lets a server that lost its lease write nothing more", async () => {
    startWorker("host-1/a", 300);
    let proceed: () => void = () => {};
    catalog.driver.script = async (...all) => {
      await new Promise<void>((resolve) => {
        proceed = resolve;
      });
      return succeed(...all);
    };
    const { operation } = await deploy();
    await eventually(async () => catalog.driver.replaced.length === 1);
    const stale = proceed;
    catalog.driver.script = succeed;
    // As if the first had slept beyond its lease, and a server of another home had noticed.
    await catalog.run((tx) =>
      tx.query("update operation set lease_until = 'epoch' where id = $1", [operation.id]),
    );
    startWorker("host-2/b", 300);
    await ended(operation.id);
    const before = (await story(operation)).length;
    stale();
    await workers[0]!.stop();
    expect((await story(operation)).length).to.equal(before);
  });

  it("leaves operations of another host's environment alone", async () => {
    startWorker();
    await catalog.run((tx) =>
      tx.query(
        `insert into environment (id, code, description, driver, host_id) values ('env_far', 'FAR', '', 'PROCESS', 'host-2')`,
      ),
    );
    const far = await catalog.deploy({ environment: "FAR", recipe: "shop", name: "far" });
    const near = await deploy();
    await ended(near.operation.id);
    const [row] = await catalog.run((tx) =>
      tx.query<{ state: string }>("select state from operation where id = $1", [far.operation.id]),
    );
    expect(row!.state).to.equal("QUEUED");
  });
});
