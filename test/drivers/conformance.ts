import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { table } from "../../demo/text.js";
import { adopting } from "./conformance/adopting.js";
import { deploying } from "./conformance/deploying.js";
import { failing } from "./conformance/failing.js";
import { isChosen, Lanes } from "./conformance/lanes.js";
import { replacing } from "./conformance/replacing.js";
import { Rig } from "./conformance/rig.js";
import { running } from "./conformance/running.js";
import { scaling } from "./conformance/scaling.js";
import type { AddCase } from "./conformance/stage.js";
import type { DriverRow } from "./row.js";

const themes = [deploying, failing, replacing, adopting, scaling, running];
const title = "driver conformance";

/** What all drivers owe: every case runs for every row; a table of cases and drivers is printed at the end. */
export function conformance(rows: DriverRow[]): void {
  /** How each case ended, by case and driver. */
  const results = new Map<string, Map<string, string>>();

  describe(title, () => {
    for (const row of rows) {
      suite(row, (name, result) => {
        results.set(name, (results.get(name) ?? new Map<string, string>()).set(row.name, result));
      });
    }

    after(() => {
      const names = rows.map(({ name }) => name);
      const lines = [...results].map(([name, of]) => [name, ...names.map((driver) => of.get(driver) ?? "")]);
      const counts = names.map((driver) => {
        const passed = [...results.values()].filter((of) => of.get(driver) === "passed").length;
        return `${passed} of ${results.size}`;
      });
      keep(results);
      console.log(`\n${table([["case", ...names], ...lines, ["", ...counts]]).join("\n")}\n`);
    });
  });
}

/** For who puts the tables of several runs together. */
function keep(results: ReadonlyMap<string, ReadonlyMap<string, string>>): void {
  const folder = process.env.CONFORMANCE_RESULTS;
  if (folder) {
    mkdirSync(folder, { recursive: true });
    const all = [...results].map(([name, of]) => [name, Object.fromEntries(of)]);
    writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(all));
  }
}

function suite(row: DriverRow, record: (name: string, result: string) => void): void {
  const name = row.lacks === null ? row.name : `${row.name} (needs ${row.lacks})`;
  describe(name, function () {
    this.timeout(row.timeout);
    const rig = new Rig(row);
    const cases: { name: string; run(): Promise<void> }[] = [];
    let lanes = new Lanes(row.parallel, []);
    before(async function () {
      if (row.lacks !== null) {
        this.skip();
      }
      lanes = new Lanes(
        row.parallel,
        cases.filter((one) => isChosen(`${title} ${name} ${one.name}`)),
      );
      await rig.open();
    });
    after(async () => {
      await lanes.settled();
      await rig.close();
    });
    afterEach(function () {
      record(this.currentTest!.title, `${this.currentTest!.state ?? "skipped"}`);
    });
    const add: AddCase = (caseName, run) => {
      record(caseName, row.lacks === null ? "not run" : "skipped");
      const work = { name: caseName, run: () => rig.during(async (stage) => void (await run(stage))) };
      cases.push(work);
      it(caseName, () => lanes.result(work));
    };
    for (const theme of themes) {
      theme(add, rig);
    }
  });
}
