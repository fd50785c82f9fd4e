import { readdirSync, readFileSync } from "node:fs";
import { eventually } from "./eventually.js";
import { clusterFolder, leftoverFolders, runFolder } from "./temp-folder.js";

/** Children inherit it, and theirs from them: what was started in this run can be told from all else. */
const marker = `REBAKE_TEST_RUN_${process.pid}_${Date.now()}`;
process.env.MOCHA_RUN = marker;

const watched = ["TCPServerWrap", "TCPSocketWrap", "PipeWrap", "ProcessWrap", "UDPWrap", "FSEventWrap"];

export interface Traces {
  processes: string[];
  handles: string[];
  folders: string[];
}

/** What is there before the first test file starts is none of its leaks. */
export function traces(): Traces {
  return { processes: startedProcesses(), handles: openHandles(), folders: leftoverFolders() };
}

/**
 * Waits for what is still closing.
 * @throws Error naming the processes, handles or temp folders that were not there before and do not go
 */
export async function expectNoLeaks(before: Traces): Promise<void> {
  let leaked: Partial<Traces> = {};
  await eventually(
    () => {
      const now = traces();
      leaked = {
        processes: added(before.processes, now.processes),
        handles: added(before.handles, now.handles),
        folders: added(before.folders, now.folders),
      };
      return Object.values(leaked).every((list) => list.length === 0);
    },
    { deadline: 20_000 },
  ).catch(() => {
    throw new Error(`left behind by this test file: ${JSON.stringify(leaked)}`);
  });
}

function added(before: string[], now: string[]): string[] {
  const rest = [...before];
  return now.filter((each) => {
    const index = rest.indexOf(each);
    return index === -1 || rest.splice(index, 1).length === 0;
  });
}

function openHandles(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => watched.includes(kind));
}

/** Needs /proc; elsewhere the open handles of a child (`ProcessWrap`) tell. */
function startedProcesses(): string[] {
  if (process.platform !== "linux") {
    return [];
  }
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid && isOfThisRun(name))
    .map((pid) => `${pid} ${read(`/proc/${pid}/cmdline`).replaceAll("\0", " ").slice(0, 200)}`)
    .filter((line) => !line.includes(clusterFolder));
}

function isOfThisRun(pid: string): boolean {
  // The name in parentheses may hold anything; the parent is the second field after it.
  const parent = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, "")
    .split(" ")[1];
  const environment = read(`/proc/${pid}/environ`);
  // What a server starts for a service gets an environment of its own.
  const isOfService =
    environment.includes("REBAKE_OPERATION=") && environment.includes(`TMPDIR=${runFolder}\0`);
  return Number(parent) === process.pid || environment.includes(marker) || isOfService;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
