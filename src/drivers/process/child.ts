import { type ChildProcess, spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { OperationFailure } from "../../errors.js";
import { eachLine } from "./lines.js";
import { endGroup, signalGroup } from "./processes.js";
import type { PidRecords } from "./records.js";

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Its last lines, oldest first; at most 20. */
  lastLines: string[];
}

export interface ChildOptions {
  argv: string[];
  folder: string;
  env: Record<string, string>;
  operationId: string;
  records: PidRecords;
  onLine(stream: "stdout" | "stderr", line: string): void;
  /** Called with the output streams, e.g. to hold them while the log is behind. */
  onStreams?(child: ChildProcess): void;
}

/** One process with a group of its own, on record as long as it lives. */
export class Child {
  readonly startedAt = Date.now();
  readonly exited: Promise<Exit>;
  /** Resolves at once when the process has ended, before its output is complete. */
  readonly gone: Promise<unknown>;
  /** Null while it runs. */
  exit: Exit | null = null;
  private readonly lastLines: string[] = [];
  private stopping: Promise<void> | null = null;

  private constructor(
    private readonly process: ChildProcess,
    forget: () => void,
    options: ChildOptions,
  ) {
    for (const name of ["stdout", "stderr"] as const) {
      eachLine(process[name]!, (line) => {
        this.lastLines.push(line);
        this.lastLines.splice(0, this.lastLines.length - 20);
        options.onLine(name, line);
      });
    }
    options.onStreams?.(process);
    this.gone = new Promise((resolve) => process.once("exit", resolve));
    this.exited = this.ended(forget);
  }

  /** Rejects with COMMAND_NOT_FOUND when there is nothing to execute. */
  static async start(options: ChildOptions): Promise<Child> {
    const { argv, folder, env, records, operationId } = options;
    const isFolder = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!isFolder) {
      const message = "The working directory does not exist in the source: check workingDir and source.path.";
      throw new OperationFailure("COMMAND_NOT_FOUND", message);
    }
    const process = spawnGroup(argv, folder, env);
    if (process.pid === undefined) {
      const error = await new Promise<NodeJS.ErrnoException>((resolve) => process.once("error", resolve));
      throw notFound(argv[0]!, error);
    }
    process.on("error", () => undefined);
    try {
      return new Child(process, records.add(process.pid, operationId), options);
    } catch (error) {
      // Without a record nobody could end it after a hard kill of the server.
      signalGroup(process.pid, "SIGKILL");
      throw error;
    }
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** What it printed last, oldest first; at most 20 lines. */
  get recentLines(): string[] {
    return [...this.lastLines];
  }

  /** SIGTERM to the whole group, after `grace` milliseconds SIGKILL; resolves when all of it has ended. */
  stop(grace: number): Promise<void> {
    this.stopping ??= endGroup(this.pid, grace).then(async () => {
      await this.exited;
    });
    return this.stopping;
  }

  /** SIGKILL to the whole group, at once. */
  kill(): void {
    signalGroup(this.pid, "SIGKILL");
  }

  private async ended(forget: () => void): Promise<Exit> {
    const closed = new Promise((resolve) => this.process.once("close", resolve));
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
      this.process.once("exit", (...how) => resolve(how)),
    );
    // An app that ends by itself takes its children along; one that is being stopped has its grace for them.
    if (!this.stopping) {
      this.kill();
    }
    // Output may still be on its way, or held open by a descendant that left the group.
    await Promise.race([closed, wait(500, null, { ref: false })]);
    this.process.stdout!.destroy();
    this.process.stderr!.destroy();
    forget();
    this.exit = { code, signal, lastLines: this.lastLines };
    return this.exit;
  }
}

function spawnGroup(argv: string[], cwd: string, env: Record<string, string>): ChildProcess {
  try {
    return spawn(argv[0]!, argv.slice(1), { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    throw notFound(argv[0]!, error as NodeJS.ErrnoException);
  }
}

function notFound(program: string, error: NodeJS.ErrnoException): OperationFailure {
  const why = error.code === "EACCES" ? "may not be executed" : `cannot be executed (${error.code})`;
  const message = `${program} ${why}: check the command and that the program is on this host.`;
  return new OperationFailure("COMMAND_NOT_FOUND", message);
}

/** e.g. `exit code 1` or `signal SIGKILL` */
export function describeExit(exit: Pick<Exit, "code" | "signal">): string {
  return exit.signal ? `signal ${exit.signal}` : `exit code ${exit.code}`;
}
