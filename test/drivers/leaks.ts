import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { clusterFolder } from "../support/temp-folder.js";
import { until } from "./bench.js";

/** A `describe` after which no process, socket or temporary folder of it may be left. */
export function describeWithoutLeaks(title: string, body: () => void): void {
  describe(title, () => {
    let known: Set<string>;
    before(() => {
      known = new Set(temporary());
    });
    after(async () => {
      const left = () => [...descendants(), ...temporary().filter((name) => !known.has(name)), ...sockets()];
      await until("nothing is left", () => left().length === 0).catch(() => {
        throw new Error(`left behind: ${left().join("; ")}`);
      });
    });
    // An inner suite: its own `after` hooks come before the check.
    describe("", body);
  });
}

function temporary(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("rebake-driver-test-"));
}

/** Processes this one has started, and those whose environment says that a driver here started them. */
function descendants(): string[] {
  const lines = execFileSync("ps", ["-Ao", "pid=,ppid=,args="]).toString().split("\n");
  return lines.filter((line) => {
    if (line.includes(clusterFolder)) {
      return false;
    }
    const [, ppid] = line.trim().split(/\s+/);
    return (Number(ppid) === process.pid && !/\bps -Ao\b/.test(line)) || line.includes("rebake-driver-test-");
  });
}

function sockets(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^(TCPServer|TCPSocket|Pipe|Process)/.test(name) && name !== "PipeWrap");
}
