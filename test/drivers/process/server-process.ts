/** A server that does nothing but run a PROCESS driver: takes its home and targets, deploys, then waits. */
import { Recorder } from "../bench.js";
import { decode, processRow } from "./row.js";

const [home, mode, text] = process.argv.slice(2);
const targets = decode(text!);
const driver = processRow.create(home!);
if (mode === "restore") {
  await driver.restore(targets);
} else {
  const outcomes = await Promise.all(targets.map((target) => driver.replace(null, target, new Recorder())));
  console.log(JSON.stringify(outcomes));
}
console.log("ready");
process.on("SIGTERM", () => void driver.close().then(() => console.log("closed")));
setInterval(() => {}, 1e9).unref();
process.stdin.resume();
