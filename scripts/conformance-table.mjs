import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

// `node scripts/conformance-table.mjs <folder>`: one table of what several runs of the conformance suite have shown, each
// of which may have left out drivers. Runs write into the folder that is named by CONFORMANCE_RESULTS. Exits with 1 unless
// every case passed on every driver.
const folder = process.argv[2];
const cases = new Map();
const drivers = new Set();
for (const file of readdirSync(folder)) {
  for (const [name, results] of JSON.parse(readFileSync(join(folder, file), "utf8"))) {
    const known = cases.get(name) ?? new Map();
    cases.set(name, known);
    for (const [driver, result] of Object.entries(results)) {
      drivers.add(driver.split(" ")[0]);
      const told = known.get(driver);
      // What failed beside others may have passed alone.
      known.set(driver, told === "passed" || (told === "failed" && result !== "passed") ? told : result);
    }
  }
}
const names = [...drivers];
const rows = [...cases].map(([name, of]) => [name, ...names.map((driver) => of.get(driver) ?? "not run")]);
const counts = names.map(
  (_, index) => `${rows.filter((row) => row[index + 1] === "passed").length} of ${rows.length}`,
);
const all = [["case", ...names], ...rows, ["", ...counts]];
const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
for (const row of all) {
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd(),
  );
}
process.exitCode = rows.every((row) => row.slice(1).every((result) => result === "passed")) ? 0 : 1;
