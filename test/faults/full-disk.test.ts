import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, rm, stat, statfs, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/storage/embedded-postgres.js";
import { Fleet } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild } from "../support/operations.js";
import type { RebakeProcess } from "../support/rebake-process.js";
import { silent } from "../support/silent.js";
import { makeTempFolder } from "../support/temp-folder.js";

const megabyte = 1024 * 1024;

/** Mounts a small file system; false where this user may not. */
function mountSmall(folder: string, megabytes: number): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const say = "/readyz says it";

describe("a database whose disk is full", function () {
  this.timeout(180_000);
  let folder: string;
  const mounts: string[] = [];
  let postgres: EmbeddedPostgres | null = null;
  let fleet: Fleet;
  let server: RebakeProcess;

  /** A small disk that its owner, PostgreSQL's user, may write to. */
  async function smallDisk(name: string, megabytes: number): Promise<string> {
    const disk = join(folder, name);
    await mkdir(disk);
    if (mountSmall(disk, megabytes)) {
      mounts.push(disk);
    }
    await chmod(disk, 0o755);
    return disk;
  }

  before(async function () {
    folder = await makeTempFolder();
    const disk = await smallDisk("disk", 300);
    if (mounts.length === 0) {
      this.skip();
    }
    postgres = await startEmbeddedPostgres({ home: disk, log: silent });
    fleet = await Fleet.open(postgres, { REBAKE_LEASE_SECONDS: "2" });
    server = await fleet.start();
    for (const mutation of [
      'createRecipe(input: { name: "shop", spec: {} })',
      'createRecipe(input: { name: "slow", spec: { env: [{ name: "START_MS", kind: STATIC, value: "300" }] } })',
      'createEnvironment(input: { code: "PROD", driver: SWARM, swarm: { host: "unix:///engine" } })',
    ]) {
      await server.mutate(`mutation { p: ${mutation} { errors { message } } }`);
    }
  });

  after(async () => {
    await fleet?.close();
    await postgres?.stop();
    for (const disk of mounts) {
      execFileSync("umount", ["-l", disk]);
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  });

  /** Leaves so much of a disk free; the returned function frees the rest. */
  async function fill(disk: string, rest: number): Promise<() => Promise<void>> {
    const { bavail, bsize } = await statfs(disk);
    const filler = join(disk, "filler");
    await writeFile(filler, Buffer.alloc(Math.max(0, bavail * bsize - rest))).catch((error) => {
      // PostgreSQL has taken some of it meanwhile: it is full all the same.
      expect(error).to.have.property("code", "ENOSPC");
    });
    return () => truncate(filler, 0);
  }

  let bumps = 0;
  /** A change that needs space: a spec that nothing compresses much. */
  async function bump(): Promise<string | null> {
    const noise = Array.from({ length: 6_000 }, () => Math.random().toString(36)).join("");
    try {
      await server.mutate(
        'mutation ($spec: RecipeSpecInput!) { p: bumpRecipe(input: { recipe: "shop", spec: $spec }) { errors { message } } }',
        { spec: { env: [{ name: `V${++bumps % 2}`, kind: "STATIC", value: noise.slice(0, 60_000) }] } },
      );
      return null;
    } catch (error) {
      return (error as Error).message;
    }
  }

  const checks = async () =>
    ((await (await fetch(`${server.url}/readyz`)).json()) as { checks: Record<string, string> }).checks;

  async function allWell(): Promise<void> {
    const what = "changes are taken again";
    await eventually(async () => (await bump()) === null, { deadline: 60_000, what });
    await eventually(async () => (await fetch(`${server.url}/readyz`)).ok, { deadline: 45_000 });
    const [row] = await fleet.sql<{ revisions: number; current: number }>(
      `select (select count(*)::int from recipe_revision where recipe_id = recipe.id) as revisions,
         current_revision as current from recipe where name = 'shop'`,
    );
    expect(row!.revisions).to.equal(row!.current);
  }

  it("refuses changes with a reason, says so, and takes them again once there is space", async () => {
    const makeRoom = await fill(mounts[0]!, 2 * megabyte);
    const refused = await eventually(bump, { deadline: 60_000, what: "a change is refused" });
    // Where not even its own journal can be written, PostgreSQL ends and starts again and again.
    expect(refused).to.match(/^The database (has no disk space left|cannot be reached now)/);
    const says = async () => /disk full|unreachable/.test(JSON.stringify(await checks()));
    await eventually(says, { deadline: 30_000, what: say });
    expect(server.child.exitCode).to.equal(null);
    await makeRoom();
    await allWell();
  });

  it("where only its tables find no more space, says just that, goes on reading, and ends what was under way after it", async () => {
    const disk = await smallDisk("tables", 24);
    const { uid, gid } = await stat(postgres!.folder);
    await mkdir(join(disk, "space"));
    await chown(join(disk, "space"), uid, gid);
    await fleet.sql(`create tablespace small location '${join(disk, "space")}'`);
    for (const table of ["event", "recipe_revision"]) {
      await fleet.sql(`alter table ${table} set tablespace small`);
    }
    const deployed = await deploy(server, { environment: "PROD", recipe: "slow", name: "slow", replicas: 2 });
    await fleet.ended(deployed.operation);
    fleet.engine.service("slow")!.mark();
    const operation = await rebuild(server, deployed.service);
    await fleet.workingOn(operation);
    const makeRoom = await fill(disk, 0);
    const refused = await eventually(bump, { deadline: 60_000, what: "a change is refused" });
    expect(refused).to.contain("The database has no disk space left");
    await eventually(async () => (await checks()).writes === "disk full", { deadline: 30_000, what: say });
    expect((await checks()).database).to.equal("ok");
    expect((await server.graphql("{ services { totalCount } }")).services.totalCount).to.equal(1);
    await makeRoom();
    await allWell();
    expect((await fleet.ended(operation)).state).to.equal("UNPROVEN");
    expect(fleet.changesOf(operation).filter(({ status }) => status === 202)).to.have.length(1);
    expect(fleet.engine.service("slow")!.leastReady).to.equal(2);
  });
});
