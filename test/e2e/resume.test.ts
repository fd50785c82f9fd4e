import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { bump, createEnvironment, createRecipe, cursorOf } from "../support/recipes.js";
import { tempFolder } from "../support/temp-folder.js";

const numberOfLines = 40;
const program = `for (let number = 1; number <= ${numberOfLines}; number++) console.log("line " + number);
setInterval(() => {}, 1e9);`;

const availableQuery = `subscription($after: Cursor) { updateAvailable(after: $after) {
  cursor update { toRevision service { id } } } }`;
const resolvedQuery = `subscription($after: Cursor) { updateResolved(after: $after) {
  __typename cursor update { service { id } } } }`;
const logQuery =
  "subscription($id: ID!, $after: String) { operationLog(operation: $id, after: $after) { cursor stream line } }";
const progressQuery = `subscription($id: ID!, $after: Cursor) { operationProgress(operation: $id, after: $after) {
  cursor operation { state steps { name state done of } } } }`;

describe("subscriptions that resume, through the whole server", function () {
  this.timeout(120_000);
  // Hooks run in their order: before the database goes.
  after(() => RebakeProcess.endAll());
  const database = testDatabase({ empty: true });
  const folder = tempFolder();
  const external = () => ({ DATABASE_URL: database.url });
  let first: RebakeProcess;
  const services: string[] = [];
  let operation: string;

  before(async () => {
    first = await RebakeProcess.start(join(folder.path, "first"), external());
    await createEnvironment(first, "DEV");
    await createRecipe(first, "app", {
      command: ["node", "-e", program],
      env: [{ name: "MODE", kind: "STATIC", value: "0" }],
      rollout: { monitor: 1, drain: 0, deadline: 20 },
    });
    for (const name of ["one", "two"]) {
      const deployed = await deploy(first, { environment: "DEV", recipe: "app", name });
      services.push(deployed.service);
      operation = deployed.operation;
      await expectDone(operation);
    }
  });

  async function expectDone(id: string): Promise<void> {
    const verdict = await verdictOf(first, id);
    // It has no probe.
    expect(verdict.state, JSON.stringify(verdict.cause)).to.equal("UNPROVEN");
  }

  const setMode = (value: string) => bump(first, "app", { env: [{ name: "MODE", kind: "STATIC", value }] });

  async function cursorsOfType(type: string): Promise<string[]> {
    const { dataSource } = await database.open();
    const rows: { cursor: string }[] = await dataSource.query(
      "select cursor::text from event where type = $1 order by event.cursor",
      [type],
    );
    return rows.map(({ cursor }) => cursor);
  }

  /** All batches of a log that has ended, or what is left of it. */
  async function linesOf(after?: string): Promise<{ cursor: string; stream: string; line: string }[]> {
    const log = first.subscribe(logQuery, { id: operation, after });
    await log.done;
    return log.events.flatMap(({ operationLog }) => operationLog);
  }

  async function progressAfter(after?: string): Promise<any[]> {
    const progress = first.subscribe(progressQuery, { id: operation, after });
    await progress.done;
    return progress.events.map(({ operationProgress }) => operationProgress);
  }

  it("operationLog goes on behind the line it is told, each line once", async () => {
    const all = await linesOf();
    const printed = all.filter(({ stream }) => stream === "STDOUT").map(({ line }) => line);
    expect(printed).to.deep.equal(Array.from({ length: numberOfLines }, (_, index) => `line ${index + 1}`));
    expect(new Set(all.map(({ cursor }) => cursor)).size).to.equal(all.length);
    const middle = Math.floor(all.length / 2);
    expect(await linesOf(all[middle]!.cursor)).to.deep.equal(all.slice(middle + 1));
    expect(await linesOf(all.at(-1)!.cursor)).to.deep.equal([]);
  });

  it("operationProgress goes on behind the step it is told, and is over after the verdict", async () => {
    const all = await progressAfter();
    expect(all.length).to.be.greaterThan(6);
    expect(all.at(-1).operation.state).to.equal("UNPROVEN");
    const middle = Math.floor(all.length / 2);
    expect(await progressAfter(all[middle].cursor)).to.deep.equal(all.slice(middle + 1));
    expect(await progressAfter(all.at(-1).cursor)).to.deep.equal([]);
  });

  it("operationProgress goes on in the middle of an operation", async () => {
    const id = await rebuild(first, services[0]!);
    const begun = first.subscribe(progressQuery, { id });
    await eventually(() => begun.events.length >= 3);
    first.dropConnection();
    await begun.done.catch(() => {});
    const seen = begun.events.map(({ operationProgress }) => operationProgress);
    const rest = first.subscribe(progressQuery, { id, after: seen.at(-1).cursor });
    await rest.done;
    const resumed = rest.events.map(({ operationProgress }) => operationProgress);
    const all = first.subscribe(progressQuery, { id });
    await all.done;
    expect([...seen, ...resumed]).to.deep.equal(all.events.map((event) => event.operationProgress));
  });

  it("updateResolved alone tells what was resolved since, in order, and nothing of what arose", async () => {
    const before = await cursorOf(first);
    expect(await setMode("1")).to.equal(2);
    for (const service of [...services].reverse()) {
      await expectDone(await rebuild(first, service));
    }
    const expected = await cursorsOfType("UPDATE_RESOLVED");
    const all = first.subscribe(resolvedQuery, { after: before });
    await eventually(() => all.events.length >= 2);
    const events = all.events.map(({ updateResolved }) => updateResolved);
    expect(events.map(({ update }) => update.service.id)).to.deep.equal([...services].reverse());
    expect(events.map(({ cursor }) => cursor)).to.deep.equal(expected);
    const resumed = first.subscribe(resolvedQuery, { after: events[0].cursor });
    await eventually(() => resumed.events.length >= 1);
    // What comes next shows that nothing else was on its way.
    expect(await setMode("2")).to.equal(2);
    expect(await setMode("1")).to.equal(0);
    await eventually(() => all.events.length >= 4 && resumed.events.length >= 3);
    expect(resumed.events).to.deep.equal(all.events.slice(1));
    expect(new Set(all.events.map((event) => event.updateResolved.__typename))).to.deep.equal(
      new Set(["UpdateResolved"]),
    );
    all.stop();
    resumed.stop();
  });

  it("updateAvailable goes on at another server where the first connection was dropped", async () => {
    const other = join(folder.path, "second");
    await mkdir(other);
    await cp(join(folder.path, "first", "secret.key"), join(other, "secret.key"));
    const second = await RebakeProcess.start(other, external());
    const before = await cursorOf(first);
    const begun = first.subscribe(availableQuery, { after: before });
    await setMode("2");
    await eventually(() => begun.events.length === 2);
    first.dropConnection();
    await begun.done.then(
      () => expect.fail("the connection was not dropped"),
      () => {},
    );
    // Of the first two the client had dealt with one when the connection went.
    const seen = begun.events.slice(0, 1).map(({ updateAvailable }) => updateAvailable);
    await setMode("3");
    await setMode("4");
    const resumed = second.subscribe(availableQuery, { after: seen[0].cursor });
    await eventually(() => resumed.events.length >= 5);
    await setMode("5");
    await eventually(() => resumed.events.length >= 7);
    const rest = resumed.events.map(({ updateAvailable }) => updateAvailable);
    const all = await cursorsOfType("UPDATE_AVAILABLE");
    const expected = all.filter((cursor) => BigInt(cursor) > BigInt(before));
    expect(expected).to.have.length(8);
    expect([...seen, ...rest].map(({ cursor }) => cursor)).to.deep.equal(expected);
    const revisions = [...seen, ...rest].map(({ update }) => update.toRevision);
    const newest = revisions.at(-1);
    expect(revisions).to.deep.equal([3, 3, 2, 2, 1, 1, 0, 0].map((back) => newest - back));
    expect(await first.end("SIGTERM")).to.equal(0);
    expect(await second.end("SIGTERM")).to.equal(0);
  });
});
