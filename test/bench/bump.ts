import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startEmbeddedPostgres } from "../../src/storage/embedded-postgres.js";
import { eventually } from "../support/eventually.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { silent } from "../support/silent.js";
import { measure } from "./fanout.js";
import { rawRival } from "./support/fanout-rivals.js";
import { seedServices, specOf } from "./support/seed.js";
import { withFolder } from "./support/shop.js";
import { publish, summarise } from "./support/table.js";

const services = 10_000;
const subscribers = 10;
/** The same number of events to the same number of subscribers, without a database and without GraphQL. */
const fanOut = { subscribers: 10, variants: 1, events: 10_000, batch: 500 };
const rounds = 4;
const subscription = `subscription { updateAvailable { cursor update { id reasons fromRevision toRevision
  service { id name environment { code } } changes { path before after } } } }`;
const bump = `mutation($spec: RecipeSpecInput!) { bumpRecipe(input: { recipe: "everywhere", spec: $spec }) {
  revision { number } affected { totalCount } errors { message } } }`;

interface Round {
  /** The mutation as its caller sees it, in ms. */
  mutation: number;
  /** From PostgreSQL's commit until the last subscriber has all events, in ms. */
  delivery: number;
  /** The same rows written by SQL alone, in ms. */
  sql: number;
  /** As many frames of 316 bytes broadcast by `ws` alone, in ms. */
  broadcast: number;
}

async function measureAll(folder: string): Promise<{ results: Round[]; peak: number }> {
  const postgres = await startPostgres(folder);
  await seedServices(postgres.url, services);
  const home = join(folder, "rebake");
  const rebake = await RebakeProcess.start(home, { DATABASE_URL: postgres.url });
  const token = (await readFile(join(home, "admin-token"), "utf8")).trim();
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const results: Round[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const one = await bumpOnce(rebake, token, client, `level-${round}`);
      const sql = await writeBySql(client);
      const { milliseconds } = await measure(rawRival(), fanOut);
      results.push({ ...one, sql, broadcast: milliseconds });
    }
    return { results, peak: peakOf(rebake.child.pid!) };
  } finally {
    await rebake.end("SIGTERM");
    await client.end();
    await postgres.stop();
  }
}

/** Commit times are kept, so that delivery can be measured from the commit itself. */
async function startPostgres(home: string) {
  const first = await startEmbeddedPostgres({ home, log: silent });
  const client = new pg.Client({ connectionString: first.url });
  await client.connect();
  await client.query("alter system set track_commit_timestamp = on");
  await client.end();
  await first.stop();
  return startEmbeddedPostgres({ home, log: silent });
}

async function bumpOnce(rebake: RebakeProcess, token: string, client: pg.Client, level: string) {
  const script = fileURLToPath(new URL("./support/bump-subscribers.js", import.meta.url));
  const socket = `${rebake.url.replace("http", "ws")}/graphql`;
  const child = fork(script, [socket, token, subscription, String(subscribers), String(services)]);
  await once(child, "message");
  await eventually(async () => (await metric(rebake, "rebake_subscribers")) === subscribers, {
    deadline: 20_000,
  });
  const finished = once(child, "message");
  const began = performance.now();
  await rebake.mutate(bump, { spec: specOf(level) });
  const mutation = performance.now() - began;
  const [{ finished: times }] = (await finished) as [{ finished: number[] }];
  const { rows } = await client.query(
    `select extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000 as at from event order by cursor desc limit 1`,
  );
  child.kill();
  await once(child, "exit");
  return { mutation, delivery: Math.max(...times) - Number(rows[0].at) };
}

async function metric(rebake: RebakeProcess, name: string): Promise<number> {
  const text = await (await fetch(`${rebake.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1]);
}

/** What a bump writes, without rendering anything, computed by PostgreSQL and then undone. */
async function writeBySql(client: pg.Client): Promise<number> {
  const began = performance.now();
  await client.query("begin");
  await client.query(
    "update service set desired_revision = desired_revision + 1, desired_fingerprint = md5(desired_fingerprint)",
  );
  await client.query("create temp table copied on commit drop as select * from service_update");
  await client.query("delete from service_update");
  await client.query("insert into service_update select * from copied");
  await client.query(
    `insert into event (cursor, type, environment_id, service_id, payload)
     select 1000000000 + row_number() over (), 'UPDATE_AVAILABLE', environment_id, service_id, row_to_json(copied)
     from copied`,
  );
  await client.query("rollback");
  return performance.now() - began;
}

function peakOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024);
}

/** A bump that affects 10,000 services, with 10 subscribers that ask for all there is to know. */
async function main(): Promise<void> {
  const { results, peak } = await withFolder(measureAll);
  const all = (key: keyof Round) => summarise(results.map((round) => round[key]));
  await publish("bump of 10,000 services", "SQL alone, ws alone", [
    { what: "mutation", unit: "ms", rebake: all("mutation"), rival: all("sql"), aim: "< 1,000 ms" },
    {
      what: "commit to 10 subscribers having all",
      unit: "ms",
      rebake: all("delivery"),
      rival: all("broadcast"),
      aim: "< 2,000 ms",
    },
    {
      what: "peak memory of the server",
      unit: "MB",
      rebake: summarise([peak]),
      rival: null,
      aim: "< 400 MB",
    },
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main();
}
