/** The common reads of the API against what one would write with the same libraries and their defaults. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { startEmbeddedPostgres } from "../../src/storage/embedded-postgres.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { silent } from "../support/silent.js";
import { type HttpLoadResult, runHttpLoad } from "./support/run-http-load.js";
import { seedReads } from "./support/seed-reads.js";
import { withFolder } from "./support/shop.js";
import { type Measurement, publish, summarise } from "./support/table.js";

const rounds = 5;
const connections = 32;
const reads = {
  services: `query Services { services(first: 50) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node {
    id name title state revision commit recipe { id name title } environment { id code }
    update { id reasons fromRevision toRevision since } } } } }`,
  updates: `query Updates { updates(first: 50) { totalCount unreadCount pageInfo { hasNextPage endCursor } edges { node {
    id kind reasons fromRevision toRevision since read service { id name environment { id code } } } } } }`,
  "updates with changes": `query Changes { updates(first: 50) { edges { node {
    id kind fromRevision toRevision service { id name } changes { path before after secret } } } } }`,
  recipe: `query Recipe { recipe(name: "recipe-7") { id name title type description
    current { number spec { source { repository branch } command env { name kind value } } }
    revisions(first: 20) { totalCount edges { node { id number message author createdAt } } } } }`,
};
type Read = keyof typeof reads;

/** A server to ask, and what to ask with. */
interface Server {
  url: string;
  headers: Record<string, string>;
}

function postOf({ headers }: Server, read: Read) {
  const all = { "Content-Type": "application/json", ...headers };
  return { headers: all, body: JSON.stringify({ query: reads[read] }) };
}

async function answer(server: Server, read: Read): Promise<unknown> {
  const response = await fetch(`${server.url}/graphql`, { method: "POST", ...postOf(server, read) });
  const { data, errors } = (await response.json()) as { data: unknown; errors?: unknown };
  if (errors) {
    throw new Error(`${read} at ${server.url}: ${JSON.stringify(errors)}`);
  }
  return data;
}

/** Figures of servers that answer differently could not be compared. */
async function assertSameAnswers(one: Server, other: Server): Promise<void> {
  for (const read of Object.keys(reads) as Read[]) {
    if (!isDeepStrictEqual(await answer(one, read), await answer(other, read))) {
      throw new Error(`The two answer ${read} differently.`);
    }
  }
}

function load(server: Server, read: Read): Promise<HttpLoadResult> {
  const { hostname: host, port } = new URL(server.url);
  const target = { host, port: Number(port), path: "/graphql", post: postOf(server, read) };
  return runHttpLoad({ ...target, connections, perSecond: null, warmUpSeconds: 0.5, seconds: 2 });
}

/** Takes turns, so that a busy moment of the machine hits both. */
async function measure(read: Read, rebake: Server, rival: Server): Promise<Measurement[]> {
  const results: { rebake: HttpLoadResult; rival: HttpLoadResult }[] = [];
  for (let round = 0; round <= rounds; round++) {
    results.push({ rival: await load(rival, read), rebake: await load(rebake, read) });
  }
  // The first round is for the compilers.
  const counted = results.slice(1);
  const row = (what: string, unit: "ms" | "requests/s", key: keyof HttpLoadResult, aim?: string) => ({
    what: `${read}: ${what}`,
    unit,
    rebake: summarise(counted.map((result) => result.rebake[key])),
    rival: summarise(counted.map((result) => result.rival[key])),
    ...(aim && { aim }),
  });
  return [
    row("throughput", "requests/s", "perSecond", "≥ 2.00"),
    row("latency p50", "ms", "p50"),
    row("latency p99", "ms", "p99"),
  ];
}

async function startRival(databaseUrl: string): Promise<{ child: ChildProcess; server: Server }> {
  const script = fileURLToPath(new URL("./support/rival/server.js", import.meta.url));
  const env = { ...process.env, NODE_ENV: "production" };
  const child = fork(script, [databaseUrl], { env, execArgv: ["--max-semi-space-size=32"] });
  const [url] = (await once(child, "message")) as [string];
  return { child, server: { url, headers: {} } };
}

async function startRebake(home: string, databaseUrl: string) {
  const child = await RebakeProcess.start(home, { DATABASE_URL: databaseUrl });
  const token = (await readFile(join(home, "admin-token"), "utf8")).trim();
  return { child, server: { url: child.url, headers: { Authorization: `Bearer ${token}` } } };
}

await withFolder(async (folder) => {
  const postgres = await startEmbeddedPostgres({ home: folder, log: silent });
  await seedReads(postgres.url);
  const rival = await startRival(postgres.url);
  const rebake = await startRebake(join(folder, "rebake"), postgres.url);
  try {
    await assertSameAnswers(rebake.server, rival.server);
    const measurements: Measurement[] = [];
    for (const read of Object.keys(reads) as Read[]) {
      measurements.push(...(await measure(read, rebake.server, rival.server)));
    }
    await publish("reads", "stock Apollo, type-graphql, TypeORM", measurements);
  } finally {
    rival.child.kill();
    await rebake.child.end("SIGTERM");
    await postgres.stop();
  }
});
