import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { processesOf } from "../support/processes.js";
import { type Lane, type OperationRow, secret } from "./lane.js";
import type { Expected } from "./scenarios.js";
import { expectSecretNowhere, type Sql } from "./secrets.js";

/** Everything that must hold after an operation that a server died in. */
export async function expectNothingLost(lane: Lane, row: OperationRow, expected: Expected): Promise<void> {
  expect(row.state, JSON.stringify([row.cause, `claimed ${row.fence} times`])).to.be.oneOf(expected.verdicts);
  expect(row.cause?.code).to.equal(expected.cause);
  await expectOneStory(lane, row);
  await expectRunning(lane, expected);
  await expectTidy(lane, expected);
  await expectNoSecret(lane);
}

/** Everything that must hold of a service that outlives its server. */
export async function expectCapacityKept(lane: Lane, row: OperationRow, least: number): Promise<void> {
  const platform = lane.platform!;
  expect(await platform.leastReady(), "ready replicas, at the least").to.be.at.least(least);
  expect(platform.begun(row.id), "times that it was begun").to.be.at.most(
    row.state === "FAILED" ? Number(row.fence) : 1,
  );
}

/** One end, each step once for each server that worked on it, no operation besides. */
async function expectOneStory(lane: Lane, row: OperationRow): Promise<void> {
  expect(row.steps.map(({ state }) => state))
    .not.to.include.members(["PENDING"])
    .and.not.include("RUNNING");
  const events = await lane.sql<{ payload: Told }>(
    "select payload from event where operation_id = $1 and type = 'OPERATION_CHANGED' order by cursor",
    [row.id],
  );
  expectEachStepOnce(
    events.map(({ payload }) => payload),
    Number(row.fence),
  );
  expect(await lane.sql("select id from operation where state in ('QUEUED', 'RUNNING')")).to.deep.equal([]);
}

/** An operation as an event tells it. */
interface Told {
  state: string;
  steps: { name: string; state: string }[];
}

/**
 * What subscribers were told of an operation that was claimed so many times: it begins anew with a claim and with nothing
 * else; in between each step begins and ends once, and nothing is told twice; it ends once.
 */
export function expectEachStepOnce(story: readonly Told[], claims: number): void {
  const ends = story.filter(({ state }) => state !== "QUEUED" && state !== "RUNNING");
  expect(ends, "ends").to.have.length(1);
  expect(story.at(-1)).to.equal(ends[0]);
  let begins = 0;
  let became: string[] = [];
  for (const [index, told] of story.entries()) {
    const before = story[index - 1];
    const isFresh = told.steps.every(({ state }) => state === "PENDING");
    if (isFresh) {
      begins += told.state === "RUNNING" && before ? 1 : 0;
      became = [];
      continue;
    }
    // The intent is written down anew after a claim, the same as before.
    if (told.steps.some(({ name, state }) => name !== "LOAD_RECIPE" && state !== "PENDING")) {
      expect(told, "told twice").not.to.deep.equal(before);
    }
    for (const [number, { name, state }] of told.steps.entries()) {
      const was = before!.steps[number]!.state;
      if (state !== was) {
        expect(`${was} to ${state}`, name).to.match(
          /^(PENDING to|RUNNING to (DONE|SKIPPED|FAILED)|DONE to FAILED)/,
        );
        became.push(`${name} ${state}`);
      }
    }
    expect(became).to.deep.equal([...new Set(became)]);
  }
  // Wishes to cancel are told, too, perhaps before the first step.
  expect(begins, "begins").to.be.within(Math.min(1, claims), claims + 1);
}

