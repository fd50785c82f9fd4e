import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { Random } from "../support/random.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";
import { Lane } from "./lane.js";
import { Matrix } from "./matrix.js";
import type { Platform } from "./platform.js";
import { type Scenario, scenarios } from "./scenarios.js";

const seed = Number(process.env.TEST_FAULT_SEED ?? Date.now() % 1_000_000);
/** Kills at random moments, at the least, that must have hit a server at work. */
const leastTakeovers = 5;

/** A real engine, on which servers are killed. */
export interface RealEngine {
  /** e.g. `a real swarm` */
  name: string;
  /** The variable that this machine does not have and it needs; null when it can run here. */
  lacks: string | null;
  open(): Promise<Platform & { close(): Promise<void> }>;
  /** How many kills at random moments there are. */
  kills: number;
  /** For how long an operation takes, about; in milliseconds. */
  work: number;
  /** Names of scenarios whose points are tried, where operations take so long that not all are; all unless given. */
  only?: readonly string[];
}

/** What a server that is killed owes to services on an engine of that kind. */
export function killedOn({ name, lacks, open, kills, work, only }: RealEngine): void {
  const chosen = scenarios.filter((scenario) => only?.includes(scenario.name) ?? true);
  const title = `a server that is killed, whose services are on ${name}`;
  describe(lacks ? `${title} (needs ${lacks})` : title, function () {
    this.timeout(1_200_000);
    // Hooks run in their order: before the database goes.
    after(async () => {
      await lane?.close();
      await RebakeProcess.endAll();
      await platform?.close();
    });
    const database = testDatabase();
    const folder = tempFolder();
    let platform: Platform;
    let lane: Lane;
    let matrix: Matrix;

    before(async function () {
      if (lacks) {
        this.skip();
      }
      platform = await open();
      lane = await Lane.open({ folder: join(folder.path, "lane"), databaseUrl: database.url, platform });
      matrix = new Matrix(lane);
    });

    /** Around what the driver does to the engine: what lies between is the same on any engine. */
    const isCall = (point: string) =>
      /^(driver\.(replace|scale|remove|pinImage)|report\.assertHeld)\b/.test(point) ||
      // Before it is written it is as after the call before.
      /^journal\.(intend|undo|finish)\/(in transaction|after)/.test(point);

    for (const scenario of chosen) {
      it(`keeps ready capacity through a ${scenario.name}, around each call of the driver`, async function () {
        const points = matrix.untried((await matrix.record(scenario)).filter(isCall));
        this.test!.title += ` (${points.length} points)`;
        const lost = await matrix.killAtEach(scenario, points);
        expect(matrix.tried, "points at which a server was killed").not.to.have.property("size", 0);
        expect(lost, lost.join("; ")).to.deep.equal([]);
      });
    }

    it(`loses nothing by ${kills} kills at random moments (TEST_FAULT_SEED=${seed})`, async function () {
      const random = new Random(seed);
      const told: string[] = [];
      let takeovers = 0;
      for (let round = 0; round < kills; round++) {
        const scenario: Scenario = random.pick(scenarios);
        const after = Math.floor(random.next() * work);
        told.push(`${scenario.name}, killed after ${after} ms`);
        const fence = await matrix
          .killAfter(scenario, () => wait(after))
          .catch((error: Error) => {
            error.message = `seed ${seed}, round ${round}, ${told.at(-1)}: ${error.message}`;
            throw error;
          });
        takeovers += fence > 1 ? 1 : 0;
      }
      expect(takeovers, told.join("\n")).to.be.at.least(Math.min(leastTakeovers, kills / 4));
      this.test!.title += ` (${takeovers} of them during its work)`;
    });
  });
}
