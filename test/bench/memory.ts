import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { eventually } from "../support/eventually.js";
import { operation } from "./support/fanout-rivals.js";
import { publish, summarise } from "./support/table.js";

const sockets = 5_000;
/** Sockets that are opened at a time. */
const wave = 250;

interface Memory {
  subscribers: number;
  rss: number;
  heap: number;
}

/** Memory of idle subscribers, each with a socket of its own, in the server's process: KB a subscriber. */
async function run(): Promise<void> {
  const found: Record<string, { rss: number; heap: number }> = {};
  for (const rival of ["raw", "hub", "stock"]) {
    found[rival] = await measure(rival);
  }
  const row = (what: string, one: number, other: number, aim?: string) => ({
    what,
    unit: "KB" as const,
    rebake: summarise([one]),
    rival: summarise([other]),
    ...(aim && { aim }),
  });
  const { raw, hub, stock } = found as Record<"raw" | "hub" | "stock", { rss: number; heap: number }>;
  await publish("memory of an idle subscriber", "rival", [
    row(
      "resident, against ws alone",
      hub.rss,
      raw.rss,
      `${(hub.rss - raw.rss).toFixed(1)} KB above; aim under 20`,
    ),
    row("heap and buffers, against ws alone", hub.heap, raw.heap),
    row("resident, against stock graphql-ws", hub.rss, stock.rss),
    row("heap and buffers, against stock graphql-ws", hub.heap, stock.heap),
  ]);
}

async function measure(rival: string): Promise<{ rss: number; heap: number }> {
  const script = fileURLToPath(new URL("./support/idle-server.js", import.meta.url));
  const server = fork(script, [rival], { execArgv: ["--expose-gc"] });
  const [{ port }] = await once(server, "message");
  const url = `ws://127.0.0.1:${port}/graphql`;
  const open: WebSocket[] = [];
  // What the first ones need besides, code and caches, is none of the sockets'.
  await subscribe(url, wave, open);
  const before = await memoryOf(server, wave);
  while (open.length < wave + sockets) {
    await subscribe(url, wave, open);
  }
  const after = await memoryOf(server, wave + sockets);
  for (const socket of open) {
    socket.terminate();
  }
  server.kill();
  await once(server, "exit");
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
      return memory.subscribers === subscribers && memory;
    },
    { deadline: 20_000, what: `${subscribers} have subscribed` },
  );
}

async function subscribe(url: string, count: number, open: WebSocket[]): Promise<void> {
  const opened = Array.from({ length: count }, async () => {
    const socket = new WebSocket(url, "graphql-transport-ws", { perMessageDeflate: false });
    open.push(socket);
    await once(socket, "open");
    socket.send('{"type":"connection_init","payload":{"token":"bench"}}');
    await once(socket, "message");
    socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: operation(0) } }));
  });
  await Promise.all(opened);
}

await run();
