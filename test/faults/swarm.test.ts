import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { Random } from "../support/random.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";
import { Lane } from "./lane.js";
import { Matrix } from "./matrix.js";
import { type Scenario, scenarios } from "./scenarios.js";
import { SwarmPlatform } from "./swarm-platform.js";

const host = process.env.TEST_SWARM_DOCKER_HOST;
const registry = process.env.TEST_REGISTRY ?? "127.0.0.1:5000";
const seed = Number(process.env.TEST_FAULT_SEED ?? Date.now() % 1_000_000);
const kills = Number(process.env.TEST_FAULT_KILLS ?? 20);
/** Kills at random moments, at the least, that must have hit a server at work. */
const leastTakeovers = 5;
/** For how long an operation takes, about; in milliseconds. */
const work = 6_000;

describe(
  host
    ? "a server that is killed, whose services are on a real swarm"
    : "a server that is killed, whose services are on a real swarm (needs TEST_SWARM_DOCKER_HOST)",
  function () {
    this.timeout(1_200_000);
    // Hooks run in their order: before the database goes.
    after(async () => {
      await lane?.close();
      await RebakeProcess.endAll();
      await platform?.close();
    });
    const database = testDatabase();
    const folder = tempFolder();
    let platform: SwarmPlatform;
    let lane: Lane;
    let matrix: Matrix;

    before(async function () {
      if (!host) {
        this.skip();
      }
      platform = await SwarmPlatform.open(host, registry);
      lane = await Lane.open({ folder: join(folder.path, "lane"), databaseUrl: database.url, platform });
      matrix = new Matrix(lane);
    });

    /** Around what the driver does to the engine: what lies between is the same on any engine. */
    const isCall = (point: string) =>
      /^(driver\.(replace|scale|remove|pinImage)|report\.assertHeld|journal\.(intend|finish))\b/.test(point);

    for (const scenario of scenarios) {
      it(`keeps ready capacity through a ${scenario.name}, around each call of the driver`, async function () {
        const points = (await matrix.record(scenario)).filter(isCall).filter((one) => !matrix.tried.has(one));
        this.test!.title += ` (${points.length} points)`;
        expect(await matrix.killAtEach(scenario, points)).to.deep.equal([]);
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
  },
);
