import { existsSync, statSync } from "node:fs";
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { ContainerJob } from "../../../src/deployer/container/job.js";
import { GitFixture, packageWithWs } from "../../drivers/git-fixture.js";
import { makeTempFolder, tempFolder } from "../../support/temp-folder.js";
import { GitServer } from "../git-server.js";
import { Container, type ContainerOptions, jobOf, pathWith } from "./container.js";

const withoutTools = { PATH: "" };

describe("preparing an app in a container", function () {
  this.timeout(120_000);
  const home = tempFolder();
  let repository: GitFixture;
  let commit: string;
  let cache: string;

  before(async () => {
    withoutTools.PATH = pathWith(join(home.path, "bin"), {});
    repository = await GitFixture.create(join(home.path, "repository"));
    commit = await repository.commit({
      ...(await packageWithWs()),
      "server.mjs": `import "ws"; console.log("up in", process.cwd(), process.argv.slice(2).join());`,
      "plain/app.mjs": `console.log("plain, " + process.version);`,
    });
  });
  beforeEach(() => {
    cache = join(home.path, `cache-${Math.random()}`);
  });

  const run = async (job: Partial<ContainerJob>, options: ContainerOptions = {}) => {
    const source = { repository: repository.url, commit, path: null };
    const container = new Container(home.path, jobOf({ cache, source, ...job }), options);
    const code = await container.ended();
    return { container, code, output: container.output, story: container.story };
  };
  const command = ["node", "server.mjs"];

  it("fetches, installs by the lock file and starts `npm start` with the arguments", async () => {
    const { code, output, story } = await run({ args: ["--a", "b"] });
    expect(code, output).to.equal(0);
    expect(story).to.deep.equal([
      "FETCH_SOURCE RUNNING",
      "FETCH_SOURCE DONE (fetched)",
      "INSTALL RUNNING",
      "INSTALL DONE (npm ci)",
      "START RUNNING",
    ]);
    expect(output).to.match(/up in .*\/app --a,b/);
    expect(await readdir(cache)).to.include.members(["apps", "mirrors", "npm"]);
  });

  it("needs neither git nor npm, nor the repository, when all of it is there", async () => {
    await run({ commands: ["prepare"] });
    await rename(repository.folder, `${repository.folder}.away`);
    const { code, output, story } = await run({ command }, { env: withoutTools });
    await rename(`${repository.folder}.away`, repository.folder);
    expect(code, output).to.equal(0);
    expect(story).to.deep.equal([
      "FETCH_SOURCE RUNNING",
      "FETCH_SOURCE DONE (from cache)",
      "INSTALL RUNNING",
      "INSTALL DONE (from cache)",
      "START RUNNING",
    ]);
  });

  it("starts what an init container with another Node has prepared", async () => {
    const prepared = await run({ commands: ["prepare"] });
    expect([prepared.code, prepared.story.at(-1)]).to.deep.equal([0, "INSTALL DONE (npm ci)"]);
    const [app] = await readdir(join(cache, "apps"));
    await rename(join(cache, "apps", app!), join(cache, "apps", app!.replace(process.version, "v99.0.0")));
    const { code, output, story } = await run({ commands: ["start"], command }, { env: withoutTools });
    expect(code, output).to.equal(0);
    expect(story).to.deep.equal(["START RUNNING"]);
  });

  it("says that nothing was prepared", async () => {
    const { code, container } = await run({ commands: ["start"], command });
    expect(code).to.equal(1);
    expect(container.reports.at(-1)).to.deep.include({ step: "START", state: "FAILED" });
    expect(container.reports.at(-1)!.cause!.message).to.equal(
      `The app is not in ${cache}: it was not prepared, or not there.`,
    );
  });

  it("prepares anew for another commit, path or image, with the repository it has", async () => {
    await run({ commands: ["prepare"] });
    expect((await run({ commands: ["prepare"], image: "node:22" })).story).to.include(
      "FETCH_SOURCE DONE (already here)",
    );
    const source = { repository: repository.url, commit, path: "plain" };
    const { code, story, output } = await run({ source, command: ["node", "app.mjs"] });
    expect(code, output).to.equal(0);
    expect(story.slice(1)).to.deep.equal([
      "FETCH_SOURCE DONE (already here)",
      "INSTALL RUNNING",
      "INSTALL SKIPPED",
      "START RUNNING",
    ]);
    expect(await readdir(join(cache, "apps"))).to.have.length(3);
    expect(await readdir(join(cache, "mirrors"))).to.have.length(1);
  });

  it("throws away what somebody who was killed has left half done", async () => {
    await run({ commands: ["prepare"] });
    const [app] = await readdir(join(cache, "apps"));
    const folder = join(cache, "apps", app!);
    await rm(join(folder, "complete"));
    await mkdir(join(folder, "attempt-dead", "app"), { recursive: true });
    expect((await run({ command })).story).to.include("INSTALL DONE (npm ci)");
    const attempts = (await readdir(folder)).filter((name) => name.startsWith("attempt-"));
    expect(attempts).to.have.length(1);
    // A link whose files are gone counts as nothing.
    await rm(join(folder, attempts[0]!), { recursive: true });
    expect((await run({ command })).code).to.equal(0);
  });

  it("removes apps and mirrors that are not in use for long, but for the newest three", async () => {
    await run({ commands: ["prepare"] });
    const age = async (folder: string, minutes: number) => {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "used"), "");
      const then = new Date(Date.now() - minutes * 60_000);
      await utimes(join(folder, "used"), then, then);
    };
    for (const [name, minutes] of [
      ["in-use", 9],
      ["also-in-use", 8],
      ["old", 11],
      ["older", 60],
    ] as const) {
      await age(join(cache, "apps", name), minutes);
      await age(join(cache, "mirrors", name), minutes);
    }
    await age(join(cache, "apps", "locked"), 90);
    await mkdir(join(cache, "apps", "locked", "lock"));
    await writeFile(join(cache, "apps", "locked", "lock", "somebody"), "");
    await mkdir(join(cache, "apps", ".gone-half"));
    await run({ commands: ["prepare"], image: "node:22" });
    const apps = await readdir(join(cache, "apps"));
    expect(apps).to.include.members(["in-use", "also-in-use", "locked"]);
    expect(apps, "without the old ones and what was half gone").to.have.length(5);
    expect(await readdir(join(cache, "mirrors"))).to.include.members(["in-use", "also-in-use"]);
    expect(await readdir(join(cache, "mirrors"))).to.have.length(3);
  });

  it("marks an app as in use when it starts", async () => {
    await run({ commands: ["prepare"] });
    const [app] = await readdir(join(cache, "apps"));
    const used = join(cache, "apps", app!, "used");
    await utimes(used, 1, 1);
    await run({ command });
    expect(statSync(used).mtimeMs).to.be.greaterThan(Date.now() - 60_000);
  });

  it("takes a temporary folder when the cache cannot be written", async () => {
    const isRoot = process.getuid?.() === 0;
    const own = await makeTempFolder();
    try {
      // Node may be where only its owner gets.
      const node = join(own, "node");
      await copyFile(process.execPath, node);
      if (isRoot) {
        await chown(own, 65_534, 65_534);
      }
      const readOnly = join(home.path, "read-only");
      await mkdir(readOnly, { mode: 0o555 });
      // As in images that run as somebody who has no home of his own.
      const env = { TMPDIR: own, HOME: isRoot ? "/root" : own, PATH: `${own}:${process.env.PATH}` };
      const options = { env, node, ...(isRoot ? { uid: 65_534 } : {}) };
      const { code, output, story } = await run({ cache: readOnly, command }, options);
      expect(code, output).to.equal(0);
      expect(story[1]).to.equal(
        `FETCH_SOURCE DONE (fetched; ${readOnly} cannot be written (EACCES): kept in ${own}/rebake, only as long as the container)`,
      );
      expect((await run({ cache: readOnly, command }, options)).story[1]).to.equal(
        "FETCH_SOURCE DONE (from cache)",
      );
      await chmod(readOnly, 0o755);
    } finally {
      await rm(own, { recursive: true });
    }
  });

  it("hands the git credential to git alone", async () => {
    const password = "s3cret pässword'\"$(touch x)";
    const served = join(home.path, "served.git");
    await repository.git("clone", "--quiet", "--bare", ".", served);
    await repository.git(`--git-dir=${served}`, "update-server-info");
    const server = await GitServer.open(home.path, "ci", password);
    try {
      const file = join(home.path, "credential.json");
      await writeFile(file, JSON.stringify({ username: "ci", password }));
      const source = { repository: `${server.url}/served.git`, commit, path: null };
      const job = { source, gitCredentialFile: file };
      const show = ["node", "-p", "JSON.stringify(process.env)"];
      const { code, output } = await run({ ...job, command: show });
      expect(code, output).to.equal(0);
      expect(output).not.to.include("s3cret");
      expect(output).not.to.match(/REBAKE_JOB|REBAKE_GIT/);
      // It is read for fetching only.
      await rm(file);
      expect((await run({ ...job, command: show })).code).to.equal(0);
      const { container } = await run({ ...job, image: "node:22" });
      expect(container.reports.at(-1)!.cause!.message).to.equal(
        `The git credential in ${file} cannot be read (ENOENT).`,
      );
    } finally {
      server.close();
    }
    const files = await readdir(cache, { recursive: true, withFileTypes: true });
    for (const each of files.filter((entry) => entry.isFile() && entry.name === "config")) {
      expect(await readFile(join(each.parentPath, each.name), "utf8")).not.to.match(/s3cret|helper/);
    }
  });

  it("says that the image lacks git or npm", async () => {
    const { container, code } = await run({}, { env: withoutTools });
    expect(code).to.equal(1);
    expect(container.reports.at(-1)).to.deep.equal({
      step: "FETCH_SOURCE",
      state: "FAILED",
      cause: {
        code: "COMMAND_NOT_FOUND",
        message: "git cannot be executed (ENOENT) in the container: use an image that has node, npm and git.",
        exitCode: null,
        lastLines: [],
      },
    });
    const git = process.env
      .PATH!.split(":")
      .map((folder) => join(folder, "git"))
      .find(existsSync)!;
    const PATH = pathWith(join(home.path, "with-git"), { git });
    const withGit = await run({}, { env: { PATH } });
    expect(withGit.container.reports.at(-1)).to.deep.include({ step: "INSTALL", state: "FAILED" });
    expect(withGit.container.reports.at(-1)!.cause!.message).to.equal(
      "npm cannot be executed (ENOENT) in the container: use an image that has node, npm and git.",
    );
  });

  it("shows the last lines of an install that fails, and tries again the next time", async () => {
    const broken = await GitFixture.create(join(home.path, "broken"));
    const marker = join(home.path, "mended");
    const script = `echo '@@rebake:x@@ {"step":"INSTALL","state":"DONE"}'; env | grep -c ^REBAKE_; test -e ${marker}`;
    const source = {
      repository: broken.url,
      commit: await broken.commit({
        "package.json": JSON.stringify({ name: "a", version: "1.0.0", scripts: { postinstall: script } }),
      }),
      path: null,
    };
    const { code, container, output } = await run({ source, command: ["node", "-v"] });
    expect(code).to.equal(1);
    const last = container.reports.at(-1)!;
    expect(last).to.deep.include({ step: "INSTALL", state: "FAILED" });
    expect(last.cause).to.include({ code: "INSTALL_FAILED", exitCode: 1 });
    expect(last.cause!.lastLines.join("\n")).to.include("postinstall");
    expect(output).to.match(/^0$|npm error 0/m);
    await symlink(home.path, marker);
    expect((await run({ source, command: ["node", "-v"] })).code).to.equal(0);
  });

  it("says where the source lacks what is asked for", async () => {
    const { container } = await run({ source: { repository: repository.url, commit, path: "nope" } });
    expect(container.reports.at(-1)!.cause).to.include({
      code: "PACKAGE_JSON_MISSING",
      message: "The source has no folder nope: check source.path.",
    });
    const plain = await run({ source: { repository: repository.url, commit, path: "plain" } });
    expect(plain.container.reports.at(-1)).to.deep.include({ step: "INSTALL", state: "FAILED" });
    expect(plain.container.reports.at(-1)!.cause!.code).to.equal("PACKAGE_JSON_MISSING");
    const source = { repository: repository.url, commit: "1".repeat(40), path: null };
    const missing = await run({ source });
    expect(missing.container.reports.at(-1)!.cause!.code).to.equal("REF_NOT_FOUND");
  });
});
