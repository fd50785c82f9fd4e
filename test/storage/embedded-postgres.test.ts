import { fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import pg from "pg";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/storage/embedded-postgres.js";
import { findPostmaster } from "../../src/storage/postmaster.js";
import { eventually } from "../support/eventually.js";
import { silent } from "../support/silent.js";
import { tempFolder } from "../support/temp-folder.js";

const isRoot = process.getuid?.() === 0;

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client.query(sql).then(
    ({ rows }) => client.end().then(() => rows),
    (error) => client.end().then(() => Promise.reject(error)),
  );
}

describe("embedded PostgreSQL", function () {
  this.timeout(120_000);
  const folder = tempFolder();
  const running: EmbeddedPostgres[] = [];
  const start = async (home: string) => {
    const started = await startEmbeddedPostgres({ home, log: silent, unsafeFast: true });
    running.push(started);
    return started;
  };

  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.stop()));
  });

  it("keeps data and password over a stop and a start", async () => {
    const home = join(folder.path, "kept");
    const first = await start(home);
    await query(first.url, "create table t as select 'ÄÖ' as text");
    await first.stop();
    expect(await findPostmaster(first.folder)).to.equal(null);
    const second = await start(home);
    expect(await query(second.url, "select lower(text) as text from t")).to.deep.equal([{ text: "äö" }]);
    expect(new URL(second.url).password).to.equal(new URL(first.url).password);
  });

  it("lets nobody in without the password, and nobody else read it", async () => {
    const { url, folder: data } = await start(join(folder.path, "kept"));
    const error = await query(url.replace(/:[^:@]*@/, ":wrong@"), "select 1").catch((error) => error);
    expect(error.message).to.include("password authentication failed");
    expect((await stat(data)).mode & 0o077).to.equal(0);
    expect((await stat(join(data, "rebake.password"))).mode & 0o077).to.equal(0);
  });

  it("takes over what a hard-killed server left running", async () => {
    const home = join(folder.path, "killed");
    const server = fork(new URL("../support/run-postgres.js", import.meta.url), [home]);
    const [{ url, folder: data }] = (await once(server, "message")) as [EmbeddedPostgres];
    await query(url, "create table t as select 1 as one");
    server.kill("SIGKILL");
    await once(server, "exit");
    const left = await findPostmaster(data);
    const again = await start(home);
    expect((await findPostmaster(again.folder))?.pid).to.equal(left!.pid);
    expect(await query(again.url, "select one from t")).to.deep.equal([{ one: 1 }]);
  });

  it("starts it again in the same place when it was killed under the server", async () => {
    const { url, folder: data } = await start(join(folder.path, "revived"));
    await query(url, "create table t as select 1 as one");
    const { pid } = (await findPostmaster(data))!;
    process.kill(pid, "SIGKILL");
    const rows = await eventually(
      async () => ((await findPostmaster(data))?.pid !== pid ? query(url, "select one from t") : null),
      {
        deadline: 20_000,
      },
    );
    expect(rows).to.deep.equal([{ one: 1 }]);
  });

  it("recovers when PostgreSQL was killed as well", async () => {
    const home = join(folder.path, "killed");
    const { folder: data, url } = await start(home);
    await query(url, "insert into t values (2)");
    process.kill((await findPostmaster(data))!.pid, "SIGKILL");
    await eventually(async () => (await findPostmaster(data)) === null);
    const again = await start(home);
    expect(await query(again.url, "select count(*)::int as n from t")).to.deep.equal([{ n: 2 }]);
  });

  it("starts over when making the data folder was interrupted", async () => {
    const home = join(folder.path, "interrupted");
    await mkdir(join(home, "postgres-unfinished-abc"), { recursive: true });
    const { url } = await start(home);
    expect(await query(url, "select 1 as one")).to.deep.equal([{ one: 1 }]);
    expect((await readdir(home)).sort()).to.deep.equal(["postgres", "postgres.log"]);
  });

  it("ends with what PostgreSQL said when it does not start", async () => {
    const home = join(folder.path, "broken");
    const { folder: data, stop } = await start(home);
    await stop();
    await writeFile(join(data, "postgresql.conf"), "no_such_setting = 1\n");
    const error = await start(home).catch((error) => error);
    expect(error).to.have.property("code", "DATABASE_FAILED");
    expect(error.message).to.include("no_such_setting").and.to.include("DATABASE_URL");
  });

  (isRoot ? it : it.skip)(
    "as root, puts its data where its user can get when the home is private",
    async () => {
      const home = join(folder.path, "private", "home");
      await mkdir(home, { recursive: true });
      await chmod(join(folder.path, "private"), 0o700);
      const first = await start(home);
      expect(first.folder).not.to.include(home);
      await query(first.url, "create table t as select 1 as one");
      await first.stop();
      const second = await start(home);
      expect(second.folder).to.equal(first.folder);
      expect(await query(second.url, "select one from t")).to.deep.equal([{ one: 1 }]);
      await second.stop();
      await rm(join(second.folder, ".."), { recursive: true });
    },
  );
});
