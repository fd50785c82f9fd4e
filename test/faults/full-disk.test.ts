import { execFileSync } from "node:child_process";
import { chmod, mkdir, rm, statfs, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { type EmbeddedPostgres, startEmbeddedPostgres } from "../../src/storage/embedded-postgres.js";
import { Fleet } from "../support/engine/fleet.js";
import { eventually } from "../support/eventually.js";
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

describe("a database whose disk is full", function () {
  this.timeout(180_000);
  let folder: string;
  let disk: string;
  let mounted = false;
  let postgres: EmbeddedPostgres | null = null;
  let fleet: Fleet;
  let server: RebakeProcess;

  before(async function () {
    folder = await makeTempFolder();
    disk = join(folder, "disk");
    await mkdir(disk);
    mounted = mountSmall(disk, 300);
    if (!mounted) {
      this.skip();
    }
    await chmod(disk, 0o755);
    postgres = await startEmbeddedPostgres({ home: disk, log: silent });
    fleet = await Fleet.open(postgres);
    server = await fleet.start();
    await server.mutate(
      'mutation { p: createRecipe(input: { name: "shop", spec: {} }) { errors { message } } }',
    );
  });

  after(async () => {
    await fleet?.close();
    await postgres?.stop();
    if (mounted) {
      execFileSync("umount", ["-l", disk]);
    }
    await rm(folder, { recursive: true, force: true });
  });

  async function freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(disk);
    return bavail * bsize;
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

  it("refuses changes with a reason, says so, and takes them again once there is space", async () => {
    const filler = join(disk, "filler");
    await writeFile(filler, Buffer.alloc(Math.max(0, (await freeBytes()) - 2 * megabyte)));
    const refused = await eventually(bump, { deadline: 60_000, what: "a change is refused" });
    expect(refused).to.match(/^The database (has no disk space left|cannot be reached now)/);
    await eventually(async () => /disk full|unreachable/.test(JSON.stringify(await checks())), {
      deadline: 30_000,
      what: "/readyz says it",
    });
    expect(server.child.exitCode).to.equal(null);
    await truncate(filler, 0);
    await eventually(async () => (await bump()) === null, {
      deadline: 60_000,
      what: "changes are taken again",
    });
    await eventually(async () => (await fetch(`${server.url}/readyz`)).ok, { deadline: 45_000 });
    const [row] = await fleet.sql<{ revisions: number; current: number }>(
      "select (select count(*)::int from recipe_revision) as revisions, current_revision as current from recipe",
    );
    expect(row!.revisions).to.equal(row!.current);
  });
});
