/**
 * Answers with the status that the path says, or 200, and at `/alive` that it is ill once it was told to be; keeps who
 * asked for what, and runs whatever it is asked to. It says when it begins and ends, and how often it was seen to be ill, to
 * who listens at `WITNESS`. It has a port `UDP`, too, that says its number. Started by node itself: nothing has to be fetched.
 */
export const openApp = `
const { spawnSync } = require("node:child_process");
const { createSocket } = require("node:dgram");
const { createServer } = require("node:http");
const { REBAKE_INSTANCE, REBAKE_OPERATION, REBAKE_PORT, UDP, WITNESS, PORTS = REBAKE_PORT || "8080" } = process.env;
const began = Date.now();
const seen = [];
let illFor = null;
let stopping = false;
const say = async (what) => { if (WITNESS) await fetch([WITNESS, what, REBAKE_OPERATION, REBAKE_INSTANCE, illFor].join("/")).catch(() => {}); };
const json = (response, value) => response.end(JSON.stringify(value));
const servers = PORTS.split(",").map(Number).map((port) => createServer((request, response) => {
  if (stopping) response.setHeader("connection", "close");
  const { pathname, searchParams } = new URL(request.url, "http://x");
  if (pathname === "/run") {
    const [program, ...args] = JSON.parse(searchParams.get("argv"));
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
    json(response, { code: status, out: stdout + stderr });
  } else if (pathname === "/about") {
    json(response, { env: process.env, cwd: process.cwd(), argv: process.argv.slice(1), version: globalThis.version });
  } else if (pathname === "/seen") {
    json(response, seen);
  } else if (pathname === "/ill") {
    illFor = 0;
    response.end();
  } else if (pathname === "/close") {
    servers.at(-1).close();
    response.end();
  } else {
    seen.push({ port, url: request.url, after: Date.now() - began, by: request.headers["user-agent"] });
    const isIll = illFor !== null && pathname === "/alive";
    if (isIll) illFor += 1;
    response.statusCode = isIll ? 503 : Number(/^.[0-9]{3}/.exec(pathname)?.[0].slice(1)) || 200;
    setTimeout(() => response.end("port " + port), Number(searchParams.get("ms")));
  }
}).listen(port, "0.0.0.0"));
if (UDP) {
  const socket = createSocket("udp4").on("message", (_, { port, address }) => socket.send("udp " + UDP, port, address));
  socket.bind(Number(UDP));
}
process.on("SIGTERM", () => {
  stopping = true;
  say("ends").then(() => setTimeout(() => process.exit(0), 200));
});
say("begins");
`;
