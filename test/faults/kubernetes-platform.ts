import { AppsV1Api, CoreV1Api, KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { labels } from "../../src/drivers/kubernetes/names.js";
import { pause } from "../../src/events/pause.js";
import { Cluster } from "../drivers/kubernetes/cluster.js";
import { engineApp, type Platform } from "./platform.js";

/** Between two looks at how many replicas are ready, in milliseconds. */
const lookMilliseconds = 300;

/** A real cluster, in a namespace of its own. What is there is asked of its API server itself, past Rebake. */
export class KubernetesPlatform implements Platform {
  readonly driver = "KUBERNETES";
  /** Operations take long here: on a busy machine a shorter lease would be lost without a kill. */
  readonly variables = { REBAKE_LEASE_SECONDS: "5" };
  readonly namespace = `rebake-test-faults-${process.pid}-${Date.now().toString(36)}`;
  /** Operation of each set that the cluster was made to make, by the set's uid. */
  private readonly sets = new Map<string, string>();
  private readonly core: CoreV1Api;
  private readonly apps: AppsV1Api;
  private least = 0;
  private marks = 0;
  private readonly stop = new AbortController();
  private watching: Promise<void> = Promise.resolve();

  private constructor(private readonly cluster: Cluster) {
    const config = new KubeConfig();
    config.loadFromString(cluster.kubeconfig);
    this.core = config.makeApiClient(CoreV1Api);
    this.apps = config.makeApiClient(AppsV1Api);
  }

  /** @param kubeconfig path of one whose user may make namespaces */
  static async open(kubeconfig: string): Promise<KubernetesPlatform> {
    const platform = new KubernetesPlatform(new Cluster(kubeconfig));
    await platform.cluster.createNamespace(platform.namespace);
    platform.watching = platform.watch();
    return platform;
  }

  get environment(): object {
    return { kubernetes: { kubeconfig: this.cluster.kubeconfig, namespace: this.namespace } };
  }

  readonly spec = {
    image: { name: "node", tag: "20-bookworm" },
    command: ["node", "-e", engineApp],
    // A busy machine must not make replicas unready.
    readiness: { httpGet: { path: "/health", port: "http" }, period: 1, timeout: 10, failureThreshold: 10 },
    rollout: { monitor: 0, drain: 1, deadline: 60 },
  };

  variablesOf(version: string): Record<string, string> {
    return { VERSION: version };
  }

  async mark(): Promise<void> {
    this.marks++;
    this.least = await this.ready();
  }

  async ready(): Promise<number> {
    return (await this.pods()).filter(isReady).length;
  }

  async leastReady(): Promise<number> {
    return this.least;
  }

  async replicas(): Promise<string[]> {
    const there = (await this.pods()).filter(lives);
    return Promise.all(
      there.map(async (pod) => `${isReady(pod) ? "READY" : pod.status?.phase} ${await answerOf(pod)}`),
    );
  }

  async things(): Promise<string[]> {
    const { namespace } = this;
    const { items } = await this.apps.listNamespacedDeployment({ namespace });
    return items.map(({ metadata }) => metadata!.name!);
  }

  begun(operationId: string): number {
    return [...this.sets.values()].filter((operation) => operation === operationId).length;
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.watching;
    await this.cluster.deleteNamespace(this.namespace);
  }

  /** The cluster remembers how many were ready for nobody else. */
  private async watch(): Promise<void> {
    const { signal } = this.stop;
    while (!signal.aborted) {
      const { marks } = this;
      const ready = await this.ready();
      // One that was asked for before the mark says nothing of what comes after it.
      this.least = marks === this.marks ? Math.min(this.least, ready) : this.least;
      const { items } = await this.apps.listNamespacedReplicaSet({ namespace: this.namespace });
      for (const { metadata, spec } of items) {
        this.sets.set(metadata!.uid!, spec?.template?.metadata?.labels?.[labels.operation] ?? "");
      }
      await pause(lookMilliseconds, signal);
    }
  }

  private async pods(): Promise<V1Pod[]> {
    return (await this.core.listNamespacedPod({ namespace: this.namespace })).items;
  }
}

function isReady({ metadata, status }: V1Pod): boolean {
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return metadata?.deletionTimestamp === undefined && ready?.status === "True";
}

/** One that was told to go lives for as long as its containers do. */
function lives({ metadata, status }: V1Pod): boolean {
  const isGoing = metadata?.deletionTimestamp !== undefined;
  return !isGoing || (status?.containerStatuses ?? []).some(({ state }) => state?.running);
}

async function answerOf({ status }: V1Pod): Promise<string> {
  return status?.podIP ? (await fetch(`http://${status.podIP}:3000/`)).text().catch(() => "") : "";
}
