/**
 * Answers with the status that the path says, or 200; keeps who asked for what, and runs whatever it is asked to. It says
 * when it begins and ends, and with what, to who listens at `WITNESS`. Started by node itself: nothing has to be fetched.
 */
export const openApp = `
const { spawnSync } = require("node:child_process");
const { createServer } = require("node:http");
const { REBAKE_INSTANCE, REBAKE_OPERATION, REBAKE_PORT, WITNESS, PORTS = REBAKE_PORT || "8080" } = process.env;
const began = Date.now();
const seen = [];
let ill = false;
const say = async (what) => { if (WITNESS) await fetch(WITNESS + "/" + what + "/" + REBAKE_OPERATION + "/" + REBAKE_INSTANCE).catch(() => {}); };
const json = (response, value) => response.end(JSON.stringify(value));
const servers = PORTS.split(",").map(Number).map((port) => createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://x");
  if (pathname === "/run") {
    const [program, ...args] = JSON.parse(searchParams.get("argv"));
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
    json(response, { code: status, out: stdout + stderr });
  } else if (pathname === "/about") {
    json(response, { env: process.env, cwd: process.cwd(), argv: process.argv.slice(1), pid: process.pid });
  } else if (pathname === "/seen") {
    json(response, seen);
  } else if (pathname === "/ill") {
    ill = true;
    response.end();
  } else if (pathname === "/close") {
    servers.at(-1).close();
    response.end();
  } else {
    seen.push({ port, url: request.url, after: Date.now() - began, by: request.headers["user-agent"] });
    response.statusCode = ill && pathname === "/alive" ? 503 : Number(/^.[0-9]{3}/.exec(pathname)?.[0].slice(1)) || 200;
    setTimeout(() => response.end("port " + port), Number(searchParams.get("ms")));
  }
}).listen(port, "0.0.0.0"));
process.on("SIGTERM", () => say("ends").then(() => process.exit(0)));
say("begins");
`;
