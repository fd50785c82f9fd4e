import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import type { DeployerJob, DeployerReport } from "../../src/deployer/deployer.js";
import { resolveCommit } from "../../src/deployer/resolve-commit.js";
import { toolEnvironment } from "../../src/deployer/tool-environment.js";
import { OperationFailure } from "../../src/errors.js";
import { until } from "../drivers/bench.js";
import { GitFixture } from "../drivers/git-fixture.js";
import { GitServer } from "./git-server.js";

const program = fileURLToPath(new URL("../../src/deployer/deployer.js", import.meta.url));
const run = promisify(execFile);
const credential = { username: "ci", password: "s3cret pässword'\"$(touch x)" };

describe("the deployer", () => {
  let home: string;
  let repository: GitFixture;
  let first: string;
  let second: string;
  let server: GitServer;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "rebake-driver-test-"));
    repository = await GitFixture.create(join(home, "repository"));
    first = await repository.commit({ "a/file.txt": "one" });
    await repository.git("tag", "-a", "v1", "-m", "first");
    second = await repository.commit({ "a/file.txt": "two" });
    await repository.git("clone", "--quiet", "--bare", ".", join(home, "served.git"));
    await run("git", ["update-server-info"], { cwd: join(home, "served.git") });
    server = await GitServer.open(home, credential.username, credential.password);
  });
  after(async () => {
    server.close();
    await rm(home, { recursive: true, force: true });
  });

  const deploy = async (job: Omit<DeployerJob, "nonce">, env: NodeJS.ProcessEnv = {}, file = program) => {
    const nonce = "n0nce";
    const child = spawn(process.execPath, [file], {
      env: {
        ...toolEnvironment(process.env),
        REBAKE_JOB: JSON.stringify({ ...job, nonce }),
        ...env,
      },
    });
    let output = "";
    child.stdout.on("data", (data: Buffer) => {
      output += data.toString();
    });
    child.stderr.on("data", (data: Buffer) => {
      output += data.toString();
    });
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    const reports = output
      .split("\n")
      .filter((line) => line.startsWith("@@rebake:n0nce@@ "))
      .map((line) => JSON.parse(line.slice(17)) as DeployerReport);
    return { code, output, reports, last: reports.at(-1)! };
  };
  const fetchJob = (url: string, commit: string, name: string) => ({
    commands: ["fetch" as const],
    fetch: { repository: url, commit, mirror: join(home, `${name}.mirror`), into: join(home, name) },
  });
  const resolve = (url: string, branch: string, known: typeof credential | null = null) =>
    resolveCommit({
      repository: url,
      branch,
      commit: null,
      credential: known,
      signal: new AbortController().signal,
    });
  const codeOf = (error: unknown) => (error as OperationFailure).cause.code;

  it("is one file that needs nothing but Node", async () => {
    const text = await readFile(program, "utf8");
    const imports = [...text.matchAll(/from "([^"]+)"/g)].map(([, name]) => name);
    expect(imports.filter((name) => !name!.startsWith("node:"))).to.deep.equal([]);
    const copy = join(home, "deployer.mjs");
    await copyFile(program, copy);
    const { last } = await deploy(fetchJob(repository.url, second, "copied"), {}, copy);
    expect(last).to.include({ step: "FETCH_SOURCE", state: "DONE" });
  });

  it("fetches exactly the pinned commit, and from its mirror the next time", async () => {
    const { last, code } = await deploy(fetchJob(repository.url, first, "pinned"));
    expect([code, last.state]).to.deep.equal([0, "DONE"]);
    expect(await readFile(join(home, "pinned", "a/file.txt"), "utf8")).to.equal("one");
    expect(existsSync(join(home, "pinned", ".git"))).to.equal(false);
    const job = fetchJob(repository.url, first, "pinned");
    job.fetch.into = join(home, "again");
    expect((await deploy(job)).last).to.include({ detail: "already here" });
  });

  it("recovers from a mirror that a killed git has left locked", async () => {
    const job = fetchJob(repository.url, first, "locked");
    await deploy(job);
    await writeFile(join(job.fetch.mirror, "shallow.lock"), "");
    const next = fetchJob(repository.url, second, "locked");
    next.fetch.into = join(home, "unlocked");
    expect((await deploy(next)).last.state).to.equal("DONE");
  });

  it("fetches from a server that hands out branches only, with a credential that only git sees", async () => {
    const url = `${server.url}/served.git`;
    const env = { REBAKE_GIT_USERNAME: credential.username, REBAKE_GIT_PASSWORD: credential.password };
    const { last, output } = await deploy(fetchJob(url, first, "private"), env);
    expect(last.state, output).to.equal("DONE");
    expect(output).not.to.include("s3cret");
    expect(server.requests[0]!.authorization).to.equal(undefined);
    const config = await readFile(join(home, "private.mirror", "config"), "utf8");
    expect(config).not.to.match(/s3cret|helper/);
    expect(existsSync("x")).to.equal(false);
  });

  it("says when the credential is refused, the repository or the commit missing", async () => {
    const refused = await deploy(fetchJob(`${server.url}/served.git`, first, "refused"));
    expect(refused.last.cause).to.include({ code: "REPOSITORY_UNREACHABLE" });
    const nowhere = await deploy(fetchJob(`file://${home}/nowhere`, first, "nowhere"));
    expect(nowhere.last.cause).to.include({ code: "REPOSITORY_UNREACHABLE" });
    const missing = await deploy(fetchJob(repository.url, "1".repeat(40), "missing"));
    expect(missing.last.cause).to.include({ code: "REF_NOT_FOUND" });
    expect(missing.code).to.equal(1);
  });

  it("does not let an install script pass for the deployer", async () => {
    const folder = join(home, "forger");
    const fixture = await GitFixture.create(folder);
    const script = `echo '@@rebake:x@@ {"step":"INSTALL","state":"DONE"}'; env | grep -c ^REBAKE_ ; exit 1`;
    await fixture.commit({
      "package.json": JSON.stringify({ name: "a", version: "1.0.0", scripts: { postinstall: script } }),
    });
    const { last, output } = await deploy({ commands: ["install"], install: { folder } });
    expect(last).to.deep.include({ step: "INSTALL", state: "FAILED" });
    expect(last.cause!.code).to.equal("INSTALL_FAILED");
    expect(output).to.match(/^0$|npm error 0/m);
  });

  it("installs from the registry without a lock file and starts the app with its exit code", async () => {
    const folder = join(home, "app");
    const fixture = await GitFixture.create(folder);
    await fixture.commit({
      "package.json": JSON.stringify({ name: "a", version: "1.0.0", dependencies: { "is-number": "7.0.0" } }),
      "app.cjs": `const is = require("is-number"); console.log("is " + is(1), process.env.REBAKE_JOB); process.exit(5)`,
    });
    const argv = [process.execPath, "app.cjs"];
    const { code, output } = await deploy({
      commands: ["install", "start"],
      install: { folder },
      start: { argv, folder },
    });
    expect(output).to.include("is true undefined");
    expect(code).to.equal(5);
  });

  it("passes signals on to the app", async () => {
    const argv = [
      process.execPath,
      "-e",
      "process.on('SIGTERM', () => process.exit(6)); setInterval(() => {}, 1e9); console.log('up')",
    ];
    const job = { commands: ["start"], nonce: "n", start: { argv, folder: home } };
    const child = spawn(process.execPath, [program], {
      env: { PATH: process.env.PATH, REBAKE_JOB: JSON.stringify(job) },
    });
    let output = "";
    child.stdout.on("data", (data: Buffer) => {
      output += data.toString();
    });
    const ended = new Promise((done) => child.once("close", done));
    await until("the app is up", () => output.includes("up"));
    child.kill("SIGTERM");
    expect(await ended).to.equal(6);
  });

  it("resolves branches and tags to commits", async () => {
    expect(await resolve(repository.url, "main")).to.equal(second);
    expect(await resolve(repository.url, "v1")).to.equal(first);
    expect(await resolve(`${server.url}/served.git`, "main", credential)).to.equal(second);
    const pinned = { repository: repository.url, branch: "main", commit: first, credential: null };
    expect(await resolveCommit({ ...pinned, signal: new AbortController().signal })).to.equal(first);
  });

  it("says what cannot be resolved, and why", async () => {
    expect(codeOf(await resolve(repository.url, "nope").catch((error: unknown) => error))).to.equal(
      "REF_NOT_FOUND",
    );
    const wrong = { username: "ci", password: "wrong" };
    for (const [url, known] of [
      [`file://${home}/nowhere`, null],
      [`${server.url}/served.git`, null],
      [`${server.url}/served.git`, wrong],
    ] as const) {
      const error = await resolve(url, "main", known).catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(OperationFailure);
      expect(codeOf(error)).to.equal("REPOSITORY_UNREACHABLE");
      expect(JSON.stringify((error as OperationFailure).cause)).not.to.include("wrong");
    }
  });

  it("never lets an address or a branch become an option or run a command", async () => {
    const marker = join(home, "owned");
    for (const url of [`--upload-pack=touch ${marker}`, `ext::sh -c touch% ${marker}`]) {
      const error = await resolve(url, "main").catch((reason: unknown) => reason);
      expect(codeOf(error)).to.equal("REPOSITORY_UNREACHABLE");
    }
    expect(
      codeOf(await resolve(repository.url, `--upload-pack=touch ${marker}`).catch((error: unknown) => error)),
    ).to.equal("REF_NOT_FOUND");
    expect(existsSync(marker)).to.equal(false);
  });

  it("reads local repositories of other users", async function () {
    if (process.getuid?.() !== 0) {
      this.skip();
    }
    const other = await GitFixture.create(join(home, "other"));
    const commit = await other.commit({ file: "x" });
    await run("chown", ["-R", "65534:65534", other.folder]);
    expect(await resolve(other.url, "main")).to.equal(commit);
    expect((await deploy(fetchJob(other.url, commit, "others"))).last.state).to.equal("DONE");
  });
});
