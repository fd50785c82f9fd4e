import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

const linux = existsSync("/proc/self/stat");

interface Stat {
  state: string;
  group: number;
  startTime: string;
}

/** `/proc/<pid>/stat` of a process; its second field, the name, may itself contain blanks and brackets. */
function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0]!, group: Number(fields[2]), startTime: fields[19]! };
  } catch {
    return null;
  }
}

/** What tells a process from a later one with the same pid; null when there is none. */
export function startTimeOf(pid: number): string | null {
  if (linux) {
    const stat = statOf(pid);
    return stat && stat.state !== "Z" ? stat.startTime : null;
  }
  try {
    const argv = ["-o", "lstart=", "-p", String(pid)];
    return (
      execFileSync("ps", argv, { stdio: ["ignore", "pipe", "ignore"] })
        .toString()
        .trim() || null
    );
  } catch {
    return null;
  }
}

/** Whether a process group still has a member; zombies that nobody has buried yet do not count. */
export function groupAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // Its leader is one look, all processes of a busy host are many milliseconds of the event loop.
  const leader = linux ? statOf(group) : null;
  return !linux || (leader !== null && leader.state !== "Z") || membersOf(group).length > 0;
}

/** Living members of a process group (Linux only). */
export function membersOf(group: number): number[] {
  return linux
    ? readdirSync("/proc")
        .map(Number)
        .filter((pid) => {
          const stat = pid > 0 ? statOf(pid) : null;
          return stat?.group === group && stat.state !== "Z";
        })
    : [];
}

/** Whether a process was started with a variable of that value (Linux only). */
export function hasVariable(pid: number, name: string, value: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`${name}=${value}`);
  } catch {
    return false;
  }
}

export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // It is gone already.
  }
}

/** Ends a process group: SIGTERM, then after `grace` milliseconds SIGKILL. Resolves when nothing is left. */
export async function endGroup(group: number, grace: number): Promise<void> {
  signalGroup(group, "SIGTERM");
  if (await groupGone(group, grace)) {
    return;
  }
  signalGroup(group, "SIGKILL");
  await groupGone(group, 2000);
}

async function groupGone(group: number, within: number): Promise<boolean> {
  const until = Date.now() + within;
  for (let pause = 5; groupAlive(group); pause = Math.min(pause * 2, 50)) {
    if (Date.now() >= until) {
      return false;
    }
    await wait(pause);
  }
  return true;
}
