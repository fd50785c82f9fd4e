import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { percentile } from "../../demo/stats.js";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/storage/embedded-postgres.js";
import { Fleet } from "../support/engine/fleet.js";
import { silent } from "../support/silent.js";
import { makeTempFolder, runFolder } from "../support/temp-folder.js";
import { publish, summarise } from "./support/table.js";

const subscribers = 1_000;
const events = 200;
const perSecond = 20;
const query = "subscription { updates { cursor } }";

/**
 * From the commit of an event, as PostgreSQL dates it, until a subscriber has it: 1,000 of them, half at each of two
 * servers, while one of these commits 20 changes a second.
 */
async function run(): Promise<void> {
  const folder = await makeTempFolder();
  const postgres = await withCommitTimes(join(folder, "postgres"));
  const fleet = await Fleet.open(postgres);
  try {
    await fleet.start();
    await fleet.start();
    await seed(fleet);
    const children = await Promise.all(
      fleet.servers.map((server) => subscribe(server.url, server.adminToken)),
    );
    const last = await change(fleet);
    const seen = await Promise.all(children.map((child) => collect(child, last)));
    const committed = await commitTimes(fleet);
    const [same, other] = seen.map((received) => latencies(received, committed)) as [number[], number[]];
    const all = [...same, ...other].sort((one, another) => one - another);
    const row = (what: string, values: number[], part: number, aim?: string) => ({
      what: `commit to subscriber, ${what}`,
      unit: "ms" as const,
      rebake: summarise([percentile(values, part)]),
      rival: null,
      ...(aim && { aim }),
    });
    await publish("latency", "", [
      row(`p50 of ${all.length}`, all, 0.5),
      row("p99", all, 0.99, "under 250"),
      row("p99 at the server that commits", same, 0.99),
      row("p99 at the other server", other, 0.99),
    ]);
  } finally {
    await fleet.close();
    await postgres.stop();
    await rm(runFolder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** PostgreSQL keeps the times of commits only if it was started so. */
async function withCommitTimes(home: string): Promise<EmbeddedPostgres> {
  const first = await startEmbeddedPostgres({ home, log: silent, unsafeFast: true });
  const client = new pg.Client({ connectionString: first.url });
  await client.connect();
  await client.query("alter system set track_commit_timestamp = on");
  await client.end();
  await first.stop();
  return startEmbeddedPostgres({ home, log: silent, unsafeFast: true });
}

async function seed(fleet: Fleet): Promise<void> {
  const [server] = fleet.servers;
  await server!.mutate(
    'mutation { p: createEnvironment(input: { code: "PROD", driver: SWARM, swarm: { host: "unix:///engine" } }) { errors { message } } }',
  );
  await server!.mutate(
    'mutation { p: createRecipe(input: { name: "shop", spec: {} }) { errors { message } } }',
  );
  const { operation } = await server!.mutate(
    'mutation { p: deployService(input: { environment: "PROD", recipe: "shop", name: "shop" }) { operation { id } errors { message } } }',
  );
  await fleet.ended(operation.id);
}

async function subscribe(url: string, token: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL("./support/latency-subscribers.js", import.meta.url));
  const address = `${url.replace("http", "ws")}/graphql`;
  const child = fork(script, [address, token, `${subscribers / 2}`, query]);
  await once(child, "message");
  return child;
}

/** Makes the changes, at an even pace; answers the cursor of the last event. */
async function change(fleet: Fleet): Promise<string> {
  const [server] = fleet.servers;
  const began = performance.now();
  for (let n = 0; n < events; n++) {
    await server!.mutate(
      `mutation { p: bumpRecipe(input: { recipe: "shop", spec: { env: [{ name: "N", kind: STATIC, value: "${n}" }] } }) { errors { message } } }`,
    );
    const next = began + ((n + 1) * 1_000) / perSecond;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
  const [row] = await fleet.sql<{ cursor: string }>(
    "select max(cursor)::text as cursor from event where type like 'UPDATE_%'",
  );
  return row!.cursor;
}

type Received = Map<string, number[]>;

async function collect(child: ChildProcess, last: string): Promise<Received> {
  for (;;) {
    child.send("report");
    const [{ received }] = await once(child, "message");
    const all: Received = new Map(received);
    if (all.get(last)?.length === subscribers / 2) {
      child.kill();
      await once(child, "exit");
      return all;
    }
  }
}

async function commitTimes(fleet: Fleet): Promise<Map<string, number>> {
  const rows = await fleet.sql<{ cursor: string; at: number }>(
    "select cursor::text, extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 as at from event",
  );
  return new Map(rows.map(({ cursor, at }) => [cursor, at]));
}

function latencies(received: Received, committed: Map<string, number>): number[] {
  return [...received]
    .flatMap(([cursor, times]) => times.map((time) => time - committed.get(cursor)!))
    .sort((one, other) => one - other);
}

await run();
