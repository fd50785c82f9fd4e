import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import pino from "pino";
import type { SwarmConnection } from "../../../src/domain/connection.js";
import { Engine } from "../../../src/drivers/swarm/engine.js";
import type { EngineService, EngineTask } from "../../../src/drivers/swarm/engine-types.js";
import { createSwarmDriver, type SwarmDriver } from "../../../src/drivers/swarm/index.js";
import { labels } from "../../../src/drivers/swarm/names.js";
import { GitHttpServer } from "../../support/git-http-server.js";
import { makeTempFolder } from "../../support/temp-folder.js";
import { GitFixture } from "../git-fixture.js";
import { type AddCase, describeOnEngine, type EngineLab } from "../lab.js";
import { hostAddress, registry } from "../machine.js";
import { Scene } from "./scene.js";

const run = promisify(execFile);

export const dockerHost = process.env.TEST_SWARM_DOCKER_HOST ?? "";
/** An engine without TLS. */
export function connectionTo(host: string): SwarmConnection {
  return { host, ca: null, certificate: null, key: null };
}

/** Cases on a real engine, several at a time, each with an environment of its own; skipped by name where there is none. */
export function onSwarm(title: string, body: (it: AddCase<Scene>, yard: Yard) => void, parallel = 6): void {
  const lacks = dockerHost ? null : "TEST_SWARM_DOCKER_HOST";
  describeOnEngine(title, { newLab: () => new Yard(), lacks, parallel, timeout: 300_000 }, body);
}

/** An engine, an installation on it, and a repository: what the cases of a file share. */
export class Yard implements EngineLab<Scene> {
  readonly installation = `test-traps-${process.pid}-${Date.now().toString(36)}`;
  /** The engine itself, whatever stands between it and the driver. */
  readonly engine = new Engine(connectionTo(dockerHost || "unix:///var/run/docker.sock"));
  driver!: SwarmDriver;
  /** Image with node, npm and git, and one without, pinned. */
  image!: string;
  nginx!: string;
  repository!: GitFixture;
  private git: GitHttpServer | null = null;
  /** How the engine is reached from environments for which that differs. */
  private readonly connections = new Map<string, SwarmConnection>();
  private readonly scenes = new Set<Scene>();

  async open(): Promise<void> {
    this.driver = this.newDriver();
    const signal = new AbortController().signal;
    const pin = (name: string, tag: string) =>
      this.driver.pinImage(
        "any",
        { prefix: registry, name: `library/${name}`, tag, pullPolicy: "IF_NOT_PRESENT", credential: null },
        null,
        signal,
      );
    [this.image, this.nginx] = await Promise.all([pin("node", "20-bookworm"), pin("nginx", "1.22")]);
    const folder = await makeTempFolder();
    this.repository = await GitFixture.create(join(folder, "app"));
    this.git = await GitHttpServer.open(folder, hostAddress);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.scenes].map((scene) => scene.clear()));
    await this.driver?.close();
    await this.git?.close();
    await this.removeAll();
    this.engine.close();
    if (this.repository) {
      const { rm } = await import("node:fs/promises");
      await rm(join(this.repository.folder, ".."), { recursive: true, force: true, maxRetries: 10 });
    }
  }

  get repositories(): string {
    return this.git!.url;
  }

  /** Another server of the same installation; whoever asks for it closes it. */
  newDriver(): SwarmDriver {
    return createSwarmDriver({
      installation: this.installation,
      connections: {
        environments: async () => [...this.connections.keys()],
        of: async (id) => this.connections.get(id) ?? connectionTo(dockerHost),
      },
      log: pino({ level: process.env.TEST_LOG ?? "silent" }),
    });
  }

  /** From now on the environment's engine is reached like that. */
  reach(environmentId: string, connection: SwarmConnection): void {
    this.connections.set(environmentId, connection);
  }

  async during<T>(work: (scene: Scene) => T | Promise<T>): Promise<T> {
    const scene = new Scene(this);
    this.scenes.add(scene);
    try {
      return await work(scene);
    } finally {
      await scene.clear();
      this.scenes.delete(scene);
    }
  }

  /** The docker command line, at the engine itself: what somebody does by hand. */
  async docker(...args: string[]): Promise<string> {
    const { stdout } = await run("docker", args, { env: { ...process.env, DOCKER_HOST: dockerHost } });
    return stdout.trim();
  }

  /** As the engine has it; null when it has not. */
  service(name: string): Promise<EngineService | null> {
    return this.engine.service(name);
  }

  /** All the engine remembers, the newest first. */
  async tasks(name: string): Promise<EngineTask[]> {
    const tasks = await this.engine.tasks(name);
    return tasks.sort((a, b) => (a.CreatedAt < b.CreatedAt ? 1 : -1));
  }

  /** What the engine has of an environment, as `kind name`. */
  async remains(environmentId: string): Promise<string[]> {
    return this.labelled(`${labels.environmentId}=${environmentId}`);
  }

  private async labelled(label: string): Promise<string[]> {
    const kinds = ["service", "config", "secret", "network", "volume"];
    const lists = await Promise.all(
      kinds.map(async (kind) => {
        const names = await this.docker(kind, "ls", "--filter", `label=${label}`, "--format", "{{.Name}}");
        return names.split("\n").flatMap((name) => (name ? [`${kind} ${name}`] : []));
      }),
    );
    // The engine keeps containers that have ended for a while, as the history of their tasks.
    const containers = await this.engine.containers({ label: [label], status: ["running"] });
    return [...lists.flat(), ...containers.map(({ Id }) => `container ${Id}`)];
  }

  /** What cases that failed have left. */
  private async removeAll(): Promise<void> {
    const label = `${labels.installation}=${this.installation}`;
    for (let tries = 0; tries < 30; tries++) {
      const left = (await this.labelled(label)).filter((one) => !one.startsWith("container "));
      if (left.length === 0) {
        return;
      }
      for (const [kind, name] of left.map((one) => one.split(" ") as [string, string])) {
        await this.docker(kind, "rm", name).catch(() => undefined);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
