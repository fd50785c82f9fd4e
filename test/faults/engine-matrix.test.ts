import { join } from "node:path";
import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";
import { Lane } from "./lane.js";
import { Matrix } from "./matrix.js";
import { TestEnginePlatform } from "./platform.js";
import { expectedOnEngine } from "./points.js";
import { scenarios } from "./scenarios.js";

const everything = process.env.TEST_FAULTS_ALL === "1";

describe("a server that is killed, whose services are on an engine", function () {
  this.timeout(1_800_000);
  // Hooks run in their order: before the database goes.
  after(async () => {
    await lane?.close();
    await RebakeProcess.endAll();
    await platform?.close();
  });
  const database = testDatabase();
  const folder = tempFolder();
  let platform: TestEnginePlatform;
  let lane: Lane;
  let matrix: Matrix;

  before(async () => {
    platform = await TestEnginePlatform.start();
    lane = await Lane.open({ folder: join(folder.path, "lane"), databaseUrl: database.url, platform });
    matrix = new Matrix(lane);
  });

  /** Looks at services come whenever the engine's states change, not once in each run. */
  const isOfOperation = (point: string) =>
    !/^driver\.(inspect|restore|onChange|close|check|logs|downtime)/.test(point);

  for (const scenario of scenarios) {
    it(`keeps ready capacity through a ${scenario.name}, wherever that happens`, async function () {
      const passed = (await matrix.record(scenario)).filter(isOfOperation);
      const points = everything ? passed : matrix.untried(passed);
      this.test!.title += ` (${points.length} points)`;
      expect(await matrix.killAtEach(scenario, points)).to.deep.equal([]);
    });
  }

  it("was killed at every point that is passed for an operation", () => {
    expect(expectedOnEngine.filter(isOfOperation).filter((point) => !matrix.wasTried(point))).to.deep.equal(
      [],
    );
  });
});
