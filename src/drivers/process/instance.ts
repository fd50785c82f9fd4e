import { mkdir, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { dirname, join } from "node:path";
import type { LogStream, Target, TaskState } from "../../operations/driver.js";
import { Child } from "./child.js";
import { childEnvironment, type InstanceFacts, resolver } from "./environment.js";
import type { LogFiles } from "./log-files.js";
import { freePort } from "./ports.js";
import type { Probed, ProbeResult } from "./probe.js";
import type { PidRecords } from "./records.js";
import type { Workspace } from "./workspace.js";

/** How long an app has to say goodbye after SIGTERM, in milliseconds. */
export const stopGrace = 10_000;
/** Apps close idle connections after 5 s by default: ours must never be the older ones, in milliseconds. */
const idleUpstream = 2_500;

export interface InstanceContext {
  target: Target;
  workspace: Workspace;
  records: PidRecords;
  logs: LogFiles;
  /** Gets what the instances print until the operation that starts them has ended. */
  echo: ((stream: LogStream, line: string, instance: number) => void) | null;
  changed(): void;
}

/** One replica: a place for one process at a time, and the ports that requests for it go to. */
export class Instance implements Probed {
  state: TaskState = "STARTING";
  since = new Date();
  message: string | null = null;
  restarts = 0;
  /** Whether requests may be sent to it. */
  ready = false;
  /** Whether its present process has been ready at some time. */
  everReady = false;
  /** Requests and upgraded connections that go through the proxy now. */
  inFlight = 0;
  /** When it was last picked, in picks: among equals the longest ago is next. */
  turn = 0;
  host = "127.0.0.1";
  ports: ReadonlyMap<string, number> = new Map();
  child: Child | null = null;
  lastProbe: ProbeResult | null = null;
  readonly agent = new Agent({
    keepAlive: true,
    maxFreeSockets: 256,
    scheduling: "lifo",
    timeout: idleUpstream,
  });

  constructor(
    readonly number: number,
    private readonly context: InstanceContext,
  ) {}

  /** Starts a process on ports of its own. Rejects with COMMAND_NOT_FOUND. */
  async start(): Promise<Child> {
    const { target, workspace } = this.context;
    this.ready = false;
    this.everReady = false;
    this.lastProbe = null;
    this.ports = new Map(
      await Promise.all(target.spec.ports.map(async ({ name }) => [name, await freePort()] as const)),
    );
    await this.writeFiles();
    this.move("STARTING", this.message);
    this.child = await this.spawn(workspace.command, (stream, line) => {
      this.context.logs.append({ at: new Date(), instance: this.number, stream, line });
      this.context.echo?.(stream, line, this.number);
    });
    const child = this.child;
    void child.gone.then(() => {
      if (this.child === child) {
        this.ready = false;
        this.everReady = false;
      }
    });
    return child;
  }

  /** Runs another command the way the app runs: same folder, same environment. */
  execute(argv: string[]): Promise<Child> {
    return this.spawn(argv, () => undefined);
  }

  markReady(host: string | null): void {
    this.host = host ?? this.host;
    this.ready = true;
    this.everReady = true;
    this.move("RUNNING", null);
  }

  /** The one place where the state changes. */
  move(state: TaskState, message: string | null): void {
    if (state !== this.state) {
      this.since = new Date();
    }
    this.state = state;
    this.message = message;
    this.ready &&= state === "RUNNING";
    this.context.changed();
  }

  async stop(grace: number): Promise<void> {
    this.move("STOPPING", null);
    await this.child?.stop(grace);
    this.child = null;
    this.agent.destroy();
    this.move("STOPPED", null);
  }

  private facts(): InstanceFacts {
    return { instance: this.number, ports: this.ports, files: this.context.workspace.files(this.number) };
  }

  private spawn(argv: string[], onLine: (stream: "stdout" | "stderr", line: string) => void): Promise<Child> {
    const { target, workspace, records, logs } = this.context;
    return Child.start({
      argv,
      folder: workspace.workingDir,
      env: childEnvironment(target, this.facts()),
      operationId: target.stamp.operationId,
      records,
      onLine,
      onStreams: ({ stdout, stderr }) => {
        for (const stream of [stdout!, stderr!]) {
          stream.on("data", () => {
            if (logs.isBehind && !stream.isPaused()) {
              stream.pause();
              void logs.drained().then(() => stream.resume());
            }
          });
        }
      },
    });
  }

  /** The recipe's files, with secrets in them: below a folder that only this user may enter. */
  private async writeFiles(): Promise<void> {
    const facts = this.facts();
    const resolve = resolver(this.context.target, facts);
    await rm(facts.files, { recursive: true, force: true });
    for (const { path, content, mode } of this.context.target.spec.files) {
      const file = join(facts.files, path);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeFile(file, resolve(content), { mode: Number.parseInt(mode, 8) });
    }
  }
}
