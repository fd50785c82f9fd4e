import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import type { ServiceRef, Target } from "../../../src/operations/driver.js";
import { Bench, newRef, quick, Recorder, specOf, targetOf, until } from "../bench.js";
import { processRow } from "./row.js";

/** An app without source: answers /health and /live as it was last told to. */
const app = `
let health = 200, live = 200;
require("node:http").createServer((request, response) => {
  const url = new URL(request.url, "http://x");
  if (url.pathname === "/set") { health = Number(url.searchParams.get("health") ?? health); live = Number(url.searchParams.get("live") ?? live); }
  response.statusCode = url.pathname === "/health" ? health : url.pathname === "/live" ? live : 200;
  if (url.pathname === "/exit") setImmediate(() => process.exit(Number(url.searchParams.get("code"))));
  response.end(JSON.stringify({ instance: process.env.REBAKE_INSTANCE, pid: process.pid }));
}).listen(process.env.REBAKE_PORT, "localhost");
`;
const probe = (path: string) => ({
  httpGet: { path },
  tcp: null,
  exec: null,
  period: 1,
  timeout: 1,
  failureThreshold: 1,
});

describe("supervision of running instances", () => {
  let bench: Bench;
  let ref: ServiceRef;
  before(async () => {
    bench = await Bench.open(processRow);
  });
  after(() => bench.close());
  beforeEach(() => {
    ref = newRef();
  });
  afterEach(() => bench.driver.remove(ref, new Recorder()));

  const deploy = async (fields: Parameters<typeof specOf>[0] = {}, facts: Partial<Target> = {}) => {
    const spec: RenderedSpec = specOf({
      command: ["node", "-e", app],
      ports: [{ name: "http", target: 80, published: null }],
      readiness: probe("/health"),
      rollout: quick,
      ...fields,
    });
    const outcome = await bench.driver.replace(null, targetOf(ref, spec, facts), new Recorder());
    expect(outcome).to.deep.equal({ verdict: "SUCCEEDED", cause: null });
    return bench.url(ref);
  };
  const tasks = async () => (await bench.driver.inspect(ref)).tasks;
  const instanceOf = async (url: string) =>
    ((await (await fetch(url)).json()) as { instance: string }).instance;

  it("takes an instance out while its readiness probe fails, and back in", async () => {
    const url = await deploy({}, { replicas: 2 });
    const { instance: sick } = (await (await fetch(`${url}/set?health=500`)).json()) as { instance: string };
    const [task] = await until("it is out", async () => {
      const found = (await tasks()).filter(({ message }) => message?.includes("answered 500"));
      return found.length > 0 ? found : null;
    });
    expect(String(task!.instance)).to.equal(sick);
    for (let i = 0; i < 6; i++) {
      expect(await instanceOf(url)).not.to.equal(sick);
    }
    await fetch(`http://${task!.address!.replace("::1", "[::1]")}/set?health=200`);
    await until("it is back in", async () => (await instanceOf(url)) === sick);
  });

  it("goes on sending requests to the only instance although its readiness probe fails", async () => {
    const url = await deploy();
    await fetch(`${url}/set?health=500`);
    await until("the probe fails", async () => (await tasks())[0]!.message);
    expect((await fetch(url)).status).to.equal(200);
  });

  it("restarts an instance whose liveness probe fails", async () => {
    const url = await deploy({ liveness: probe("/live") });
    await fetch(`${url}/set?live=500`);
    await until("it is restarted", async () => {
      const [task] = await tasks();
      return task!.restarts === 1 && task!.state === "RUNNING";
    });
    expect((await fetch(`${url}/live`)).status).to.equal(200);
  });

  for (const [condition, code, state] of [
    ["NONE", 1, "STOPPED"],
    ["ON_FAILURE", 0, "STOPPED"],
    ["ON_FAILURE", 1, "RUNNING"],
    ["ALWAYS", 0, "RUNNING"],
  ] as const) {
    it(`leaves an instance that ended with ${code} ${state} when told to restart ${condition}`, async () => {
      const url = await deploy({ restart: { condition, maxAttempts: null } });
      await fetch(`${url}/exit?code=${code}`);
      const task = await until("it came to that", async () => {
        const [one] = await tasks();
        return one!.state === state && (state === "STOPPED" || one!.restarts === 1) ? one : null;
      });
      expect(task.message).to.equal(state === "STOPPED" ? `ended with exit code ${code}` : null);
    });
  }

  it("gives up after as many restarts as allowed", async () => {
    const url = await deploy({ restart: { condition: "ALWAYS", maxAttempts: 1 } });
    for (const restarts of [0, 1]) {
      await until("it runs", async () => {
        const [task] = await tasks();
        return task!.state === "RUNNING" && task!.restarts === restarts;
      });
      await fetch(`${url}/exit?code=2`);
    }
    await until("it gave up", async () => (await bench.driver.inspect(ref)).state === "STOPPED");
  });

  it("proves readiness by a command that sees what the app sees", async () => {
    const script = `process.exit(process.env.WORD === "open sesame" && process.env.REBAKE_PORT ? 0 : 1)`;
    const exec = { command: ["node", "-e", script] };
    const readiness = { httpGet: null, tcp: null, exec, period: 1, timeout: 5 };
    const url = await deploy(
      { readiness, env: [{ name: "WORD", value: ["open ", { secret: "w" }] }] },
      { secrets: new Map([["w", "sesame"]]) },
    );
    expect((await fetch(url)).status).to.equal(200);
  });

  it("writes no secret to disk but in the recipe's own files, which only this user can reach", async () => {
    const secrets = new Map([["w", "sesame-2718281828"]]);
    const env = [{ name: "WORD", value: [{ secret: "w" }] }];
    await deploy(
      { env, files: [{ path: "/a/b.conf", content: [{ secret: "w" }], mode: "0644" }] },
      { secrets },
    );
    const entries = await readdir(bench.home, { recursive: true, withFileTypes: true });
    const holding: string[] = [];
    for (const entry of entries.filter((one) => one.isFile())) {
      const path = join(entry.parentPath, entry.name);
      if ((await readFile(path, "utf8")).includes("sesame-2718281828")) {
        holding.push(path);
      }
    }
    expect(holding).to.have.length(1);
    expect(holding[0]).to.match(/\/files\/1\/a\/b\.conf$/);
  });
});
