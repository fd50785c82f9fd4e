/**
 * An app whose behaviour its environment decides; its version tells commits apart, its id one start from another. The
 * instance at which it crashes is the one of that number: where it is told no number, it asks for it at NUMBERS_AT.
 *
 * At its end a kept connection is closed with its next answer. One that is cut while its client sends is remembered as reset
 * by the kernel (conntrack, 10 s), and who connects from the same port meanwhile is sent to where nobody is any more.
 */
export function appSource(version: string): string {
  return `
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Server } from "node:net";
const version = ${JSON.stringify(version)};
const id = randomUUID();
const mode = process.env.MODE ?? "";
const { CRASH_AT, NUMBERS_AT, REBAKE_INSTANCE } = process.env;
const numbered = async () => (await fetch(NUMBERS_AT + "/" + REBAKE_INSTANCE, { headers: { connection: "close" } })).text();
if (mode === "crash" || CRASH_AT === (NUMBERS_AT ? await numbered() : REBAKE_INSTANCE)) { console.error("boom: no database"); process.exit(3); }
let WebSocketServer = null;
try { ({ WebSocketServer } = await import("ws")); } catch {}
let stopping = false;
const server = createServer((request, response) => {
  if (stopping) response.setHeader("connection", "close");
  const url = new URL(request.url, "http://x");
  const json = (value) => { response.setHeader("content-type", "application/json"); response.end(JSON.stringify(value)); };
  if (url.pathname === "/health") { response.statusCode = mode === "500" ? 500 : 200; response.end("health"); }
  else if (url.pathname === "/env") json(process.env);
  else if (url.pathname === "/about") json({ version, id, pid: process.pid, cwd: process.cwd(), argv: process.argv.slice(2), instance: process.env.REBAKE_INSTANCE, commit: process.env.REBAKE_COMMIT });
  else if (url.pathname === "/headers") json(request.headers);
  else if (url.pathname === "/file") json({ text: readFileSync(process.env.REBAKE_FILES + url.searchParams.get("path"), "utf8") });
  else if (url.pathname === "/slow") setTimeout(() => response.end(version), Number(url.searchParams.get("ms")));
  else if (url.pathname === "/echo") request.pipe(response);
  else if (url.pathname === "/exit" && (url.searchParams.get("version") ?? version) !== version) response.end("not me");
  else if (url.pathname === "/exit") { response.end("bye"); setTimeout(() => process.exit(Number(url.searchParams.get("code"))), 20); }
  else if (url.pathname === "/print") { console.log(url.searchParams.get("line")); response.end(); }
  else response.end(version);
});
if (WebSocketServer) {
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    socket.send(version);
    socket.on("message", (data) => socket.send(data.toString()));
  });
  process.on("SIGTERM", () => { for (const socket of sockets.clients) socket.close(1001, "going away"); });
}
if (process.env.GRANDCHILD) spawn(process.execPath, ["-e", (process.env.GRANDCHILD === "stubborn" ? "process.on('SIGTERM', () => {});" : "") + "setInterval(() => {}, 1e9)"], { stdio: "inherit" });
if (mode === "stubborn") process.on("SIGTERM", () => console.log("I stay"));
else process.on("SIGTERM", () => { stopping = true; Server.prototype.close.call(server, () => process.exit(0)); setTimeout(() => server.closeIdleConnections(), 200).unref(); setTimeout(() => process.exit(0), 300).unref(); });
if (mode === "silent") setInterval(() => {}, 1e9);
else server.listen(Number(process.env.REBAKE_PORT), () => console.log("listening, version " + version));
`;
}

/** A daemon: no ports, prints what it is. */
export function daemonSource(): string {
  return `console.log("daemon up"); if (process.env.MODE === "crash") process.exit(5); setInterval(() => {}, 1e9);`;
}
