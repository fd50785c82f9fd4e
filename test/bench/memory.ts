import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { eventually } from "../support/eventually.js";
import { operation } from "./support/fanout-rivals.js";
import { startOwnServer, stopOwnServer } from "./support/own-server.js";
import { publish, summarise } from "./support/table.js";

const sockets = 5_000;
/** Sockets that are opened at a time. */
const wave = 250;
/** Sockets of one token: it may have more, but not many. */
const socketsPerToken = 750;
/** KB that a subscriber may take besides its socket. */
const mostAbove = 20;

interface Memory {
  subscribers?: number;
  rss: number;
  heap: number;
}

/** Where subscribers connect to, and what they say. */
interface Served {
  child: ChildProcess;
  url: string;
  query: string;
  newToken(): Promise<string>;
}

/** Memory of idle subscribers, each with a socket of its own, in the server's process: KB a subscriber. */
async function run(): Promise<void> {
  const raw = await measureRival("raw");
  const stock = await measureRival("stock");
  const real = await measureServer();
  const row = (what: string, one: number, other: number) => ({
    what,
    unit: "KB" as const,
    rebake: summarise([one]),
    rival: summarise([other]),
  });
  const above = (one: number, other: number) => ({
    aim: `${(one - other).toFixed(1)} KB above, under ${mostAbove}`,
    met: one - other < mostAbove,
  });
  await publish("memory of an idle subscriber", "rival", [
    { ...row("resident, against ws alone", real.rss, raw.rss), ...above(real.rss, raw.rss) },
    { ...row("heap and buffers, against ws alone", real.heap, raw.heap), ...above(real.heap, raw.heap) },
    row("resident, against stock graphql-ws", real.rss, stock.rss),
    row("heap and buffers, against stock graphql-ws", real.heap, stock.heap),
  ]);
}

async function measureRival(rival: string): Promise<Memory> {
  const script = fileURLToPath(new URL("./support/idle-server.js", import.meta.url));
  const child = fork(script, [rival], { execArgv: ["--max-semi-space-size=32", "--expose-gc"] });
  const [{ port }] = await once(child, "message");
  const url = `ws://127.0.0.1:${port}/graphql`;
  const found = await measure({ child, url, query: operation(0), newToken: async () => "bench" });
  child.kill();
  await once(child, "exit");
  return found;
}

/** The whole server, as it runs, with its schema, scopes and limits. */
async function measureServer(): Promise<Memory> {
  const home = await mkdtemp(join(tmpdir(), "rebake-bench-"));
  const server = await startOwnServer(home, ["--expose-gc"]);
  const { child, newToken } = server;
  const query =
    "subscription { updates { cursor ... on UpdateAvailable { update { id reasons fromRevision toRevision service { id name } } } } }";
  const url = `${server.url.replace("http", "ws")}/graphql`;
  const found = await measure({ child, url, query, newToken });
  await stopOwnServer(server);
  await rm(home, { recursive: true, force: true, maxRetries: 10 });
  return found;
}

async function measure(served: Served): Promise<Memory> {
  const open: WebSocket[] = [];
  // What the first ones need besides, code and caches, is none of the sockets'.
  await subscribe(served, wave, open);
  const before = await memoryOf(served.child, wave);
  while (open.length < wave + sockets) {
    await subscribe(served, wave, open);
  }
  const after = await memoryOf(served.child, wave + sockets);
  for (const socket of open) {
    socket.terminate();
  }
  return {
    rss: (after.rss - before.rss) / sockets / 1024,
    heap: (after.heap - before.heap) / sockets / 1024,
  };
}

async function memoryOf(server: ChildProcess, subscribers: number): Promise<Memory> {
  return eventually(
    async () => {
      server.send("measure");
      const [memory] = (await once(server, "message")) as [Memory];
      return (memory.subscribers ?? subscribers) === subscribers && memory;
    },
    { deadline: 20_000, what: `${subscribers} have subscribed` },
  );
}

const tokens = new WeakMap<Served, Promise<string>[]>();

function tokenFor(served: Served, number: number): Promise<string> {
  const there = tokens.get(served) ?? [];
  tokens.set(served, there);
  there[Math.floor(number / socketsPerToken)] ??= served.newToken();
  return there[Math.floor(number / socketsPerToken)]!;
}

async function subscribe(served: Served, count: number, open: WebSocket[]): Promise<void> {
  const opened = Array.from({ length: count }, async () => {
    const socket = new WebSocket(served.url, "graphql-transport-ws", { perMessageDeflate: false });
    const token = await tokenFor(served, open.push(socket) - 1);
    if (socket.readyState !== WebSocket.OPEN) {
      await once(socket, "open");
    }
    socket.send(
      JSON.stringify({ type: "connection_init", payload: { token, authorization: `Bearer ${token}` } }),
    );
    await once(socket, "message");
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: served.query } }));
    socket.on("message", (data) => {
      if (String(data).includes('"error"')) {
        throw new Error(`not subscribed: ${data}`);
      }
      if (String(data).includes('"ping"')) {
        socket.send('{"type":"pong"}');
      }
    });
  });
  await Promise.all(opened);
}

await run();
