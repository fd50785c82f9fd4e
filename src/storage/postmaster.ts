import { execFile } from "node:child_process";
import { readFile, readlink, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

/** What a running PostgreSQL writes about itself into its data folder. */
export interface Postmaster {
  pid: number;
  port: number;
  /** Set once it accepts connections. */
  ready: boolean;
}

/** Each of `SIGINT` (fast shutdown), `SIGQUIT` (immediate) and `SIGKILL` gets this long, in ms. */
const patience: [NodeJS.Signals, number][] = [
  ["SIGINT", 30_000],
  ["SIGQUIT", 5_000],
  ["SIGKILL", 5_000],
];
const pollMs = 10;

/** The PostgreSQL that runs on this data folder; null when none does, whatever a stale file says. */
export async function findPostmaster(data: string): Promise<Postmaster | null> {
  const text = await readFile(join(data, "postmaster.pid"), "utf8").catch(() => "");
  const [pid, , , port, , , , status] = text.split("\n").map((line) => line.trim());
  const postmaster = { pid: Number(pid), port: Number(port), ready: status === "ready" };
  return postmaster.pid > 0 && (await runsOn(data, postmaster.pid)) ? postmaster : null;
}

/**
 * Removes the lock file of a PostgreSQL that has ended but whose parent has not taken notice: PostgreSQL
 * itself would believe it to be running, for as long as the parent sleeps.
 */
export async function removeLockOfZombie(data: string): Promise<void> {
  const file = join(data, "postmaster.pid");
  const pid = (await readFile(file, "utf8").catch(() => "")).split("\n")[0]!.trim();
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  if (/^\d+ \(.*\) Z /s.test(stat)) {
    await rm(file, { force: true });
  }
}

/**
 * Waits until the PostgreSQL of this data folder accepts connections.
 * @param gone tells that waiting is in vain
 * @returns null when it is gone or the deadline (ms) has passed
 */
export async function untilReady(
  data: string,
  gone: () => Promise<boolean>,
  deadlineMs: number,
): Promise<Postmaster | null> {
  for (const end = Date.now() + deadlineMs; Date.now() < end && !(await gone()); await delay(pollMs)) {
    const postmaster = await findPostmaster(data);
    if (postmaster?.ready) {
      return postmaster;
    }
  }
  return null;
}

/** Ends it the gentlest way that works; resolves when it is gone, false when it would not go. */
export async function stopPostmaster(data: string, pid: number): Promise<boolean> {
  for (const [signal, ms] of patience) {
    if (await runsOn(data, pid)) {
      kill(pid, signal);
    }
    for (const end = Date.now() + ms; Date.now() < end; await delay(pollMs)) {
      if (!(await runsOn(data, pid))) {
        return true;
      }
    }
  }
  return false;
}

/** A process id may have been given to another program since: PostgreSQL works inside its data folder. */
async function runsOn(data: string, pid: number): Promise<boolean> {
  if (process.platform === "linux") {
    const folder = await realpath(data).catch(() => null);
    return folder !== null && (await readlink(`/proc/${pid}/cwd`).catch(() => "")) === folder;
  }
  const { stdout } = await promisify(execFile)("ps", ["-o", "command=", "-p", String(pid)]).catch(() => ({
    stdout: "",
  }));
  return stdout.includes(data);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone since it was looked at.
  }
}
