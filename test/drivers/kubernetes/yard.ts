import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import { KubeConfig } from "@kubernetes/client-node";
import pino from "pino";
import type { KubernetesConnection } from "../../../src/domain/connection.js";
import { Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import { createKubernetesDriver, type KubernetesDriver } from "../../../src/drivers/kubernetes/index.js";
import { GitHttpServer } from "../../support/git-http-server.js";
import { makeTempFolder } from "../../support/temp-folder.js";
import { GitFixture } from "../git-fixture.js";
import { type AddCase, describeOnEngine, type EngineLab } from "../lab.js";
import { hostAddress } from "../machine.js";
import { Cluster as TestCluster } from "./cluster.js";
import { Scene } from "./scene.js";

const run = promisify(execFile);
const kubeconfigFile = process.env.TEST_KUBECONFIG ?? "";

/** Has node, npm and git; and has none of them. */
export const nodeImage = "node:20-bookworm";
export const nginxImage = "nginx:1.22";

/** Cases on a real cluster, several at a time, each with a namespace of its own; skipped by name where there is none. */
export function onKubernetes(
  title: string,
  body: (it: AddCase<Scene>, yard: Yard) => void,
  parallel = 4,
): void {
  const lacks = kubeconfigFile ? null : "TEST_KUBECONFIG";
  describeOnEngine(title, { newLab: () => new Yard(), lacks, parallel, timeout: 400_000 }, body);
}

/** A cluster, an installation on it, and a repository: what the cases of a file share. */
export class Yard implements EngineLab<Scene> {
  readonly run = randomBytes(4).toString("hex");
  readonly installation = `test-${this.run}`;
  driver!: KubernetesDriver;
  /** The API server itself, whatever stands between it and the driver. */
  api!: Cluster;
  repository!: GitFixture;
  /** The only context of the kubeconfig, with all that it refers to. */
  private config!: KubeConfig;
  private git: GitHttpServer | null = null;
  private readonly connections = new Map<string, Partial<KubernetesConnection>>();
  private readonly scenes = new Set<Scene>();

  async open(): Promise<void> {
    this.config = new KubeConfig();
    this.config.loadFromString(new TestCluster(kubeconfigFile).kubeconfig);
    this.api = new Cluster(this.config);
    this.driver = this.newDriver();
    const folder = await makeTempFolder();
    this.repository = await GitFixture.create(join(folder, "app"));
    this.git = await GitHttpServer.open(folder, hostAddress);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.scenes].map((scene) => scene.clear()));
    await this.driver?.close();
    await this.git?.close();
    this.api?.close();
    if (this.repository) {
      await rm(join(this.repository.folder, ".."), { recursive: true, force: true, maxRetries: 10 });
    }
  }

  get repositories(): string {
    return this.git!.url;
  }

  namespaceOf(environmentId: string): string {
    return `rebake-test-${this.run}-${environmentId.slice(-10)}`;
  }

  /** The cluster as it is reached without anything in front of it. */
  get server(): URL {
    return new URL(this.config.getCurrentCluster()!.server);
  }

  /** What a request to the API server has to have, besides its path. */
  async access(): Promise<RequestOptions> {
    const options: RequestOptions = {};
    await this.config.applyToHTTPSOptions(options as never);
    const { hostname: host, port, protocol } = this.server;
    const { ca, cert, key, headers } = options;
    return { protocol, host, port: port || 443, ...{ ca, cert, key, headers } };
  }

  /** The kubeconfig with another address of its server. */
  kubeconfigAt(server: string): string {
    const config = new KubeConfig();
    config.loadFromString(this.config.exportConfig());
    config.clusters = config.clusters.map((cluster) => ({ ...cluster, server }));
    return config.exportConfig();
  }

  /** Another server of the same installation; whoever asks for it closes it. */
  newDriver(): KubernetesDriver {
    return createKubernetesDriver({
      installation: this.installation,
      connections: {
        environments: async () => [...this.connections.keys()],
        of: async (environmentId) => ({
          kubeconfig: this.config.exportConfig(),
          context: null,
          inCluster: false,
          server: null,
          token: null,
          ca: null,
          namespace: this.namespaceOf(environmentId),
          ...this.connections.get(environmentId),
        }),
      },
      log: pino({ level: process.env.TEST_LOG ?? "silent" }),
    });
  }

  /** From now on the environment's cluster is reached like that. */
  reach(environmentId: string, connection: Partial<KubernetesConnection>): void {
    this.connections.set(environmentId, connection);
  }

  async during<T>(work: (scene: Scene) => T | Promise<T>): Promise<T> {
    const scene = new Scene(this);
    this.scenes.add(scene);
    const namespace = this.namespaceOf(scene.environmentId);
    await this.api.create("namespace", "/api/v1/namespaces", {
      ...{ apiVersion: "v1", kind: "Namespace" },
      metadata: { name: namespace },
    });
    try {
      return await work(scene);
    } finally {
      await scene.clear();
      this.scenes.delete(scene);
    }
  }

  /** The kubectl command line, at the cluster itself: what somebody does by hand. */
  async kubectl(...args: string[]): Promise<string> {
    const { stdout } = await run("kubectl", ["--kubeconfig", kubeconfigFile, ...args]);
    return stdout.trim();
  }
}
