import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { ContainerJob } from "../../../src/deployer/container/job.js";
import { eventually } from "../../support/eventually.js";
import { environmentOf } from "../../support/processes.js";
import { tempFolder } from "../../support/temp-folder.js";
import { Container, jobOf } from "./container.js";

/** Serves until SIGTERM, then exits with 6; SIGHUP is printed. */
const server = `
const server = require("http").createServer((request, response) => response.end("served"));
process.on("SIGTERM", () => { console.log("got SIGTERM"); process.exit(6); });
process.on("SIGHUP", () => console.log("got SIGHUP"));
server.listen(0, "127.0.0.1", () => console.log("app", process.pid, "on port", server.address().port, "!"));
`;

describe("starting an app in a container", function () {
  this.timeout(120_000);
  const home = tempFolder();
  const containers: Container[] = [];
  afterEach(async () => {
    for (const container of containers.splice(0)) {
      container.kill();
      await container.ended();
    }
  });

  const open = (job: Partial<ContainerJob>, env: NodeJS.ProcessEnv = {}) => {
    const container = new Container(home.path, jobOf({ cache: join(home.path, "cache"), ...job }), { env });
    containers.push(container);
    return container;
  };
  const node = (script: string) => ["node", "-e", script];
  const run = async (job: Partial<ContainerJob>, env: NodeJS.ProcessEnv = {}) => {
    const container = open(job, env);
    const code = await container.ended();
    return { code, output: container.output, container };
  };
  const opened = async (job: Partial<ContainerJob>) => {
    const container = open({ command: node(server), ...job });
    await container.prints("!");
    const [, pid, port] = /app (\d+) on port (\d+)/.exec(container.output)!;
    return { container, pid: Number(pid), url: `http://127.0.0.1:${port}` };
  };

  it("returns the app's exit code, or what a shell makes of its signal", async () => {
    const { code, output, container } = await run({ command: node("console.log('hi'); process.exit(5)") });
    expect([code, container.story, output.includes("hi")]).to.deep.equal([5, ["START RUNNING"], true]);
    const killed = await run({ command: node("process.kill(process.pid, 'SIGKILL')") });
    expect(killed.code).to.equal(137);
  });

  it("passes signals on at once, and the first SIGTERM when there is nothing to wait for", async () => {
    const { container } = await opened({});
    container.signal("SIGHUP");
    await container.prints("got SIGHUP");
    container.signal("SIGTERM");
    expect(await container.ended()).to.equal(6);
  });

  it("holds SIGTERM back while the app serves on", async () => {
    const { container, url } = await opened({ holdSeconds: 1.5 });
    const stopped = Date.now();
    container.signal("SIGTERM");
    let served = 0;
    await eventually(async () => {
      const answer = await fetch(url, { headers: { connection: "close" } }).catch(() => null);
      served += answer?.ok ? 1 : 0;
      return container.output.includes("got SIGTERM");
    });
    expect(await container.ended()).to.equal(6);
    expect(Date.now() - stopped).to.be.greaterThan(1400);
    expect(served).to.be.greaterThan(3);
  });

  it("passes a second SIGTERM on at once", async () => {
    const { container, url } = await opened({ holdSeconds: 60 });
    container.signal("SIGTERM");
    expect(await (await fetch(url, { headers: { connection: "close" } })).text()).to.equal("served");
    expect(container.output).not.to.include("got SIGTERM");
    container.signal("SIGTERM");
    expect(await container.ended()).to.equal(6);
  });

  it("ends with an app that ends while SIGTERM is held back", async () => {
    const { container, pid } = await opened({ holdSeconds: 60 });
    container.signal("SIGTERM");
    process.kill(pid, "SIGKILL");
    expect(await container.ended()).to.equal(137);
  });

  it("lets an app end in its own time that a shell of npm does not pass signals on to", async () => {
    const folder = join(home.path, "npm");
    await mkdir(folder);
    await writeFile(
      join(folder, "server.cjs"),
      `let got = 0;
      process.on("SIGTERM", () => setTimeout(() => { console.log("ends after", ++got, "SIGTERM"); process.exit(); }, 300));
      setInterval(() => {}, 1e9);
      console.log("up");`,
    );
    const scripts = { start: "node server.cjs; true", dev: "exec node server.cjs" };
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "a", version: "1.0.0", scripts }));
    for (const command of [null, ["npm", "run", "dev"]]) {
      const container = open({ command, workingDir: folder });
      await container.prints("up\n");
      container.signal("SIGTERM");
      await container.ended();
      expect(container.output).to.include("ends after 1 SIGTERM");
    }
  });

  it("gives the app its secrets exactly, and nothing of the job", async () => {
    const value = "  first=line\nsecond line = $HOME 'ü'\n";
    const file = join(home.path, "secret");
    await writeFile(file, value);
    const { container, pid } = await opened({ secretEnv: { TOKEN: file } });
    const environment = environmentOf(pid).split("\0");
    expect(environment).to.include(`TOKEN=${value}`);
    expect(environment.filter((line) => line.startsWith("REBAKE_"))).to.deep.equal([]);
    for (const each of [pid, container.pid]) {
      expect(await readFile(`/proc/${each}/cmdline`, "utf8")).not.to.include("second line");
    }
    expect(container.output).not.to.include("second line");
    expect(environmentOf(container.pid)).not.to.include("second line");
  });

  it("says that a secret's file is not there", async () => {
    const { code, container } = await run({ command: ["node", "-v"], secretEnv: { TOKEN: "/nowhere" } });
    expect(code).to.equal(1);
    expect(container.reports.at(-1)!.cause!.message).to.equal(
      "The value of TOKEN cannot be read in the container (ENOENT, /nowhere).",
    );
  });

  it("starts in the folder it is told", async () => {
    await mkdir(join(home.path, "sub"));
    const command = node("console.log('in ' + process.cwd() + ' ' + process.env.GIVEN)");
    expect((await run({ command }, { GIVEN: "yes" })).output).to.include(`in ${home.path} yes`);
    expect((await run({ command, workingDir: "sub" })).output).to.include(`in ${home.path}/sub`);
    expect((await run({ command, workingDir: "/" })).output).to.include("in / ");
    const { code, container } = await run({ command, workingDir: "nope" });
    expect(code).to.equal(1);
    expect(container.reports.at(-1)!.cause).to.include({ code: "COMMAND_NOT_FOUND" });
    expect(container.reports.at(-1)!.cause!.message).to.include(`${home.path}/nope does not exist`);
  });

  it("says that the app's program, or npm, is not in the image", async () => {
    const { code, container } = await run({ command: ["no-such-program"] });
    expect(code).to.equal(1);
    expect(container.story).to.deep.equal(["START RUNNING", "START FAILED"]);
    expect(container.reports.at(-1)!.cause).to.include({
      code: "COMMAND_NOT_FOUND",
      message:
        "no-such-program cannot be executed (ENOENT) in the container: check the command, or use an image that has it.",
    });
    const file = join(home.path, "file");
    await writeFile(file, "", { mode: 0o644 });
    expect((await run({ command: [file] })).container.reports.at(-1)!.cause!.message).to.equal(
      `${file} may not be executed in the container: check the command, or use an image that has it.`,
    );
    const npm = await run({ command: null }, { PATH: home.path });
    expect(npm.container.reports.at(-1)!.cause!.message).to.include(
      "use an image that has node, npm and git",
    );
  });
});
