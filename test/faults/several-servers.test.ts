import { expect } from "chai";
import { type Fleet, testFleet } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import type { RebakeProcess, Subscribed } from "../support/rebake-process.js";

const numberOfServices = 20;
const operationsOfEach = 3;
const environmentLimit = 5;
const serverLimit = 2;
/** What an event says of then, whatever is true by now. */
const fields = "cursor state replicas revision commit removed service { id }";

interface Sample {
  total: number;
  environment: number;
  server: number;
}

describe("three servers on one queue", function () {
  this.timeout(180_000);
  const holder = testFleet({ REBAKE_LEASE_SECONDS: "2", REBAKE_CONCURRENCY: `${serverLimit}` });
  let fleet: Fleet;
  const services: string[] = [];
  const feeds: Subscribed<any>[] = [];
  let from: string;

  before(async () => {
    fleet = holder.current;
    const first = await fleet.start();
    await fleet.start();
    await fleet.start();
    const setup = `mutation { p: createEnvironment(input: { code: "PROD", driver: SWARM, swarm: { host: "unix:///engine" }, concurrency: ${environmentLimit} }) { errors { message } } }`;
    await first.mutate(setup);
    await first.mutate(
      'mutation ($spec: RecipeSpecInput!) { p: createRecipe(input: { name: "shop", spec: $spec }) { errors { message } } }',
      { spec: { image: { name: "shop" }, env: [{ name: "START_MS", kind: "STATIC", value: "30" }] } },
    );
    from = (await first.graphql("{ cursor }")).cursor;
    for (const server of fleet.servers) {
      feeds.push(
        server.subscribe(
          `subscription ($after: Cursor) { serviceChanged(filter: { environment: "PROD" }, after: $after) { ${fields} } }`,
          { after: from },
        ),
      );
    }
  });

  after(() => {
    for (const feed of feeds) {
      feed.stop();
    }
  });

  const others = (server: number): RebakeProcess => fleet.servers[server % fleet.servers.length]!;

  async function ask(server: RebakeProcess, mutation: string, input: object): Promise<string> {
    const type = `${mutation[0]!.toUpperCase()}${mutation.slice(1)}Input`;
    const payload = await server.mutate(
      `mutation($input: ${type}!) { p: ${mutation}(input: $input) { operation { id service { id } } errors { code message } } }`,
      { input },
    );
    if (mutation === "deployService") {
      services.push(payload.operation.service.id);
    }
    return payload.operation.id;
  }

  /** How many operations run at once: in the environment, and at most on one server. */
  async function sample(): Promise<Sample> {
    const [row] = await fleet.sql<Sample>(
      `select coalesce(sum(n), 0)::int as environment, coalesce(max(n), 0)::int as server,
         (select count(*)::int from operation) as total
       from (select count(*) as n from operation where state = 'RUNNING' group by lease_owner) as held`,
    );
    return row!;
  }

  it("run no operation twice, keep to both limits, and lose none to a kill", async () => {
    const samples: Sample[] = [];
    let sampling = true;
    const watching = (async () => {
      while (sampling) {
        samples.push(await sample());
      }
    })();
    const asked: string[] = [];
    for (let n = 0; n < numberOfServices; n++) {
      const input = { environment: "PROD", recipe: "shop", name: `shop-${n}`, replicas: 1 };
      asked.push(await ask(others(n), "deployService", input));
    }
    const [first] = asked;
    await fleet.ended(first!);
    for (let round = 1; round < operationsOfEach; round++) {
      await Promise.all(asked.map((id) => fleet.ended(id, 60_000)));
      if (round === 1) {
        void fleet.servers[2]!.end("SIGKILL");
      }
      for (const [n, service] of services.entries()) {
        asked.push(await ask(others(n % 2), "rebuildService", { service }));
      }
    }
    await Promise.all(asked.map((id) => fleet.ended(id, 60_000)));
    sampling = false;
    await watching;

    expect(asked).to.have.length(numberOfServices * operationsOfEach);
    const rows = await fleet.sql<{ id: string; state: string; fence: string }>(
      "select id, state, fence from operation",
    );
    expect(rows.filter(({ state }) => state !== "UNPROVEN")).to.deep.equal([]);
    for (const { id } of rows) {
      const forward = fleet.changesOf(id).filter(({ status }) => status === 202);
      expect(forward, id).to.have.length(1);
    }
    const takenOver = rows.filter(({ fence }) => fence !== "1");
    expect(takenOver.length).to.be.at.most(serverLimit);
    expect(Math.max(...samples.map(({ environment }) => environment))).to.equal(environmentLimit);
    expect(Math.max(...samples.map(({ server }) => server))).to.equal(serverLimit);
    const callers = new Set(fleet.engine.changes.map(({ caller }) => caller));
    expect(callers.size).to.equal(3);
  });

  it("tell subscribers of each the same, in the same order", async () => {
    await fleet.restart(fleet.servers[2]!);
    const [row] = await fleet.sql<{ count: number }>(
      "select count(*)::int as count from event where type = 'SERVICE_CHANGED' and cursor > $1",
      [from],
    );
    const told = feeds.slice(0, 2).map((feed) => feed.events);
    await eventually(() => told.every((events) => events.length === row!.count), { deadline: 15_000 });
    const cursors = (events: { serviceChanged: { cursor: string } }[]) =>
      events.map(({ serviceChanged }) => BigInt(serviceChanged.cursor));
    expect(told[0]).to.deep.equal(told[1]);
    expect(cursors(told[0]!)).to.deep.equal([...cursors(told[0]!)].sort((a, b) => (a < b ? -1 : 1)));
    // One that was killed goes on where its subscriber stood, on any server.
    const had = cursors(feeds[2]!.events);
    const resumed = others(0).subscribe(
      `subscription ($after: Cursor) { serviceChanged(filter: { environment: "PROD" }, after: $after) { ${fields} } }`,
      { after: `${had.at(-1) ?? from}` },
    );
    await eventually(() => resumed.events.length === row!.count - had.length, { deadline: 15_000 });
    expect([...feeds[2]!.events, ...resumed.events]).to.deep.equal(told[0]);
    resumed.stop();
  });

  it("change the same things at once without losing a change", async () => {
    const bump = (server: RebakeProcess, value: number) =>
      server.mutate(
        'mutation ($spec: RecipeSpecInput!) { p: bumpRecipe(input: { recipe: "shop", spec: $spec }) { revision { number } errors { message } } }',
        { spec: { env: [{ name: "START_MS", kind: "STATIC", value: `${value}` }] } },
      );
    const bumps = await Promise.all(Array.from({ length: 12 }, (_, n) => bump(others(n), 100 + n)));
    const numbers = bumps.map(({ revision }) => revision.number).sort((a, b) => a - b);
    expect(numbers).to.deep.equal(Array.from({ length: 12 }, (_, n) => n + 2));
    const [row] = await fleet.sql<{ updates: number; to: number }>(
      "select count(*)::int as updates, min(to_revision) as to from service_update",
    );
    expect(row).to.deep.equal({ updates: numberOfServices, to: 13 });
  });

  it("stop an operation that runs on another server as soon as it is cancelled", async () => {
    const bump = `mutation { p: bumpRecipe(input: { recipe: "shop", spec: { env: [{ name: "START_MS", kind: STATIC, value: "60000" }] } }) { errors { message } } }`;
    await others(0).mutate(bump);
    const id = await ask(others(0), "rebuildService", { service: services[0]! });
    const working = await fleet.workingOn(id);
    const other = fleet.servers.find((server) => server !== working)!;
    const asked = performance.now();
    await other.mutate(
      `mutation { p: cancelOperation(input: { operation: "${id}" }) { errors { message } } }`,
    );
    expect((await fleet.ended(id)).state).to.equal("CANCELLED");
    // The lease is 2 s, and a beat comes every third of it.
    expect(performance.now() - asked).to.be.below(1_500);
  });
});
