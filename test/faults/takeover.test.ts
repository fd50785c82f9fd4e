import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import { type Fleet, testFleet } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild } from "../support/operations.js";
import type { RebakeProcess } from "../support/rebake-process.js";

const replicas = 3;
const leaseSeconds = 2;
/** How long a server sleeps after another one could have taken over: `TEST_SLEEP_SECONDS=60` for longer. */
const sleepSeconds = Number(process.env.TEST_SLEEP_SECONDS ?? 0);
const readiness = { httpGet: { path: "/", port: "http" } };
const ports = [{ name: "http", target: 80 }];
const startMs = (value: number) => [{ name: "START_MS", kind: "STATIC", value: `${value}` }];

describe("taking over from another server", function () {
  this.timeout(120_000 + sleepSeconds * 2_000);
  const holder = testFleet({ REBAKE_LEASE_SECONDS: `${leaseSeconds}` });
  let fleet: Fleet;
  let service: string;

  before(async () => {
    fleet = holder.current;
    const first = await fleet.start("a");
    await fleet.start("b");
    await first.mutate(
      `mutation { createEnvironment(input: { code: "PROD", driver: SWARM, swarm: { host: "unix:///engine" } }) { errors { message } } }`,
    );
    await first.mutate(
      'mutation ($spec: RecipeSpecInput!) { createRecipe(input: { name: "shop", spec: $spec }) { errors { message } } }',
      { spec: { image: { name: "shop" }, ports, readiness, env: startMs(20) } },
    );
    const deployed = await deploy(first, { environment: "PROD", recipe: "shop", name: "shop", replicas });
    service = deployed.service;
    expect((await fleet.ended(deployed.operation)).state).to.equal("SUCCEEDED");
  });

  let bumps = 0;
  /** Begins a rebuild that takes a while, and finds the server that works on it, and another one. */
  async function rebuilding(): Promise<{ id: string; working: RebakeProcess; other: RebakeProcess }> {
    const [any] = fleet.servers;
    await any!.mutate(
      'mutation ($spec: RecipeSpecInput!) { bumpRecipe(input: { recipe: "shop", spec: $spec }) { errors { message } } }',
      { spec: { env: startMs(500 + ++bumps) } },
    );
    fleet.engine.service("shop")!.mark();
    const id = await rebuild(any!, service);
    const working = await fleet.workingOn(id);
    return { id, working, other: fleet.servers.find((one) => one !== working)! };
  }

  async function expectGoodEnd(id: string): Promise<void> {
    const row = await fleet.ended(id);
    expect(row.cause).to.equal(null);
    expect([row.state, row.fence]).to.deep.equal(["SUCCEEDED", "2"]);
    expect(row.steps.map(({ state }) => state)).to.deep.equal([
      ...["DONE", "SKIPPED", "SKIPPED"],
      ...["DONE", "DONE", "DONE", "DONE"],
    ]);
    const { leastReady, replicas: there } = fleet.engine.service("shop")!;
    expect(leastReady).to.equal(replicas);
    expect(there.map(({ operationId, state }) => [operationId, state])).to.deep.equal(
      Array.from({ length: replicas }, () => [id, "READY"]),
    );
    expect(fleet.changesOf(id)).to.have.length(1);
  }

  const fenceOf = async (id: string) => Number((await fleet.operation(id)).fence);

  it("happens within the lease and 2 s after a kill, and goes on with what was begun", async () => {
    const { id, working } = await rebuilding();
    await working.end("SIGKILL");
    const killed = performance.now();
    await eventually(async () => (await fenceOf(id)) === 2, { deadline: 10_000 });
    expect((performance.now() - killed) / 1000).to.be.below(leaseSeconds + 2);
    await expectGoodEnd(id);
    await fleet.restart(working);
  });

  it("leaves a server that was only asleep nothing to write and nothing to do on the engine", async () => {
    const { id, working } = await rebuilding();
    const pid = working.child.pid!;
    working.child.kill("SIGSTOP");
    await wait(sleepSeconds * 1000);
    await expectGoodEnd(id);
    const lastBy = () => fleet.engine.changes.filter(({ caller }) => caller === pid).length;
    const eventsOf = () =>
      fleet.sql("select cursor::text from event where operation_id = $1 order by event.cursor", [id]);
    const before = { row: await fleet.operation(id), changes: lastBy(), events: await eventsOf() };
    working.child.kill("SIGCONT");
    const left = () =>
      working.output.some((line) => line.includes("left for the next claim") && line.includes(id));
    await eventually(left, { deadline: 10_000, what: "the server that slept has left the operation" });
    expect({ row: await fleet.operation(id), changes: lastBy(), events: await eventsOf() }).to.deep.equal(
      before,
    );
  });

  it("keeps a server that slept right before it acted from acting", async () => {
    const [any] = fleet.servers;
    await any!.mutate(
      'mutation ($spec: RecipeSpecInput!) { bumpRecipe(input: { recipe: "shop", spec: $spec }) { errors { message } } }',
      { spec: { env: startMs(20 + ++bumps) } },
    );
    fleet.engine.service("shop")!.mark();
    const free = new Map<number, () => void>();
    let isSlow = true;
    fleet.engine.delay = (caller) =>
      isSlow ? new Promise<void>((resolve) => free.set(caller, resolve)) : null;
    const id = await rebuild(any!, service);
    // It looks what is there, and would act upon the answer at once.
    const host = await eventually(async () => {
      const [row] = await fleet.sql<{ owner: string | null; begun: boolean }>(
        `select lease_owner as owner, steps->3->>'state' = 'RUNNING' as begun from operation where id = $1`,
        [id],
      );
      return row!.begun && row!.owner!.split("/")[0]!;
    });
    const working = (await fleet.ofHost(host))!;
    const pid = working.child.pid!;
    await eventually(() => free.has(pid));
    const { changes } = fleet.engine;
    const before = changes.filter(({ caller }) => caller === pid).length;
    working.child.kill("SIGSTOP");
    isSlow = false;
    for (const [caller, answer] of free) {
      if (caller !== pid) {
        answer();
      }
    }
    await wait(sleepSeconds * 1000);
    await expectGoodEnd(id);
    free.get(pid)!();
    working.child.kill("SIGCONT");
    const left = () =>
      working.output.some((line) => line.includes("left for the next claim") && line.includes(id));
    await eventually(left, { deadline: 10_000, what: "the server that slept has left the operation" });
    expect(changes.filter(({ caller }) => caller === pid)).to.have.length(before);
  });

  it("takes no time at all when a server is stopped in order", async () => {
    const { id, working } = await rebuilding();
    const stopped = working.end("SIGTERM");
    const asked = performance.now();
    await eventually(async () => (await fenceOf(id)) === 2, { deadline: 10_000 });
    expect((performance.now() - asked) / 1000).to.be.below(leaseSeconds);
    await expectGoodEnd(id);
    await stopped;
    await fleet.restart(working);
  });

  it("brings back what ran before when the new one fails after the takeover", async () => {
    const [any] = fleet.servers;
    const ran = (await fleet.sql<{ op: string }>("select deployed_operation_id as op from service"))[0]!.op;
    await any!.mutate(
      'mutation ($spec: RecipeSpecInput!) { bumpRecipe(input: { recipe: "shop", spec: $spec }) { errors { message } } }',
      { spec: { env: [...startMs(1_500), { name: "BROKEN", kind: "STATIC", value: "1" }] } },
    );
    fleet.engine.service("shop")!.mark();
    const id = await rebuild(any!, service);
    const working = await fleet.workingOn(id);
    await working.end("SIGKILL");
    const row = await fleet.ended(id);
    expect([row.state, row.cause?.code]).to.deep.equal(["FAILED", "APP_EXITED"]);
    const { leastReady, replicas: there } = fleet.engine.service("shop")!;
    expect(leastReady).to.equal(replicas);
    expect(new Set(there.map(({ operationId }) => operationId))).to.deep.equal(new Set([ran]));
    await fleet.restart(working);
  });
});
