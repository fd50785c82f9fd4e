import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";

/**
 * Processes that have anything to do with a folder: by their arguments and, where there is a /proc, by where they
 * run and by their environment, which is all that tells of an app started as `node server.js`.
 */
export function processesOf(folder: string): string[] {
  return execFileSync("ps", ["-eo", "pid=,args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.trim().startsWith(`${process.pid} `))
    .filter((line) => line.includes(folder) || surroundingsOf(line.trim().split(" ")[0]!).includes(folder));
}

/** Empty for a process that has ended, that is somebody else's, or where there is no /proc. */
function surroundingsOf(pid: string): string {
  return read(() => readlinkSync(`/proc/${pid}/cwd`)) + environmentOf(Number(pid));
}

/** The environment a process was started with; empty where that cannot be read. */
export function environmentOf(pid: number): string {
  return read(() => readFileSync(`/proc/${pid}/environ`, "utf8"));
}

function read(look: () => string): string {
  try {
    return look();
  } catch {
    return "";
  }
}
