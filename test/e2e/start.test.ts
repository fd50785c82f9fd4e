import { once } from "node:events";
import { cp, rm, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { findPostmaster } from "../../src/storage/postmaster.js";
import { clusterUrl, testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { processesOf } from "../support/processes.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";

const examples = { REBAKE_INSTALL: "examples" };

async function answers(address: string): Promise<any> {
  return eventually(
    async () => {
      const response = await fetch(`http://${address}/`);
      return response.ok && response.json();
    },
    { deadline: 20_000 },
  );
}

describe("starting and stopping", function () {
  this.timeout(120_000);
  // Hooks run in their order: before the database goes.
  after(() => RebakeProcess.endAll());
  const folder = tempFolder();
  const home = () => join(folder.path, "home");
  const database = testDatabase({ empty: true });
  const external = () => ({ ...examples, DATABASE_URL: database.url });
  let addresses: string[] = [];

  it("installs, deploys both examples, and stops leaving nothing running", async () => {
    const rebake = await RebakeProcess.start(home(), examples);
    const { services } = await rebake.graphql(
      "{ services { edges { node { name environment { code driver } operations(last: 1) { edges { node { id } } } } } } }",
    );
    for (const { node } of services.edges) {
      expect(node.environment).to.deep.equal({ code: "DASHBOARD", driver: "PROCESS" });
      const verdict = await verdictOf(rebake, node.operations.edges[0].node.id);
      expect(verdict.state, JSON.stringify(verdict.cause)).to.equal("SUCCEEDED");
    }
    const named = await Promise.all(
      ["catalog", "orders"].map((name) => serviceNamed(rebake, "DASHBOARD", name)),
    );
    addresses = named.map((service) => service.ports[0].address);
    expect((await answers(addresses[0]!)).service).to.equal("catalog");
    expect((await answers(addresses[1]!)).service).to.equal("orders");
    expect((await stat(join(home(), "admin-token"))).mode & 0o777).to.equal(0o600);
    expect(await rebake.end("SIGINT")).to.equal(0);
    expect(processesOf(home())).to.deep.equal([]);
  });

  it("leaves nothing running when it is stopped in the middle of its first start", async () => {
    const young = join(folder.path, "young");
    const rebake = RebakeProcess.spawn(young, examples);
    await eventually(() => processesOf(young).some((line) => /postgres -D|initdb/.test(line)), {
      deadline: 30_000,
    });
    expect(await rebake.end("SIGINT")).to.equal(0);
    expect(processesOf(young)).to.deep.equal([]);
  });

  it("is ready again in under 5 s, with the same token, and brings the services back", async () => {
    const rebake = await RebakeProcess.start(home(), examples);
    expect((await answers(addresses[0]!)).service).to.equal("catalog");
    await eventually(async () => (await serviceNamed(rebake, "DASHBOARD", "catalog")).state === "RUNNING", {
      deadline: 20_000,
    });
    expect(await rebake.end("SIGTERM")).to.equal(0);
    expect(processesOf(home())).to.deep.equal([]);
    expect(rebake.readyAfter).to.be.lessThan(5_000);
  });

  it("ends what a killed server left and brings the services back", async () => {
    const killed = await RebakeProcess.start(home(), examples);
    const before = await answers(addresses[1]!);
    await killed.end("SIGKILL");
    const rebake = await RebakeProcess.start(home(), examples);
    const again = await answers(addresses[1]!);
    expect(again.startedAt).not.to.equal(before.startedAt);
    await eventually(
      async () => {
        const service = await serviceNamed(rebake, "DASHBOARD", "orders");
        return service.state === "RUNNING" && service.tasks.length === 2;
      },
      { deadline: 20_000 },
    );
    expect(processesOf(join(home(), "services")).length).to.be.at.most(6);
    const second = RebakeProcess.spawn(home(), examples);
    await once(second.child, "close");
    expect(second.child.exitCode).to.equal(1);
    expect(second.output.join("\n")).to.contain("HOME_IN_USE").and.to.contain("REBAKE_HOME");
    expect(await rebake.end("SIGTERM")).to.equal(0);
    expect(processesOf(home())).to.deep.equal([]);
  });

  it("outlives its PostgreSQL: services go on, and the API comes back by itself", async () => {
    const rebake = await RebakeProcess.start(home(), examples);
    await eventually(
      async () => {
        const { state, tasks } = await serviceNamed(rebake, "DASHBOARD", "catalog");
        return state === "RUNNING" && tasks.every((task: { state: string }) => task.state === "RUNNING");
      },
      { deadline: 20_000 },
    );
    const killedAt = Date.now();
    const oldOnesAnswer = async () => Date.parse((await answers(addresses[0]!)).startedAt) < killedAt;
    const postmaster = () => findPostmaster(join(home(), "postgres"));
    const { pid } = (await postmaster())!;
    process.kill(pid, "SIGKILL");
    expect(await oldOnesAnswer()).to.equal(true);
    // What it had begun for connections answers for a moment longer than it does.
    const isAnother = async () => ((await postmaster())?.pid ?? pid) !== pid;
    await eventually(
      async () =>
        (await isAnother()) &&
        (await fetch(`${rebake.url}/readyz`)).ok &&
        serviceNamed(rebake, "DASHBOARD", "catalog"),
      { deadline: 30_000 },
    );
    expect(await oldOnesAnswer()).to.equal(true);
    const { id } = await serviceNamed(rebake, "DASHBOARD", "catalog");
    expect((await verdictOf(rebake, await rebuild(rebake, id))).state).to.equal("SUCCEEDED");
    expect(await rebake.end("SIGTERM")).to.equal(0);
    expect(processesOf(home())).to.deep.equal([]);
  });

  it("runs on another PostgreSQL when DATABASE_URL says so", async () => {
    const other = join(folder.path, "other");
    const rebake = await RebakeProcess.start(other, { ...external(), REBAKE_INSTALL: "none" });
    expect(await rebake.graphql("{ cursor services { totalCount } }")).to.deep.equal({
      cursor: "0",
      services: { totalCount: 0 },
    });
    expect(await rebake.end("SIGTERM")).to.equal(0);
  });

  it("refuses a database whose secrets were sealed with another key", async () => {
    const other = join(folder.path, "other");
    const stranger = join(folder.path, "stranger");
    await cp(other, stranger, { recursive: true, filter: (path) => !path.endsWith(".sock") });
    await rm(join(stranger, "secret.key"));
    expect(await refusal({ ...external(), REBAKE_HOME: stranger })).to.contain("SECRET_KEY_WRONG");
  });

  it("refuses a database of a newer Rebake and leaves it as it is", async () => {
    const other = join(folder.path, "other");
    const { dataSource } = await database.open();
    await dataSource.query(
      `insert into schema_migration (timestamp, name) values (9999999999999, 'Future9999999999999')`,
    );
    expect(await refusal({ ...external(), REBAKE_HOME: other })).to.contain("SCHEMA_TOO_NEW");
    await dataSource.query(`delete from schema_migration where name = 'Future9999999999999'`);
  });

  it("names a port that is taken", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    const home = join(folder.path, "other");
    const text = await refusal({ REBAKE_HOME: home, DATABASE_URL: database.url, PORT: String(port) });
    taken.close();
    expect(text).to.contain("PORT_IN_USE").and.to.contain(String(port));
  });

  const wrong: [string, string][] = [
    ["PORT", "99999"],
    ["REBAKE_LEASE_SECONDS", "soon"],
    ["REBAKE_SERVICE_PORTS", "9-1"],
    ["DATABASE_URL", "mysql://root@localhost/x"],
    ["REBAKE_HOEM", "/tmp"],
  ];
  for (const [name, value] of wrong) {
    it(`refuses ${name}=${value} by name, with a remedy`, async () => {
      const text = await refusal({ [name]: value });
      expect(text).to.contain("CONFIG_INVALID").and.to.contain(name);
      expect(text).not.to.contain("    at ");
    });
  }

  it("says which database it cannot reach, without the password", async () => {
    const url = new URL(await clusterUrl());
    url.port = "1";
    url.password = "hunter2hunter2";
    const text = await refusal({ DATABASE_URL: url.href, REBAKE_HOME: join(folder.path, "fourth") });
    expect(text).to.contain("DATABASE_UNREACHABLE").and.not.to.contain("hunter2");
  });

  async function refusal(env: Record<string, string>): Promise<string> {
    const rebake = RebakeProcess.spawn(join(folder.path, "refused"), env);
    await once(rebake.child, "close");
    await rebake.end("SIGKILL");
    expect(rebake.child.exitCode).to.equal(1);
    return rebake.output.join("\n");
  }
});
