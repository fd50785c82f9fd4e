import { join } from "node:path";
import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";
import { expectNothingLost } from "./checks.js";
import { Lane } from "./lane.js";
import { expectedPoints, plain } from "./points.js";
import { type Scenario, scenarios } from "./scenarios.js";

/** All kills of all scenarios; else each point once, in the first scenario that passes it, and a few of the others. */
const everything = process.env.TEST_FAULTS_ALL === "1";
/** Every so manieth point of a scenario is tried though another scenario has tried it. */
const sample = 9;

describe("a server that is killed", function () {
  this.timeout(1_800_000);
  // Hooks run in their order: before the database goes.
  after(async () => {
    await lane?.close();
    await RebakeProcess.endAll();
  });
  const database = testDatabase();
  const folder = tempFolder();
  let lane: Lane;
  let runs = 0;
  /** Every point that some run has passed, and those at which a server was killed. */
  const passed = new Set<string>();
  const tried = new Set<string>();

  before(async () => {
    lane = await Lane.open(join(folder.path, "lane"), database.url);
  });

  /** One run without a kill: its points, in their order. */
  async function record(scenario: Scenario): Promise<string[]> {
    const expected = await scenario.prepare(lane);
    remember(lane.points.takePassed());
    const id = await scenario.ask(lane, `run-${++runs}`);
    const row = await lane.ended(id);
    await expectNothingLost(lane, row!, expected);
    return remember(lane.points.takePassed());
  }

  function remember(points: string[]): string[] {
    for (const point of points) {
      passed.add(plain(point));
    }
    return points;
  }

  /** The same run, killed at a point and gone on with by another server. */
  async function kill(scenario: Scenario, point: string): Promise<void> {
    const expected = await scenario.prepare(lane);
    const key = `run-${++runs}`;
    lane.points.arm(point);
    const asked = await scenario.ask(lane, key).catch(() => null);
    if (asked !== null) {
      await lane.ended(asked).catch(() => null);
    }
    await eventually(() => lane.dead, { deadline: 10_000, what: `the server dies at ${point}` });
    await lane.start();
    const id = await scenario.ask(lane, key);
    const row = await lane.ended(id);
    await expectNothingLost(lane, row!, expected);
    remember(lane.points.takePassed());
  }

  const worthIt = (points: readonly string[]) =>
    points.filter((point, index) => everything || !tried.has(point) || index % sample === 0);

  for (const scenario of scenarios) {
    it(`loses nothing of a ${scenario.name}, wherever that happens`, async function () {
      const points = worthIt(await record(scenario));
      const failures: string[] = [];
      for (const point of points) {
        tried.add(point);
        await kill(scenario, point).catch((error) => failures.push(`${point}: ${error.message}`));
        if (lane.dead) {
          await lane.start();
        }
        lane.points.disarm();
      }
      this.test!.title += ` (${points.length} points)`;
      expect(failures).to.deep.equal([]);
    });
  }

  it("brings services back also when it is killed on its way to that, or while it stops", async () => {
    const [rebuild] = scenarios;
    for (const point of ["driver.restore/before", "driver.restore/after", "driver.onChange/after"]) {
      const expected = await rebuild!.prepare(lane);
      const id = await rebuild!.ask(lane, `run-${++runs}`);
      await lane.ended(id);
      await lane.server.end("SIGTERM");
      lane.points.arm(point);
      await lane.startToDie();
      expect(lane.points.disarm(), point).to.equal(false);
      await lane.start();
      await expectNothingLost(lane, await lane.operation(id), expected);
    }
    for (const point of ["driver.close/before", "driver.close/after"]) {
      const expected = await rebuild!.prepare(lane);
      const id = await rebuild!.ask(lane, `run-${++runs}`);
      await lane.ended(id);
      lane.points.arm(point);
      await lane.server.end("SIGTERM");
      expect(lane.points.disarm(), point).to.equal(false);
      await lane.start();
      await expectNothingLost(lane, await lane.operation(id), expected);
    }
    remember(lane.points.takePassed());
  });

  it("was watched at every point there is", async () => {
    const service = await lane.serviceId("app");
    await lane.server.graphql("{ environments { health { reachable } } }");
    await lane.server.graphql(
      "query($id: ID!) { node(id: $id) { ... on Service { logs(tail: 1) { line } } } }",
      { id: service },
    );
    remember(lane.points.takePassed());
    expect(expectedPoints.filter((point) => !passed.has(point))).to.deep.equal([]);
  });
});