/** What should run runs, as often as it should, and answers. */
async function expectRunning(lane: Lane, expected: Expected): Promise<void> {
  const [service] = (
    await lane.server.graphql(
      `{ services { edges { node { state replicas tasks { state } ports { address } } } } }`,
    )
  ).services.edges.map(({ node }: { node: object }) => node);
  if (expected.answers === null) {
    expect(service).to.equal(undefined);
    return;
  }
  expect(service.replicas).to.equal(expected.replicas);
  const { platform } = lane;
  if (platform) {
    const wanted = Array(expected.replicas).fill(`READY ${expected.answers}`);
    const isThere = async () => JSON.stringify(await platform.replicas()) === JSON.stringify(wanted);
    await eventually(isThere, { deadline: 60_000 }).catch(async () =>
      expect(await platform.replicas()).to.deep.equal(wanted),
    );
    return;
  }
  await eventually(
    async () => {
      const response = await fetch(`http://${service.ports[0].address}/`);
      return (await response.text()) === expected.answers;
    },
    { deadline: 10_000, what: `the service answers ${expected.answers}` },
  );
  await eventually(async () => (await apps(lane)).length === expected.replicas, {
    deadline: 10_000,
    what: `${expected.replicas} processes of the app are there`,
  });
}

/** Processes of the service, and no others but the server's own. */
async function apps(lane: Lane): Promise<string[]> {
  return processesOf(lane.home).filter((line) => line.includes("server.mjs"));
}

async function expectTidy(lane: Lane, expected: Expected): Promise<void> {
  const others = () =>
    processesOf(lane.home).filter(
      (line) =>
        !line.includes("server.mjs") &&
        !line.trim().startsWith(`${lane.server.child.pid} `) &&
        !isOwnDatabase(line),
    );
  await eventually(() => others().length === 0, { what: "no process is left over" }).catch(() =>
    expect(others()).to.deep.equal([]),
  );
  const { platform } = lane;
  if (platform) {
    const isThere = expected.answers !== null;
    await eventually(async () => (await platform.things()).length > 0 === isThere).catch(async () =>
      expect(await platform.things()).to.have.length(isThere ? 1 : 0),
    );
    return;
  }
  const [row] = await lane.sql<{ id: string; op: string; environment: string }>(
    `select id, deployed_operation_id as op, environment_id as environment from service where removed_at is null`,
  );
  const folders = await below(join(lane.home, "services"), 3);
  const own = row ? [`${row.environment}/${row.id}/${row.op}`, `${row.environment}/${row.id}/logs`] : [];
  await eventually(async () => (await below(join(lane.home, "services"), 3)).length === own.length).catch(
    () => {},
  );
  expect(await below(join(lane.home, "services"), 3), `was ${folders}`).to.deep.equal(own.sort());
  const records = (await readdir(join(lane.home, "run"))).filter((name) => name.endsWith(".json"));
  expect(records).to.have.length(expected.replicas);
  const ports = JSON.parse(await readFile(join(lane.home, "ports.json"), "utf8")) as object;
  expect(Object.keys(ports)).to.have.length(row ? 1 : 0);
}

/** Paths of the folders that lie so many levels below. */
async function below(folder: string, levels: number): Promise<string[]> {
  if (levels === 0) {
    return [""];
  }
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries.filter((each) => each.isDirectory())) {
    const inside = await below(join(folder, entry.name), levels - 1);
    found.push(...inside.map((path) => (path === "" ? entry.name : `${entry.name}/${path}`)));
  }
  return found.sort();
}

/** Its postmaster, and the processes of that. */
const isOwnDatabase = (line: string) => /\bpostgres(:| -D )/.test(line) || line.includes("/bin/postgres ");

async function expectNoSecret(lane: Lane): Promise<void> {
  const [row] = await lane.sql<{ newest: string }>("select cursor as newest from event_counter");
  const sql: Sql = (statement, parameters) => lane.sql(statement, parameters);
  const after = lookedAt.get(lane) ?? "0";
  await expectSecretNowhere(secret, { folders: [lane.home], output: lane.outputs.flat(), sql, after });
  lookedAt.set(lane, row!.newest);
}

/** The events up to there were looked at in vain. */
const lookedAt = new WeakMap<Lane, string>();
