/** Runs as a process of its own, so that it shares no event loop with what it measures; prints its result. */
import { setTimeout as delay } from "node:timers/promises";
import { percentile } from "../../../demo/stats.js";
import { Connection } from "./connection.js";
import type { HttpLoadOptions, HttpLoadResult } from "./run-http-load.js";

const options = JSON.parse(process.argv[2]!) as HttpLoadOptions;
const latencies: number[] = [];
let measuring = false;
let ended = false;

/** As fast as the answers come. */
async function closedLoop(connection: Connection): Promise<void> {
  while (!ended) {
    await timed(connection, performance.now());
  }
}

/** On schedule; a late answer makes the next ones late, and that is counted. */
async function openLoop(connection: Connection, everyMs: number, offsetMs: number): Promise<void> {
  for (let due = performance.now() + offsetMs; !ended; due += everyMs) {
    const early = due - performance.now();
    if (early > 0) {
      await delay(early);
    }
    // A timer is late by up to a millisecond: that is not the server's doing.
    await timed(connection, early > 0 ? performance.now() : due);
  }
}

async function timed(connection: Connection, start: number): Promise<void> {
  const status = await connection.send();
  if (status !== 200) {
    throw new Error(`the answer was ${status}`);
  }
  if (measuring) {
    latencies.push(performance.now() - start);
  }
}

async function main(): Promise<HttpLoadResult> {
  const { host, port, path, post = null, connections, perSecond, warmUpSeconds, seconds } = options;
  const open = await Promise.all(
    Array.from({ length: connections }, () => Connection.open(host, port, path, post)),
  );
  const everyMs = perSecond === null ? 0 : (connections * 1000) / perSecond;
  const loops = open.map((connection, index) =>
    perSecond === null
      ? closedLoop(connection)
      : openLoop(connection, everyMs, (index * everyMs) / connections),
  );
  await Promise.race([delay(warmUpSeconds * 1000), ...loops]);
  measuring = true;
  const start = performance.now();
  await Promise.race([delay(seconds * 1000), ...loops]);
  measuring = false;
  const took = (performance.now() - start) / 1000;
  ended = true;
  await Promise.all(loops);
  for (const connection of open) {
    connection.close();
  }
  latencies.sort((one, other) => one - other);
  return {
    perSecond: latencies.length / took,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

process.stdout.write(JSON.stringify(await main()));
