import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { exitCodeOf } from "./signals.js";
import { notExecuted } from "./tools.js";

/** How often it is looked whether descendants still run, in milliseconds. */
const lookEvery = 50;

/**
 * The app's process with this process's streams, in a group of its own. Signals go to that process alone: it may well
 * pass them on, as npm does, and nothing should get one twice. But the shell that npm gives them to ends of a signal
 * instead of passing it on. So what is then left of the group gets it too, and has the time to end that it is given.
 */
export class App {
  /** The exit code, once all has ended. */
  readonly exited: Promise<number>;
  private readonly child: ChildProcess;
  private stoppedBy: NodeJS.Signals | null = null;
  private gone = false;

  /** @throws DeployerFailure, or `exited` rejects with it, when the program cannot be executed */
  constructor(argv: string[], cwd: string, env: NodeJS.ProcessEnv) {
    try {
      this.child = spawn(argv[0]!, argv.slice(1), { cwd, env, stdio: "inherit", detached: true });
    } catch (error) {
      throw notExecuted(argv[0]!, error as Error);
    }
    this.exited = new Promise((resolve, reject) => {
      this.child.once("error", (error) => reject(notExecuted(argv[0]!, error)));
      this.child.once("exit", (code, signal) => {
        this.gone = true;
        void this.endRest().then(() => resolve(code ?? exitCodeOf(signal!)));
      });
    });
  }

  kill(signal: NodeJS.Signals): void {
    if (signal !== "SIGUSR2") {
      this.stoppedBy = signal;
    }
    if (this.gone) {
      signalGroup(this.child.pid!, signal);
    } else {
      this.child.kill(signal);
    }
  }

  private async endRest(): Promise<void> {
    if (this.stoppedBy) {
      signalGroup(this.child.pid!, this.stoppedBy);
      while (hasRunning(this.child.pid!)) {
        await delay(lookEvery);
      }
    }
  }
}

/** False when there is no such group. */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

/** Dead ones do not count: as process 1 of a container nobody but this process could bury them, and Node does not. */
function hasRunning(group: number): boolean {
  if (!signalGroup(group, 0)) {
    return false;
  }
  const pids =
    process.platform === "linux" ? readdirSync("/proc").filter((name) => /^\d+$/.test(name)) : null;
  return pids?.some((pid) => isRunningIn(group, pid)) ?? true;
}

function isRunningIn(group: number, pid: string): boolean {
  try {
    // The name in parentheses may hold anything; behind it come state, parent and group.
    const [state, , its] = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return Number(its) === group && !["Z", "X"].includes(state!);
  } catch {
    return false;
  }
}
