import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { type Fleet, testFleet } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import { deploy } from "../support/operations.js";
import { Random } from "../support/random.js";
import type { RebakeProcess } from "../support/rebake-process.js";
import { expectSecretNowhere, type Sql } from "./secrets.js";

const replicas = 3;
const kills = 20;
/** Kills, at the least, that must have hit a server at work. */
const leastTakeovers = 3;
const secret = "s3cr3t=пароль";
const readiness = { httpGet: { path: "/", port: "http" } };
const seed = Number(process.env.TEST_FAULT_SEED ?? Date.now() % 1_000_000);

/** What can be asked for, and how it ends when nothing is lost. */
const requests = ["rebuild", "failing rebuild", "rollback", "restart", "scale"] as const;

describe(`servers killed at random moments (TEST_FAULT_SEED=${seed})`, function () {
  this.timeout(300_000);
  const holder = testFleet({ REBAKE_LEASE_SECONDS: "1" });
  const random = new Random(seed);
  let fleet: Fleet;
  let service: string;
  let bumps = 0;

  before(async () => {
    fleet = holder.current;
    const first = await fleet.start();
    await fleet.start();
    await first.mutate(
      'mutation { p: createEnvironment(input: { code: "PROD", driver: SWARM, swarm: { host: "unix:///engine" } }) { errors { message } } }',
    );
    await first.mutate(
      'mutation ($spec: RecipeSpecInput!) { p: createRecipe(input: { name: "shop", spec: $spec }) { errors { message } } }',
      { spec: { image: { name: "shop" }, ports: [{ name: "http", target: 80 }], readiness, env: env() } },
    );
    const inputs = [{ name: "KEY", value: secret }];
    const deployed = await deploy(first, {
      environment: "PROD",
      recipe: "shop",
      name: "shop",
      replicas,
      inputs,
    });
    service = deployed.service;
    await fleet.ended(deployed.operation);
    // A state to roll back to.
    await bump({});
    expect(await outcome("rebuild")).to.equal("SUCCEEDED");
  });

  function env(more: Record<string, string> = {}) {
    const values = Object.entries({ START_MS: `${60 + ++bumps}`, ...more });
    return [
      { name: "KEY", kind: "SECRET" },
      ...values.map(([name, value]) => ({ name, kind: "STATIC", value })),
    ];
  }

  const alive = () =>
    fleet.servers.find(({ child }) => child.signalCode === null && child.exitCode === null)!;
  const bump = (more: Record<string, string>) =>
    alive().mutate(
      'mutation ($spec: RecipeSpecInput!) { p: bumpRecipe(input: { recipe: "shop", spec: $spec }) { errors { message } } }',
      { spec: { env: env(more) } },
    );

  async function ask(request: (typeof requests)[number], count: number): Promise<string> {
    if (request !== "rollback" && request !== "restart") {
      await bump(request === "failing rebuild" ? { BROKEN: "1" } : {});
    }
    const [mutation, more] = {
      rebuild: ["rebuildService", ""],
      "failing rebuild": ["rebuildService", ""],
      rollback: ["rollbackService", ""],
      restart: ["restartService", ""],
      scale: ["scaleService", `, replicas: ${count}`],
    }[request] as [string, string];
    const payload = await alive().mutate(
      `mutation { p: ${mutation}(input: { service: "${service}"${more} }) { operation { id } errors { message } } }`,
    );
    return payload.operation.id;
  }

  async function outcome(request: (typeof requests)[number]): Promise<string> {
    return (await fleet.ended(await ask(request, replicas))).state;
  }

  /** The server that works on an operation now, mostly: else any. */
  async function victimOf(id: string): Promise<RebakeProcess> {
    const [row] = await fleet.sql<{ owner: string | null }>(
      "select lease_owner as owner from operation where id = $1",
      [id],
    );
    const working = await fleet.ofHost(row?.owner?.split("/")[0] ?? "");
    return random.next() < 0.7 && working ? working : random.pick(fleet.servers);
  }

  it(`lose nothing: ${kills} kills`, async function () {
    const told: string[] = [];
    let takeovers = 0;
    for (let round = 0; round < kills; round++) {
      const request = random.pick(requests);
      const count = request === "scale" ? random.pick([2, 4, 5]) : replicas;
      const engine = fleet.engine.service("shop")!;
      engine.mark();
      const least = Math.min(engine.ready(), count);
      const id = await ask(request, count);
      const after = Math.floor(random.next() * 450);
      // Not a wait for something to happen: the moment of the kill is what is random.
      await wait(after);
      const victim = await victimOf(id);
      await victim.end("SIGKILL");
      const row = await fleet.ended(id);
      takeovers += Number(row.fence) > 1 ? 1 : 0;
      told.push(`${request}, killed after ${after} ms: ${row.state}`);
      const what = `seed ${seed}, round ${round}: ${told.at(-1)}`;
      expect(row.state, what).to.equal(request === "failing rebuild" ? "FAILED" : "SUCCEEDED");
      expect(engine.leastReady, what).to.be.at.least(least);
      expect(
        row.steps.some(({ state }) => state === "RUNNING" || state === "PENDING"),
        what,
      ).to.equal(false);
      const forward = fleet.changesOf(id).filter(({ status }) => status === 202);
      expect(forward.length, what).to.be.at.most(request === "failing rebuild" ? Number(row.fence) : 1);
      expect(fleet.engine.services.size, what).to.equal(1);
      await eventually(() => engine.replicas.length === (request === "scale" ? count : replicas), { what });
      await fleet.restart(victim);
      if (request === "scale") {
        expect(engine.ready(), what).to.equal(count);
        expect((await fleet.ended(await ask("scale", replicas))).state).to.equal("SUCCEEDED");
      }
    }
    const lost = await fleet.sql("select id from operation where state in ('QUEUED', 'RUNNING')");
    expect(lost).to.deep.equal([]);
    expect(takeovers, told.join("\n")).to.be.at.least(leastTakeovers);
    this.test!.title += ` (${takeovers} of them during its work)`;
    const sql: Sql = (statement, parameters) => fleet.sql(statement, parameters);
    await expectSecretNowhere(secret, { folders: [fleet.folder], output: fleet.outputs.flat(), sql });
  });
});
