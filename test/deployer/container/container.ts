import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { ContainerJob } from "../../../src/deployer/container/job.js";
import { containerBundle } from "../../../src/deployer/container-bundle.js";
import { type DeployerReport, reportMarker } from "../../../src/deployer/deployer.js";
import { toolEnvironment } from "../../../src/deployer/tool-environment.js";
import { eventually } from "../../support/eventually.js";

const nonce = "n0nce";

export interface ContainerOptions {
  env?: NodeJS.ProcessEnv;
  /** Runs as that user. */
  uid?: number;
  /** The Node to run with, this one unless given. */
  node?: string;
}

/** The bundle as it runs in a container, with all its descendants in a process group. */
export class Container {
  output = "";
  private readonly child: ChildProcess;
  private readonly closed: Promise<unknown>;

  /** `home`: has what other containers of this node do not see, e.g. temporary files. */
  constructor(home: string, job: Omit<ContainerJob, "nonce">, options: ContainerOptions = {}) {
    const { env = {}, uid, node = process.execPath } = options;
    this.child = spawn(node, [containerBundle().path], {
      env: {
        ...toolEnvironment(process.env),
        MOCHA_RUN: process.env.MOCHA_RUN,
        TMPDIR: home,
        REBAKE_JOB: JSON.stringify({ nonce, ...job } satisfies ContainerJob),
        ...env,
      },
      detached: true,
      uid,
      cwd: home,
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
      });
    }
    this.closed = once(this.child, "close");
  }

  get pid(): number {
    return this.child.pid!;
  }

  get reports(): DeployerReport[] {
    const marker = reportMarker(nonce);
    const lines = this.output.split("\n").slice(0, -1);
    return lines
      .filter((line) => line.startsWith(marker))
      .map((line) => JSON.parse(line.slice(marker.length)) as DeployerReport);
  }

  /** The reports in short, e.g. `INSTALL DONE (npm ci)`. */
  get story(): string[] {
    return this.reports.map(
      ({ step, state, detail }) => `${step} ${state}${detail === undefined ? "" : ` (${detail})`}`,
    );
  }

  /** The exit code, once all output is there. */
  async ended(): Promise<number | null> {
    await this.closed;
    return this.child.exitCode;
  }

  async prints(text: string, deadline = 15_000): Promise<void> {
    await eventually(() => this.output.includes(text), { deadline, what: `prints ${text}: ${this.output}` });
  }

  /** To the first process alone, as engines do. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** All its processes at once, as when the engine removes it. */
  kill(): void {
    for (const group of [this.pid, ...this.groupsBelow()]) {
      try {
        process.kill(-group, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
  }

  /** The app has a group of its own. */
  private groupsBelow(): number[] {
    const all = execFileSync("ps", ["-eo", "ppid=,pgid="], { encoding: "utf8" });
    const pairs = all.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
    const groups = pairs.filter(([parent]) => parent === this.pid).map(([, group]) => group!);
    return groups.filter((group) => group !== this.pid);
  }
}

/** A job that starts nothing but what is given. */
export function jobOf(job: Partial<ContainerJob> & Pick<ContainerJob, "cache">): Omit<ContainerJob, "nonce"> {
  return {
    commands: ["prepare", "start"],
    source: null,
    image: "node:20",
    command: null,
    args: null,
    workingDir: null,
    holdSeconds: 0,
    secretEnv: {},
    gitCredentialFile: null,
    health: null,
    ...job,
  };
}

/** A search path with these programs only, the way an image has them. */
export function pathWith(folder: string, programs: Record<string, string>): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, target] of Object.entries({ node: process.execPath, ...programs })) {
    symlinkSync(target, join(folder, name));
  }
  return folder;
}
