import Docker from "dockerode";
import type { EngineService, EngineTask } from "../../src/drivers/swarm/engine-types.js";
import { labels } from "../../src/drivers/swarm/names.js";
import { hasEnded, isReady } from "../../src/drivers/swarm/tasks.js";
import { pause } from "../../src/events/pause.js";
import { addressOf, EngineProxy } from "../support/engine-proxy.js";
import { engineApp, type Platform } from "./platform.js";

/** Between two looks at how many replicas are ready, in milliseconds. */
const lookMilliseconds = 200;

/** A real swarm. What is there is asked of its engine itself, past Rebake. */
export class SwarmPlatform implements Platform {
  readonly driver = "SWARM";
  /** Operations take long here: on a busy machine a shorter lease would be lost without a kill. */
  readonly variables = { REBAKE_LEASE_SECONDS: "3" };
  /** Operation of each change that the engine took. */
  private readonly taken: string[] = [];
  private least = 0;
  private marks = 0;
  private readonly stop = new AbortController();
  private readonly watching: Promise<void>;

  private constructor(
    private readonly docker: Docker,
    private readonly proxy: EngineProxy,
    private readonly registry: string,
  ) {
    proxy.after = async ({ method, path }, body) => {
      if (method === "POST" && /^\/services\/(create|\w+\/update)$/.test(path) && !body.message) {
        const [service] = await this.services();
        this.taken.push(service?.Spec.Labels?.[labels.operation] ?? "");
      }
      return body;
    };
    this.watching = this.watch();
  }

  static async open(host: string, registry: string): Promise<SwarmPlatform> {
    const docker = new Docker(addressOf(host) as Docker.DockerOptions);
    return new SwarmPlatform(docker, await EngineProxy.open(host), registry);
  }

  get environment(): object {
    return { swarm: { host: this.proxy.host } };
  }

  get spec(): object {
    return {
      image: { prefix: `${this.registry}/library`, name: "node", tag: "20-bookworm" },
      command: ["node", "-e", engineApp],
      ports: [{ name: "http", target: 3000, preserveClientIp: true }],
      endpointMode: "DNSRR",
      labels: [{ name: mark, value: this.proxy.host }],
      // A busy machine must not make replicas unready.
      readiness: { httpGet: { path: "/health", port: "http" }, period: 1, timeout: 10, failureThreshold: 10 },
      rollout: { monitor: 0, drain: 1, deadline: 60 },
    };
  }

  variablesOf(version: string): Record<string, string> {
    return { VERSION: version };
  }

  async mark(): Promise<void> {
    this.marks++;
    this.least = await this.ready();
  }

  async ready(): Promise<number> {
    return (await this.tasks()).filter(isReady).length;
  }

  async leastReady(): Promise<number> {
    return this.least;
  }

  async replicas(): Promise<string[]> {
    const there = (await this.tasks()).filter((task) => !hasEnded(task));
    return Promise.all(
      there.map(async (task) => `${isReady(task) ? "READY" : task.Status.State} ${await answerOf(task)}`),
    );
  }

  async things(): Promise<string[]> {
    return (await this.services()).map(({ Spec }) => Spec.Name);
  }

  begun(operationId: string): number {
    return this.taken.filter((taken) => taken === operationId).length;
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.watching;
    for (const { ID } of await this.services()) {
      await this.docker.getService(ID).remove();
    }
    await this.proxy.close();
  }

  /** The engine remembers how many were ready for nobody else. */
  private async watch(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      const { marks } = this;
      const ready = await this.ready();
      // One that was asked for before the mark says nothing of what comes after it.
      this.least = marks === this.marks ? Math.min(this.least, ready) : this.least;
      await pause(lookMilliseconds, signal);
    }
  }

  /** Those of this lane. */
  private async services(): Promise<EngineService[]> {
    const filters = JSON.stringify({ label: [`${mark}=${this.proxy.host}`] });
    return (await this.docker.listServices({ filters })) as unknown as EngineService[];
  }

  private async tasks(): Promise<EngineTask[]> {
    const [service] = await this.services();
    return service ? this.docker.listTasks({ filters: JSON.stringify({ service: [service.ID] }) }) : [];
  }
}

const mark = "rebake-test.lane";

async function answerOf({ Status }: EngineTask): Promise<string> {
  const port = Status.PortStatus?.Ports?.[0]?.PublishedPort;
  return port ? (await fetch(`http://127.0.0.1:${port}/`)).text().catch(() => "") : "";
}
