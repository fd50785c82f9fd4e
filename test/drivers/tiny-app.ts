/** What the app does, by its variable `MODE`: it answers, unless something else is said here. */
export type TinyMode =
  | "crash"
  | "greedy"
  | "silent"
  | "refusing"
  /** Answers for some seconds, then says that it is not well. */
  | "sickening"
  /** Asks a server of the test's, at `ASK`, what to do. */
  | "asking";

const script = `
const { createServer } = require("node:http");
const { MODE = "", VERSION = "", ASK = "", LATE = "0", REBAKE_INSTANCE, REBAKE_PORT } = process.env;
process.on("SIGTERM", () => process.exit(0));
let status = MODE === "refusing" ? 503 : 200;
function run(mode) {
  console.log("begins as", mode || "usual", "version", VERSION, "instance", REBAKE_INSTANCE);
  if (mode === "crash") { console.error("boom: no database"); process.exit(3); }
  if (mode === "greedy") { const all = []; for (;;) all.push(Buffer.alloc(8 << 20, 1)); }
  if (mode === "silent") return setInterval(() => {}, 1e9);
  if (mode === "sickening") setTimeout(() => { status = 503; console.log("not well"); }, 6000);
  createServer((_, response) => { response.statusCode = status; response.end(VERSION); }).listen(Number(REBAKE_PORT));
}
if (MODE === "asking") fetch(ASK).then((answer) => answer.text()).then(run);
else setTimeout(run, Number(LATE) * 1000, MODE);
`;

/** Started by node itself: nothing has to be fetched or installed. `LATE` is after how many seconds it begins. */
export const tinyCommand = ["node", "-e", script];
