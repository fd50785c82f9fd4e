import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { canEnter, chooseUser, reachableFolder } from "../src/storage/postgres-user.js";
import { findPostmaster, stopPostmaster } from "../src/storage/postmaster.js";

const pidFile = "demo-server.pid";
const goneWithinMs = 30_000;

/**
 * An empty home for the demo's server. What a demo that was killed left running there is ended first: once
 * its files are gone nobody could tell what belonged to it.
 */
export async function freshHome(home: string, serverScript: string): Promise<void> {
  await stopLeftServer(home, serverScript);
  await mkdir(home, { recursive: true });
  for (const data of await databaseFolders(home)) {
    const postmaster = await findPostmaster(data);
    if (postmaster !== null) {
      await stopPostmaster(data, postmaster.pid);
    }
    await rm(data, { recursive: true, force: true });
  }
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
}

/** Lets the next demo find this server, should this one be killed. */
export async function rememberServer(home: string, pid: number): Promise<void> {
  await writeFile(join(home, pidFile), `${pid}\n`);
}

/** PostgreSQL's data is elsewhere when its user cannot get into the home. */
async function databaseFolders(home: string): Promise<string[]> {
  const inside = join(home, "postgres");
  const user = await chooseUser(inside);
  if (user === null || (await canEnter(user, home))) {
    return [inside];
  }
  return [inside, join((await reachableFolder(home, user)).own, "postgres")];
}

async function stopLeftServer(home: string, serverScript: string): Promise<void> {
  const pid = Number(await readFile(join(home, pidFile), "utf8").catch(() => ""));
  if (!(pid > 0) || !(await runs(pid, serverScript))) {
    return;
  }
  process.kill(pid, "SIGTERM");
  for (const end = Date.now() + goneWithinMs; await runs(pid, serverScript); await delay(100)) {
    if (Date.now() > end) {
      throw new Error(`The server of an earlier demo, process ${pid}, does not stop; end it and try again.`);
    }
  }
}

/** Another program may have been given the process id since. */
async function runs(pid: number, script: string): Promise<boolean> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "command=", "-p", `${pid}`]).catch(() => ({
    stdout: "",
  }));
  return stdout.includes(script);
}
