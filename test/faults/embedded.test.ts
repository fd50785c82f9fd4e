import { join } from "node:path";
import { expect } from "chai";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";
import { Lane } from "./lane.js";
import { Matrix } from "./matrix.js";
import { scenarios } from "./scenarios.js";

/** Where the most is under way: in the middle of a transaction, of a replacement, of its end. */
const points = [
  "claim/in transaction",
  "journal.intend/in transaction",
  "journal.step(READY RUNNING)/in transaction",
  "driver.replace/after",
  "journal.finish/in transaction",
  "journal.finish/after",
];

describe("a server with a PostgreSQL of its own that is killed", function () {
  this.timeout(300_000);
  // Hooks run in their order: before the folder goes, without which a server does not stop well.
  after(async () => {
    await lane?.close();
    await RebakeProcess.endAll();
  });
  const folder = tempFolder();
  let lane: Lane;

  before(async () => {
    lane = await Lane.open({ folder: join(folder.path, "lane"), databaseUrl: null });
  });

  it("loses nothing of a rebuild, and leaves no second PostgreSQL behind", async () => {
    const matrix = new Matrix(lane);
    const [rebuild] = scenarios;
    expect(await matrix.record(rebuild!)).to.include.members(points);
    expect(await matrix.killAtEach(rebuild!, points)).to.deep.equal([]);
  });
});
