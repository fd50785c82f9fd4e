import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Driver, Target } from "../../../src/operations/driver.js";
import { appSource } from "../app-fixture.js";
import {
  healthProbe,
  livingAs,
  livingIn,
  newRef,
  quick,
  Recorder,
  specOf,
  targetOf,
  until,
} from "../bench.js";
import { GitFixture } from "../git-fixture.js";
import { encode, firstPort, processRow } from "./row.js";

const program = fileURLToPath(new URL("./server-process.js", import.meta.url));

describe("PROCESS after the server ended", () => {
  let home: string;
  let target: Target;
  let second: string;
  let driver: Driver | null = null;
  const servers: ChildProcess[] = [];

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "rebake-driver-test-"));
    const repository = await GitFixture.create(join(home, "repository"));
    const commit = await repository.commit({ "server.mjs": appSource("one") });
    second = await repository.commit({ "server.mjs": appSource("two") });
    const source = { repository: repository.url, branch: "main", commit: null, path: null, credential: null };
    const spec = specOf({
      source,
      command: ["node", "server.mjs"],
      ports: [{ name: "http", target: 3000, published: null }],
      env: [
        { name: "GRANDCHILD", value: ["1"] },
        { name: "TOKEN", value: [{ secret: "s1" }] },
      ],
      readiness: healthProbe,
      rollout: quick,
    });
    target = targetOf(newRef(), spec, { commit, replicas: 2, secrets: new Map([["s1", "hush hush"]]) });
  });
  after(() => rm(home, { recursive: true, force: true, maxRetries: 10 }));
  afterEach(async () => {
    await driver?.close();
    driver = null;
    await Promise.all(servers.splice(0).map((child) => ended(child, "SIGKILL")));
  });

  const server = async (mode: "deploy" | "restore", targets: Target[]): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [program, home, mode, encode(targets)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    servers.push(child);
    let output = "";
    child.stdout!.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    await until("the server is ready", () => output.includes("ready"), 30);
    return child;
  };
  const ended = (child: ChildProcess, signal: NodeJS.Signals) =>
    new Promise<unknown>((resolve) => {
      child.once("exit", resolve);
      if (child.exitCode !== null || child.signalCode !== null || !child.kill(signal)) {
        resolve(null);
      }
    });
  const running = async () => {
    const { state, ports } = await driver!.inspect(target.ref);
    return state === "RUNNING" ? `http://${ports[0]!.address}` : null;
  };
  const about = async (url: string) =>
    (await (await fetch(`${url}/about`)).json()) as { pid: number; version: string };

  it("ends what a killed server left and brings the service back on the same port", async () => {
    const killed = await server("deploy", [target]);
    const url = `http://127.0.0.1:${firstPort}`;
    const { pid } = await about(url);
    await ended(killed, "SIGKILL");
    expect(livingIn(pid)).to.have.length(2);
    await mkdir(join(home, "cache", "temp", "half"), { recursive: true });
    await mkdir(join(home, "services", "env_x", "svc_x", "opn_x"), { recursive: true });
    driver = processRow.create(home);
    await driver.restore([target]);
    expect(livingIn(pid)).to.deep.equal([]);
    expect(await until("the service is back", running)).to.equal(url);
    expect(await about(url)).to.include({ version: "one" });
    expect(await readdir(join(home, "services", "env_x", "svc_x"))).to.deep.equal([]);
    expect(await readdir(join(home, "cache"))).not.to.include("temp");
    expect((await driver.inspect(target.ref)).tasks).to.have.length(2);
  });

  it("fetches and installs again when the working copy is gone", async () => {
    await rm(join(home, "services"), { recursive: true });
    driver = processRow.create(home);
    await driver.restore([target]);
    expect(await about(await until("the service is back", running))).to.include({ version: "one" });
  });

  it("replaces a service that is still coming back", async () => {
    driver = processRow.create(home);
    await driver.restore([target]);
    const next = targetOf(target.ref, target.spec, { commit: second });
    expect(await driver.replace(target, next, new Recorder())).to.have.property("verdict", "SUCCEEDED");
    expect(await about(await until("the service is back", running))).to.include({ version: "two" });
    expect((await driver.inspect(target.ref)).tasks).to.have.length(1);
    const { environmentId, serviceId } = target.ref;
    const folders = await readdir(join(home, "services", environmentId, serviceId));
    expect(folders.sort()).to.deep.equal(["logs", next.stamp.operationId].sort());
  });

  it("leaves strangers alone whose pid was recorded for another process", async () => {
    const stranger = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
    await mkdir(join(home, "run"), { recursive: true });
    const record = { pid: stranger.pid, startTime: "1", operationId: "opn_x" };
    await writeFile(join(home, "run", "old.json"), JSON.stringify(record));
    driver = processRow.create(home);
    await driver.restore([]);
    expect(livingIn(stranger.pid!)).to.have.length(1);
    expect(await readdir(join(home, "run"))).to.deep.equal([]);
    await ended(stranger, "SIGKILL");
  });

  it("ends everything with the server on a graceful stop", async () => {
    const child = await server("restore", [target]);
    const url = `http://127.0.0.1:${firstPort}`;
    const { pid } = await until("the service is back", () => about(url).catch(() => null));
    child.stdin!.end();
    await ended(child, "SIGTERM");
    expect(livingIn(pid)).to.deep.equal([]);
    expect(await readdir(join(home, "run"))).to.deep.equal([]);
  });

  it("ends git and npm that a killed server was running", async () => {
    const source = { ...target.spec.source!, repository: `file://${home}/slow` };
    const slow = await GitFixture.create(join(home, "slow"));
    const scripts = { preinstall: "sleep 987", start: "node x" };
    const commit = await slow.commit({
      "package.json": JSON.stringify({ name: "a", version: "1.0.0", scripts }),
    });
    const hanging = targetOf(newRef("slow"), { ...target.spec, source }, { commit });
    const child = spawn(process.execPath, [program, home, "deploy", encode([hanging])], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    const sleeping = async () =>
      (await readdir(join(home, "run"))).length > 0 && livingAs("sleep 987").length > 0;
    await until("npm runs", sleeping);
    await ended(child, "SIGKILL");
    driver = processRow.create(home);
    await driver.restore([]);
    expect(livingAs("sleep 987")).to.deep.equal([]);
  });
});
