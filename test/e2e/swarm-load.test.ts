import { execFile } from "node:child_process";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { type LiveReport, openLiveSocket } from "../../demo/live-socket.js";
import { type LoadReport, startLoad } from "../../demo/load.js";
import { type SlowRequest, startSlowRequests } from "../../demo/slow-requests.js";
import { table } from "../../demo/text.js";
import { bump, installed, removeAll } from "../support/dashboard.js";
import { eventually } from "../support/eventually.js";
import { rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { installOnSwarm, openGateway, remainsOf, swarmHost, sweep } from "../support/swarm.js";
import { tempFolder } from "../support/temp-folder.js";

/** As in the demo. */
const requestsPerSecond = 220;
const slowTakesMs = 3_000;
const slowEveryMs = 500;

describe("three replicas behind nginx on a swarm, under load", function () {
  this.timeout(300_000);
  after(async () => {
    console.log(`\n${table(measured).join("\n")}\n`);
    await RebakeProcess.endAll();
    if (environmentId) {
      await sweep(environmentId);
    }
  });
  const folder = tempFolder();
  const measured: string[][] = [
    [
      "under load",
      "s",
      "sent",
      "failed",
      "longest gap",
      "p50",
      "p99",
      "answered by",
      "slow ones",
      "WebSocket",
    ],
  ];
  let rebake: RebakeProcess;
  let environmentId = "";
  let url: string;
  let id: string;

  before(async function () {
    if (!swarmHost) {
      this.skip();
    }
    ({ rebake, environmentId } = await installOnSwarm(join(folder.path, "home")));
    await installed(rebake);
    url = `${await openGateway(rebake)}/catalog/`;
    ({ id } = await serviceNamed(rebake, "DASHBOARD", "catalog"));
    // Nobody asks for these here, and the machine has enough to do.
    await scale(0, (await serviceNamed(rebake, "DASHBOARD", "orders")).id);
    await bump(rebake, "dashboard-service", { endpointMode: "DNSRR" });
    await succeed(await rebuild(rebake, id));
    await succeed(await scale(3));
  });

  it("fails no request while it is rebuilt after a bump of its recipe", async () => {
    await greet("Good morning");
    await underLoad("bump", async () => succeed(await rebuild(rebake, id)));
    expect((await answer()).greeting).to.equal("Good morning");
  });

  it("fails no request while it is rebuilt for new code alone", async () => {
    const before = (await answer()).commit;
    await commit();
    const { changed } = await underLoad("code only", async () => succeed(await rebuild(rebake, id)));
    expect(changed.commit).not.to.equal(before);
    expect(changed.fromRevision).to.equal(changed.toRevision);
    expect((await answer()).commit).to.equal(changed.commit);
  });

  it("fails no request while it is rebuilt and scaled up meanwhile, and down again", async () => {
    await greet("Good evening");
    await underLoad("scaled during a rebuild", async () => {
      const rebuilt = await rebuild(rebake, id);
      await eventually(async () => (await serviceNamed(rebake, "DASHBOARD", "catalog")).operation !== null);
      const scaled = await scale(4);
      const verdict = await succeed(rebuilt);
      await succeed(scaled);
      expect((await serviceNamed(rebake, "DASHBOARD", "catalog")).tasks).to.have.length(4);
      await succeed(await scale(3));
      return verdict;
    });
  });

  it("fails no request while it is rolled back", async () => {
    await underLoad("rollback", async () => {
      const payload = await rebake.mutate(
        "mutation($service: ID!) { rollbackService(input: { service: $service }) { operation { id } errors { code message } } }",
        { service: id },
      );
      return succeed(payload.operation.id);
    });
    expect((await answer()).greeting).to.equal("Good morning");
  });

  it("would see requests fail: the control stops all old ones first", async () => {
    await bump(rebake, "dashboard-service", { rollout: { order: "STOP_FIRST", parallelism: 3 } });
    const { report } = await load("control: all stopped first", async () =>
      succeed(await rebuild(rebake, id)),
    );
    expect(report.failed).to.be.greaterThan(0);
  });

  it("leaves nothing on the engine", async () => {
    await removeAll(rebake);
    await eventually(async () => (await remainsOf(environmentId)).length === 0, { deadline: 20_000 });
  });

  /** Runs `change` under load, in which nothing may fail: no request, however slow, and no WebSocket without a goodbye. */
  async function underLoad(name: string, change: () => Promise<any>) {
    const seen = await load(name, change);
    expect(seen.report.failed, JSON.stringify(seen.report.services, replacer)).to.equal(0);
    expect(seen.report.requestsPerSecond).to.be.greaterThan(0.9 * requestsPerSecond);
    expect(seen.slow.filter(({ error }) => error !== null)).to.deep.equal([]);
    expect(seen.report.services[0]!.generations.size).to.be.greaterThan(1);
    expect([seen.live.code, seen.live.reason]).to.deep.equal([1001, "going away, come back"]);
    return seen;
  }

  async function load(name: string, change: () => Promise<any>) {
    const running = startLoad({ services: [{ name: "catalog", url }], requestsPerSecond });
    const slowOnes = startSlowRequests({ url, takesMs: slowTakesMs, everyMs: slowEveryMs });
    const socket = openLiveSocket(url);
    let seen: { report: LoadReport; slow: SlowRequest[]; live: LiveReport };
    let changed: any;
    try {
      await socket.ready;
      await sentFor(running, 1);
      changed = await change();
      await sentFor(running, 1);
    } finally {
      const [report, slow] = await Promise.all([running.stop(), slowOnes.stop()]);
      socket.end();
      seen = { report, slow, live: await socket.closed };
      note(name, seen);
    }
    return { ...seen, changed };
  }

  function note(
    name: string,
    { report, slow, live }: { report: LoadReport; slow: SlowRequest[]; live: LiveReport },
  ): void {
    const { sent, failed, longestGap, p50, p99, generations } = report.services[0]!;
    measured.push([
      name,
      report.seconds.toFixed(1),
      `${sent}`,
      `${failed}`,
      `${longestGap.toFixed(0)} ms`,
      `${p50.toFixed(1)} ms`,
      `${p99.toFixed(1)} ms`,
      [...generations.values()].join(" + "),
      `${slow.length}`,
      `${live.code} after ${live.echoes} echoes`,
    ]);
  }

  /** Seconds' worth of requests: the load goes on for so long before and after. */
  async function sentFor(running: { now(): { sent: number } }, seconds: number): Promise<void> {
    const until = running.now().sent + seconds * requestsPerSecond;
    await eventually(() => running.now().sent >= until, { deadline: 20_000 });
  }

  async function succeed(operation: string): Promise<any> {
    const verdict = await verdictOf(rebake, operation);
    expect(verdict.state, JSON.stringify(verdict)).to.equal("SUCCEEDED");
    return verdict;
  }

  async function scale(replicas: number, service = id): Promise<string> {
    const payload = await rebake.mutate(
      "mutation($input: ScaleServiceInput!) { scaleService(input: $input) { operation { id } errors { code message } } }",
      { input: { service, replicas } },
    );
    return payload.operation.id;
  }

  const answer = async (): Promise<any> => (await fetch(url)).json();

  /** Bumps the recipe by a greeting. */
  async function greet(greeting: string): Promise<void> {
    const { recipe } = await rebake.graphql(
      '{ recipe(name: "dashboard-service") { current { spec { env { name kind value default label help required } } } } }',
    );
    const env = recipe.current.spec.env.map((variable: any) =>
      variable.name === "SHOP_GREETING" ? { ...variable, value: greeting } : variable,
    );
    await bump(rebake, "dashboard-service", { env });
  }

  async function commit(): Promise<void> {
    const repository = join(folder.path, "home", "examples", "shop");
    await appendFile(join(repository, "README.md"), "\nNew code.\n");
    const author = ["-c", "user.name=Test", "-c", "user.email=test@localhost"];
    await promisify(execFile)("git", [...author, "commit", "--quiet", "--all", "--message", "New code"], {
      cwd: repository,
    });
  }
});

/** Maps say nothing as JSON. */
function replacer(_key: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value) : value;
}
