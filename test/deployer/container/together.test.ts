import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { GitFixture } from "../../drivers/git-fixture.js";
import { eventually } from "../../support/eventually.js";
import { tempFolder } from "../../support/temp-folder.js";
import { Container, jobOf } from "./container.js";

/** Counts itself, then waits as long as the file `hold` is there. */
const installer = (folder: string) => `
import { appendFileSync, existsSync } from "node:fs";
appendFileSync(${JSON.stringify(join(folder, "installs"))}, "x");
const look = setInterval(() => existsSync(${JSON.stringify(join(folder, "hold"))}) || clearInterval(look), 50);
`;

describe("containers that share a cache", function () {
  this.timeout(120_000);
  const home = tempFolder();
  const containers: Container[] = [];
  let source: { repository: string; commit: string; path: null };

  before(async () => {
    const repository = await GitFixture.create(join(home.path, "repository"));
    const commit = await repository.commit({
      "package.json": JSON.stringify({
        name: "a",
        version: "1.0.0",
        scripts: { postinstall: "node installer.mjs" },
      }),
      "installer.mjs": installer(home.path),
      "app.mjs": `console.log("up");`,
    });
    source = { repository: repository.url, commit, path: null };
  });
  afterEach(async () => {
    for (const container of containers.splice(0)) {
      container.kill();
      await container.ended();
    }
    await rm(join(home.path, "installs"), { force: true });
    await rm(join(home.path, "hold"), { force: true });
  });

  const open = (cache: string, image = "node:20") => {
    const job = jobOf({ cache: join(home.path, cache), source, image, command: ["node", "app.mjs"] });
    const container = new Container(home.path, job);
    containers.push(container);
    return container;
  };
  const hold = () => writeFile(join(home.path, "hold"), "");
  const release = () => rm(join(home.path, "hold"));
  const installs = async () => (await readFile(join(home.path, "installs"), "utf8").catch(() => "")).length;

  it("prepare once, however many start at the same time", async () => {
    await hold();
    const three = [open("three"), open("three"), open("three")];
    const waits = "FETCH_SOURCE RUNNING (waits for another replica that prepares the same)";
    const waiting = () => three.filter(({ story }) => story.includes(waits)).length === 2;
    await eventually(waiting);
    await eventually(async () => (await installs()) > 0);
    await release();
    for (const container of three) {
      expect(await container.ended(), container.output).to.equal(0);
    }
    expect(await installs()).to.equal(1);
    const details = three.map(({ story }) => story.find((line) => line.startsWith("INSTALL DONE")));
    expect(details.sort()).to.deep.equal([
      "INSTALL DONE (from cache)",
      "INSTALL DONE (from cache)",
      "INSTALL DONE (npm install)",
    ]);
  });

  it("fetch one after the other from one repository", async () => {
    const images = ["a", "b", "c"].map((image) => open("mirror", image));
    for (const container of images) {
      expect(await container.ended(), container.output).to.equal(0);
    }
    const details = images.map(({ story }) => story.find((line) => line.startsWith("FETCH_SOURCE DONE")));
    expect(details.filter((line) => line === "FETCH_SOURCE DONE (already here)")).to.have.length(2);
  });

  it("go on after one that was killed at work, and throw away its half", async () => {
    await hold();
    const killed = open("killed");
    await eventually(async () => (await installs()) === 1);
    const next = open("killed");
    await next.prints("waits for another");
    killed.kill();
    await killed.ended();
    await release();
    await next.prints("up", 20_000);
    expect(await next.ended(), next.output).to.equal(0);
    expect(next.story).to.include("INSTALL DONE (npm install)");
    const [app] = await readdir(join(home.path, "killed", "apps"));
    const names = await readdir(join(home.path, "killed", "apps", app!));
    expect(names.filter((name) => name.startsWith("attempt-"))).to.have.length(1);
    expect(names).not.to.include("lock");
  });

  it("are in no way of one that was frozen, nor is it in theirs", async () => {
    await hold();
    const frozen = open("frozen");
    await eventually(async () => (await installs()) === 1);
    process.kill(-frozen.pid, "SIGSTOP");
    const next = open("frozen");
    await eventually(async () => (await installs()) === 2, { deadline: 25_000 });
    process.kill(-frozen.pid, "SIGCONT");
    await eventually(() =>
      frozen.story.includes("INSTALL RUNNING (waits for another replica that prepares the same)"),
    );
    await release();
    for (const container of [next, frozen]) {
      expect(await container.ended(), container.output).to.equal(0);
    }
    expect(await installs()).to.equal(2);
    expect(frozen.story).to.include("INSTALL DONE (from cache)");
  });

  it("leave the work to the others at once when they are stopped", async () => {
    await hold();
    const stopped = open("stopped");
    await eventually(async () => (await installs()) === 1);
    const next = open("stopped");
    await next.prints("waits for another");
    stopped.signal("SIGTERM");
    expect(await stopped.ended()).to.equal(143);
    expect(stopped.reports.filter(({ state }) => state === "FAILED")).to.deep.equal([]);
    stopped.kill();
    await eventually(async () => (await installs()) === 2, { deadline: 5000 });
    next.signal("SIGTERM");
    expect(await next.ended()).to.equal(143);
    await release();
    expect(existsSync(join(home.path, "hold"))).to.equal(false);
  });
});
