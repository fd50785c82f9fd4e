import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { eventually } from "../support/eventually.js";
import { processesOf } from "../support/processes.js";
import { holds } from "../support/spellings.js";
import { type Lane, type OperationRow, secret } from "./lane.js";
import type { Expected } from "./scenarios.js";

/** Everything that must hold after an operation that a server died in. */
export async function expectNothingLost(lane: Lane, row: OperationRow, expected: Expected): Promise<void> {
  expect(row.state, JSON.stringify(row.cause)).to.be.oneOf(expected.verdicts);
  expect(row.cause?.code).to.equal(expected.cause);
  await expectOneStory(lane, row);
  await expectRunning(lane, expected);
  await expectTidy(lane, expected);
  await expectNoSecret(lane);
}

/** One end, each step once and ended, no operation besides. */
async function expectOneStory(lane: Lane, row: OperationRow): Promise<void> {
  const names = row.steps.map(({ name }) => name);
  expect(new Set(names).size).to.equal(names.length);
  expect(row.steps.map(({ state }) => state))
    .not.to.include.members(["PENDING"])
    .and.not.include("RUNNING");
  const ends = await lane.sql(
    `select cursor from event where operation_id = $1 and type = 'OPERATION_CHANGED'
       and payload->>'state' not in ('QUEUED', 'RUNNING')`,
    [row.id],
  );
  expect(ends).to.have.length(1);
  expect(await lane.sql("select id from operation where state in ('QUEUED', 'RUNNING')")).to.deep.equal([]);
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
  await eventually(
    async () => {
      const response = await fetch(`http://${service.ports[0].address}/`);
      return (await response.text()) === expected.answers;
    },
    { deadline: 10_000, what: `the service answers ${expected.answers}` },
  );
  expect(service.replicas).to.equal(expected.replicas);
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
      (line) => !line.includes("server.mjs") && !line.trim().startsWith(`${lane.server.child.pid} `),
    );
  await eventually(() => others().length === 0, { what: "no process is left over" }).catch(() =>
    expect(others()).to.deep.equal([]),
  );
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

async function expectNoSecret(lane: Lane): Promise<void> {
  const entries = await readdir(lane.home, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((each) => each.isFile())) {
    const file = join(entry.parentPath, entry.name);
    expect(holds(await readFile(file, "latin1").catch(() => ""), secret), file).to.equal(false);
  }
  expect(holds(lane.server.output.join("\n"), secret)).to.equal(false);
}
