import { expect } from "chai";
import { allServers } from "../../src/domain/server.js";
import type { ServiceRef } from "../../src/operations/driver.js";
import { Presence } from "../../src/operations/presence.js";
import { Reads } from "../../src/storage/reads.js";
import { Transactions } from "../../src/storage/transaction.js";
import { Catalog, hostId } from "../support/catalog.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { silent } from "../support/silent.js";

describe("presence", function () {
  this.timeout(120_000);
  const database = testDatabase();
  const started: Presence[] = [];
  let catalog: Catalog;
  let serviceId: string;
  let found: ServiceRef[] = [];

  before(async () => {
    catalog = await Catalog.open(database);
    await catalog.environment("DEV");
    await catalog.recipe("shop", { command: ["node", "server.js"] });
    serviceId = (await catalog.deploy({ environment: "DEV", recipe: "shop", name: "shop" })).service.id;
  });

  beforeEach(async () => {
    found = [];
    await catalog.transactions.dataSource.query("update service set state = 'RUNNING'");
  });

  afterEach(() => Promise.all(started.splice(0).map((presence) => presence.stop())));

  function make(host: string, transactions = catalog.transactions): Presence {
    const presence = new Presence({
      transactions,
      claimant: { hostId: host, owner: `${host}/1`, leaseSeconds: 1 },
      version: "1.2.3",
      found: (refs) => found.push(...refs),
      log: silent,
    });
    return presence;
  }

  async function start(host: string): Promise<Presence> {
    const presence = make(host);
    await presence.start();
    started.push(presence);
    return presence;
  }

  const states = async () => {
    const servers = await allServers(new Reads(catalog.transactions.dataSource));
    return Object.fromEntries(servers.map(({ id, state }) => [id, state]));
  };
  const serviceState = async () => {
    const [row] = await catalog.transactions.dataSource.query("select state from service");
    return row.state;
  };
  /** As if its process had been killed: nothing says goodbye. */
  const silence = (host: string) =>
    catalog.transactions.dataSource.query(
      "update server set seen_at = now() - interval '1 hour', owner = 'gone', stopped_at = null where host_id = $1",
      [host],
    );

  it("tells which servers are up, away and stopped", async () => {
    await start("host-2");
    await start(hostId);
    expect(await states()).to.deep.equal({ "host-2": "UP", [hostId]: "UP" });
    await started.pop()!.stop();
    await start("host-3");
    await silence("host-3");
    await eventually(async () => (await states())["host-3"] === "AWAY");
    expect(await states()).to.deep.equal({ "host-2": "UP", [hostId]: "STOPPED", "host-3": "AWAY" });
  });

  it("makes services of a silent host UNKNOWN, with an event, and has them looked at when it is back", async () => {
    await start("host-2");
    await start(hostId);
    const before = (await catalog.events()).length;
    await silence(hostId);
    await eventually(async () => (await serviceState()) === "UNKNOWN", { deadline: 5_000 });
    const events = (await catalog.events()).slice(before);
    expect(events.map(({ type, payload }) => [type, (payload as { state?: string }).state])).to.deep.equal([
      ["SERVICE_CHANGED", "UNKNOWN"],
    ]);
    await start(hostId);
    await eventually(() => found.length > 0, { deadline: 5_000 });
    expect(found[0]).to.include({ serviceId, environment: "DEV", name: "shop" });
  });

  it("has services looked at that others took for stopped though they are deployed", async () => {
    const sql = (statement: string) => catalog.transactions.dataSource.query(statement);
    await sql("update service set state = 'STOPPED'");
    const mine = await start(hostId);
    const began = performance.now();
    await eventually(() => performance.now() - began > 700);
    expect(found).to.deep.equal([]);
    await sql("update service set deployed_fingerprint = 'x'");
    await eventually(() => found.length > 0, { deadline: 5_000 });
    expect(found[0]).to.include({ serviceId });
    await sql("update service set deployed_fingerprint = null");
    started.splice(started.indexOf(mine), 1);
    await mine.stop();
  });

  it("comes back when it was forgotten meanwhile, but not in the place of a newer process of its home", async () => {
    const sql = (statement: string) => catalog.transactions.dataSource.query(statement);
    await start(hostId);
    await sql("delete from server");
    await eventually(async () => (await states())[hostId] === "UP");
    await sql("update server set owner = 'newer', stopped_at = now()");
    const began = performance.now();
    await eventually(() => performance.now() - began > 700);
    expect(
      await sql("select owner, stopped_at is null as up from server where host_id = 'host-1'"),
    ).to.deep.equal([{ owner: "newer", up: false }]);
  });

  it("says nothing more while it waits for an answer, and leaves without one", async () => {
    let asked = 0;
    const real = catalog.transactions;
    const hanging = new Transactions(real.dataSource);
    const presence = make(hostId, hanging);
    await presence.start();
    hanging.run = () => {
      asked++;
      return new Promise(() => {});
    };
    await eventually(() => asked > 0);
    const began = performance.now();
    await eventually(() => performance.now() - began > 1_500);
    const before = performance.now();
    await presence.stop();
    expect(performance.now() - before).to.be.below(6_000);
    expect(asked).to.equal(1);
  });

  it("makes services of a host whose server has stopped STOPPED", async () => {
    const mine = await start(hostId);
    started.splice(started.indexOf(mine), 1);
    await mine.stop();
    await start("host-2");
    await eventually(async () => (await serviceState()) === "STOPPED", { deadline: 5_000 });
  });

  it("forgets homes that are long gone and that nothing belongs to", async () => {
    const sql = (statement: string) => catalog.transactions.dataSource.query(statement);
    await sql(
      `insert into server (host_id, owner, name, version, lease_seconds, seen_at)
       values ('ancient', 'a', 'a', '1', 1, now() - interval '31 days')`,
    );
    await sql(`update server set seen_at = now() - interval '31 days' where host_id = '${hostId}'`);
    await start("host-2");
    await eventually(async () => !("ancient" in (await states())), { deadline: 5_000 });
    expect(await states()).to.include.keys(hostId);
  });
});
