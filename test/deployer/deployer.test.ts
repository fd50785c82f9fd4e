import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { type DeployerFailure, fetchSource, gitEnvironment } from "../../src/deployer/deployer.js";
import { resolveCommit } from "../../src/deployer/resolve-commit.js";
import { toolEnvironment } from "../../src/deployer/tool-environment.js";
import { OperationFailure } from "../../src/errors.js";
import { GitFixture } from "../drivers/git-fixture.js";
import { GitServer } from "./git-server.js";
import { quietTools } from "./quiet-tools.js";

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
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
  });

  const env = toolEnvironment(process.env);
  const fetch = (
    repositoryUrl: string,
    commit: string,
    name: string,
    known: typeof credential | null = null,
  ) =>
    fetchSource(
      { repository: repositoryUrl, commit, mirror: join(home, `${name}.mirror`), into: join(home, name) },
      gitEnvironment(env, repositoryUrl, known),
      quietTools,
    );
  /** What it failed of. */
  const failureOf = (work: Promise<unknown>) =>
    work.then(
      () => expect.fail("it succeeded"),
      (error: unknown) => (error as DeployerFailure).found,
    );
  const resolve = (url: string, branch: string, known: typeof credential | null = null) =>
    resolveCommit({
      repository: url,
      branch,
      commit: null,
      credential: known,
      signal: new AbortController().signal,
    });
  const codeOf = (error: unknown) => (error as OperationFailure).cause.code;

  it("fetches exactly the pinned commit, and from its mirror the next time", async () => {
    expect(await fetch(repository.url, first, "pinned")).to.equal("fetched");
    expect(await readFile(join(home, "pinned", "a/file.txt"), "utf8")).to.equal("one");
    expect(existsSync(join(home, "pinned", ".git"))).to.equal(false);
    await rm(join(home, "pinned"), { recursive: true });
    expect(await fetch(repository.url, first, "pinned")).to.equal("already here");
  });

  it("recovers from a mirror that a killed git has left locked", async () => {
    await fetch(repository.url, first, "locked");
    await writeFile(join(home, "locked.mirror", "shallow.lock"), "");
    expect(await fetch(repository.url, second, "locked")).to.equal("fetched");
  });

  it("fetches from a server that hands out branches only, with a credential that only git sees", async () => {
    await fetch(`${server.url}/served.git`, first, "private", credential);
    expect(await readFile(join(home, "private", "a/file.txt"), "utf8")).to.equal("one");
    expect(server.requests[0]!.authorization).to.equal(undefined);
    const config = await readFile(join(home, "private.mirror", "config"), "utf8");
    expect(config).not.to.match(/s3cret|helper/);
    expect(existsSync("x")).to.equal(false);
  });

  it("says when the credential is refused, the repository or the commit missing", async () => {
    const refused = await failureOf(fetch(`${server.url}/served.git`, first, "refused"));
    expect(refused).to.include({ code: "REPOSITORY_UNREACHABLE" });
    const nowhere = await failureOf(fetch(`file://${home}/nowhere`, first, "nowhere"));
    expect(nowhere).to.include({ code: "REPOSITORY_UNREACHABLE" });
    const missing = await failureOf(fetch(repository.url, "1".repeat(40), "missing"));
    expect(missing).to.include({ code: "REF_NOT_FOUND" });
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
    expect(await fetch(other.url, commit, "others")).to.equal("fetched");
  });
});
