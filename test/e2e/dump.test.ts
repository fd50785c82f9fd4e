import { execFile, execFileSync } from "node:child_process";
import { chmod, chown, mkdir, readdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { secretKey } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";

const app =
  'require("node:http").createServer((_, r) => r.end(process.env.GREETING + process.env.KEY)).listen(process.env.REBAKE_PORT)';
const env = (greeting: string) => [
  { name: "GREETING", kind: "STATIC", value: greeting },
  { name: "KEY", kind: "SECRET" },
];
const spec = {
  command: ["node", "-e", app],
  ports: [{ name: "http", target: 3000 }],
  readiness: { httpGet: { path: "/", port: "http" }, period: 1 },
  rollout: { monitor: 0, drain: 0, deadline: 20 },
};

/** Where the server and the tools of a PostgreSQL of this host are, which Rebake works with; null: there is none. */
async function installed(): Promise<string | null> {
  const versions = await readdir("/usr/lib/postgresql").catch(() => []);
  const [newest] = versions.map(Number).sort((one, other) => other - one);
  return newest !== undefined && newest >= 14 ? `/usr/lib/postgresql/${newest}/bin` : null;
}

/** Who may run PostgreSQL: not root. */
function runner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) {
    return {};
  }
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("a dump of the database", function () {
  this.timeout(120_000);
  const folder = tempFolder();
  let bin: string;
  let port: number;
  const home = () => join(folder.path, "home");
  const data = () => join(folder.path, "postgres", "data");
  const url = (name: string) => `postgres://owner@127.0.0.1:${port}/${name}`;
  /** As the user who may; not as long as a server runs that it has started: that would keep our pipes. */
  const run = (tool: string, ...given: string[]) =>
    promisify(execFile)(join(bin, tool), given, {
      ...runner(),
      cwd: "/",
      env: { PATH: process.env.PATH!, LC_ALL: "C" },
    });

  before(async function () {
    const found = await installed();
    if (found === null) {
      this.skip();
    }
    bin = found;
    port = await freePort();
    await chmod(folder.path, 0o755);
    await mkdir(join(folder.path, "postgres"));
    const { uid, gid } = runner();
    if (uid !== undefined) {
      await chown(join(folder.path, "postgres"), uid, gid!);
    }
    await run("initdb", "-D", data(), "-U", "owner", "--auth=trust", "--encoding=UTF8");
    const options = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
    await run(
      "pg_ctl",
      "-D",
      data(),
      "-w",
      "-l",
      join(folder.path, "postgres", "log"),
      "-o",
      options,
      "start",
    );
  });

  after(async () => {
    await RebakeProcess.endAll();
    if (port !== undefined) {
      await run("pg_ctl", "-D", data(), "-m", "immediate", "stop").catch(() => {});
    }
  });

  const start = (database: string) =>
    RebakeProcess.start(home(), { DATABASE_URL: url(database), REBAKE_SECRET_KEY: secretKey });

  const answers = (rebake: RebakeProcess, expected: string) =>
    eventually(
      async () => {
        const { ports } = await serviceNamed(rebake, "DEV", "app");
        return (await (await fetch(`http://${ports[0].address}/`)).text()) === expected;
      },
      { deadline: 20_000, what: `it answers ${expected}` },
    );

  it("that is taken while the server runs brings everything back in an empty database", async () => {
    const rebake = await start("postgres");
    await rebake.mutate(
      'mutation { p: createEnvironment(input: { code: "DEV", driver: PROCESS }) { errors { message } } }',
    );
    await rebake.mutate(
      'mutation ($spec: RecipeSpecInput!) { p: createRecipe(input: { name: "app", spec: $spec }) { errors { message } } }',
      { spec: { ...spec, env: env("one ") } },
    );
    const inputs = [{ name: "KEY", value: "пароль" }];
    const { service, operation } = await deploy(rebake, {
      environment: "DEV",
      recipe: "app",
      name: "app",
      inputs,
    });
    expect((await verdictOf(rebake, operation)).state).to.equal("SUCCEEDED");
    await rebake.mutate(
      'mutation ($spec: RecipeSpecInput!) { p: bumpRecipe(input: { recipe: "app", spec: $spec }) { errors { message } } }',
      { spec: { env: env("two ") } },
    );
    const dump = join(folder.path, "postgres", "rebake.dump");
    await run("pg_dump", "--format=custom", `--file=${dump}`, url("postgres"));
    // What comes after it is lost.
    expect((await verdictOf(rebake, await rebuild(rebake, service))).state).to.equal("SUCCEEDED");
    await answers(rebake, "two пароль");
    await rebake.end("SIGTERM");

    await run("createdb", `--maintenance-db=${url("postgres")}`, "restored");
    await run("pg_restore", `--dbname=${url("restored")}`, dump);
    const restored = await start("restored");
    await answers(restored, "one пароль");
    const { update, revision } = await serviceNamed(restored, "DEV", "app");
    expect([revision, update.fromRevision, update.toRevision]).to.deep.equal([1, 1, 2]);
    expect((await verdictOf(restored, await rebuild(restored, service))).state).to.equal("SUCCEEDED");
    await answers(restored, "two пароль");
    await restored.end("SIGTERM");
  });
});
