import { join } from "node:path";
import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";
import { expectNothingLost } from "./checks.js";
import { Lane } from "./lane.js";
import { Matrix } from "./matrix.js";
import { expectedPoints } from "./points.js";
import { scenarios } from "./scenarios.js";

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
  let matrix: Matrix;

  before(async () => {
    lane = await Lane.open({ folder: join(folder.path, "lane"), databaseUrl: database.url });
    matrix = new Matrix(lane);
  });

  const worthIt = (points: readonly string[]) =>
    points.filter((point, index) => everything || !matrix.tried.has(point) || index % sample === 0);

  for (const scenario of scenarios) {
    it(`loses nothing of a ${scenario.name}, wherever that happens`, async function () {
      const points = worthIt(await matrix.record(scenario));
      this.test!.title += ` (${points.length} points)`;
      expect(await matrix.killAtEach(scenario, points)).to.deep.equal([]);
    });
  }

  it("brings services back also when it is killed on its way to that, or while it stops or is looked at", async () => {
    const [rebuild] = scenarios;
    const expected = await rebuild!.prepare(lane);
    const id = await rebuild!.ask(lane, matrix.nextKey());
    await lane.ended(id);
    const nothingLost = async () => expectNothingLost(lane, await lane.operation(id), expected);
    const starting = ["driver.restore", "driver.onChange"].flatMap((one) => [
      `${one}/before`,
      `${one}/after`,
    ]);
    for (const point of starting) {
      await lane.server.end("SIGTERM");
      await matrix.dieOf(point, () => lane.startToDie());
      await nothingLost();
    }
    for (const point of ["driver.close/before", "driver.close/after"]) {
      await matrix.dieOf(point, () => lane.server.end("SIGTERM"));
      await nothingLost();
    }
    const service = await lane.serviceId("app");
    const looks = {
      check: "{ environments { health { reachable } } }",
      logs: `{ node(id: "${service}") { ... on Service { logs(tail: 1) { line } } } }`,
    };
    for (const [method, query] of Object.entries(looks)) {
      for (const when of ["before", "after"]) {
        await matrix.dieOf(`driver.${method}/${when}`, () => lane.server.graphql(query).catch(() => null));
        await nothingLost();
      }
    }
    matrix.remember();
  });

  it("was watched at every point there is, and killed there", () => {
    expect(expectedPoints.filter((point) => !matrix.passed.has(point))).to.deep.equal([]);
    expect(expectedPoints.filter((point) => !matrix.wasTried(point))).to.deep.equal([]);
  });
});
