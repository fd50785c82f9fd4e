import { randomBytes } from "node:crypto";
import { Agent } from "node:http";
import { PassThrough } from "node:stream";
import Docker from "dockerode";
import pino from "pino";
import { createSwarmDriver, type SwarmDriver } from "../../../src/drivers/swarm/index.js";
import { type AddCase, describeOnEngine, type EngineLab } from "../lab.js";
import { registry } from "../machine.js";
import { Trial } from "./trial.js";

export const dockerHost = process.env.TEST_SWARM_DOCKER_HOST ?? "";

/** Cases on a real engine, several at a time, each with an environment of its own; skipped by name where there is none. */
export function onEngine(title: string, body: (add: AddCase<Trial>, lab: Lab) => void, parallel = 6): void {
  const lacks = dockerHost ? null : "TEST_SWARM_DOCKER_HOST";
  describeOnEngine(title, { newLab: () => new Lab(), lacks, parallel, timeout: 240_000 }, body);
}

/** An engine with an installation on it: what the cases of a file share. */
export class Lab implements EngineLab<Trial> {
  readonly installation = `test-${randomBytes(6).toString("hex")}`;
  driver!: SwarmDriver;
  /** The engine itself, past the driver. */
  readonly docker: Docker;
  /** Images with node, npm and git, and without any of them, pinned. */
  node!: string;
  nginx!: string;
  private readonly agent = new Agent({ keepAlive: false });
  private readonly closers: (() => unknown)[] = [];

  constructor() {
    const { protocol, hostname, port, pathname } = new URL(dockerHost || "unix:///var/run/docker.sock");
    const at = protocol === "unix:" ? { socketPath: pathname } : { host: hostname, port };
    this.docker = new Docker(Object.assign(at, { agent: this.agent }));
  }

  async open(): Promise<void> {
    this.driver = this.newDriver();
    const pin = (name: string, tag: string) => this.pin({ name: `library/${name}`, tag });
    [this.node, this.nginx] = await Promise.all([pin("node", "20-bookworm"), pin("nginx", "1.22")]);
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) {
      await close();
    }
  }

  /** Called at the end, the last one first. */
  closing(close: () => unknown): void {
    this.closers.push(close);
  }

  newDriver(installation = this.installation): SwarmDriver {
    const connection = { host: dockerHost, ca: null, certificate: null, key: null };
    const driver = createSwarmDriver({
      installation,
      connections: { environments: async () => [], of: async () => connection },
      log: pino({ level: process.env.TEST_LOG ?? "silent" }),
    });
    this.closing(() => driver.close());
    return driver;
  }

  pin(
    image: { name: string; tag: string; pullPolicy?: "ALWAYS" | "IF_NOT_PRESENT" | "NEVER"; prefix?: string },
    credential: { username: string; password: string; server: string } | null = null,
  ): Promise<string> {
    const whole = { prefix: registry, pullPolicy: "IF_NOT_PRESENT" as const, credential: null, ...image };
    return this.driver.pinImage("any", whole, credential, new AbortController().signal);
  }

  async during<T>(work: (trial: Trial) => T | Promise<T>): Promise<T> {
    const trial = new Trial(this);
    let result: T;
    try {
      result = await work(trial);
    } catch (error) {
      await trial.clear().catch(() => undefined);
      throw error;
    }
    await trial.clear();
    await trial.expectNothingLeft();
    return result;
  }

  /** Runs a program in a container; what it prints, and its exit code. */
  async exec(container: string, argv: string[]): Promise<{ code: number; out: string }> {
    const run = await this.docker
      .getContainer(container)
      .exec({ Cmd: argv, AttachStdout: true, AttachStderr: true });
    const stream = await run.start({});
    const all = new PassThrough();
    this.docker.modem.demuxStream(stream, all, all);
    stream.once("end", () => all.end());
    const chunks: Buffer[] = [];
    for await (const chunk of all) {
      chunks.push(chunk as Buffer);
    }
    const { ExitCode } = await run.inspect();
    return { code: ExitCode ?? -1, out: Buffer.concat(chunks).toString() };
  }
}
