import { table } from "../../demo/text.js";
import type { DriverRow } from "./bench.js";
import { deploying } from "./conformance/deploying.js";
import { failing } from "./conformance/failing.js";
import { replacing } from "./conformance/replacing.js";
import { type AddCase, Rig } from "./conformance/rig.js";
import { running } from "./conformance/running.js";
import { scaling } from "./conformance/scaling.js";

const themes = [deploying, failing, replacing, scaling, running];

/** What all drivers owe: every case runs for every row; a table of cases and drivers is printed at the end. */
export function conformance(rows: DriverRow[]): void {
  /** How each case ended, by case and driver. */
  const results = new Map<string, Map<string, string>>();

  describe("driver conformance", () => {
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
      console.log(`\n${table([["case", ...names], ...lines, ["", ...counts]]).join("\n")}\n`);
    });
  });
}

function suite(row: DriverRow, record: (name: string, result: string) => void): void {
  describe(row.name, () => {
    const rig = new Rig(row);
    before(() => rig.open());
    after(() => rig.close());
    afterEach(function () {
      record(this.currentTest!.title, `${this.currentTest!.state ?? "skipped"}`);
      return rig.removeServices();
    });
    const add: AddCase = (name, run) => {
      record(name, "not run");
      it(name, async () => {
        await run();
      });
    };
    for (const theme of themes) {
      theme(add, rig);
    }
  });
}
