import type { V1DaemonSet, V1Deployment, V1Pod, V1Service } from "@kubernetes/client-node";
import { expect } from "chai";
import type { KubernetesDriver } from "../../../src/drivers/kubernetes/index.js";
import type { ServiceRef, Target } from "../../../src/operations/driver.js";
import { EngineTrial } from "../trial.js";
import type { Lab } from "./lab.js";
import { openApp } from "./open-app.js";

export type { Fields } from "../trial.js";

export const openCommand = ["node", "-e", openApp];
const rollout = { monitor: 0, deadline: 150, drain: 0 };
/** Where the app listens when it has no ports. */
const usualPort = 8080;

/** What the app says of itself. */
export interface About {
  env: Record<string, string>;
  cwd: string;
  /** Without its program. */
  argv: string[];
  /** Of one that was made from a repository. */
  version?: string;
}

/** A request that the app got. */
export interface Request {
  port: number;
  url: string;
  /** Milliseconds after the app began. */
  after: number;
  /** What asked, e.g. `kube-probe/1.20`. */
  by: string;
}

/** What one case does, with services in a namespace of its own. */
export class Trial extends EngineTrial {
  readonly namespace: string;
  readonly driver: KubernetesDriver;

  private constructor(readonly lab: Lab) {
    super(() => ({ driver: this.driver, image: lab.node, command: openCommand, rollout }));
    this.namespace = `rebake-test-${lab.run}-${this.environmentId.slice(-8)}`;
    this.driver = lab.newDriver(() => this.namespace);
  }

  static async open(lab: Lab): Promise<Trial> {
    const trial = new Trial(lab);
    const { namespace } = trial;
    await lab.cluster.createNamespace(namespace);
    // Pods cannot be made before.
    await trial.until("the namespace is ready", async () => {
      const { items } = await lab.cluster.core.listNamespacedServiceAccount({ namespace });
      return items.some(({ secrets = [] }) => secrets.length > 0);
    });
    return trial;
  }

  /** The cluster takes its time to end what is in the namespace: nobody waits for that. */
  async close(): Promise<void> {
    await this.driver.close();
    await this.lab.cluster.deleteNamespace(this.namespace);
    await this.closeAll();
  }

  get core() {
    return this.lab.cluster.core;
  }

  /** Of a service, the oldest first, also those that are about to go. */
  async allPods({ serviceId }: ServiceRef): Promise<V1Pod[]> {
    const labelSelector = `rebake/service-id=${serviceId}`;
    const { items } = await this.core.listNamespacedPod({ namespace: this.namespace, labelSelector });
    const age = ({ metadata }: V1Pod) => metadata!.creationTimestamp!.getTime();
    return items.sort((a, b) => age(a) - age(b));
  }

  /** Those that are not going. */
  async pods(ref: ServiceRef): Promise<V1Pod[]> {
    return (await this.allPods(ref)).filter(({ metadata }) => !metadata!.deletionTimestamp);
  }

  /** The only one that is not going. */
  async pod({ ref }: Pick<Target, "ref">): Promise<V1Pod> {
    const found = await this.pods(ref);
    expect(found, "pods").to.have.length(1);
    return found[0]!;
  }

  async deployment({ ref }: Pick<Target, "ref">): Promise<V1Deployment> {
    return this.lab.cluster.apps.readNamespacedDeployment({ namespace: this.namespace, name: ref.name });
  }

  async daemonSet({ ref }: Pick<Target, "ref">): Promise<V1DaemonSet> {
    return this.lab.cluster.apps.readNamespacedDaemonSet({ namespace: this.namespace, name: ref.name });
  }

  async service({ ref }: Pick<Target, "ref">): Promise<V1Service> {
    return this.core.readNamespacedService({ namespace: this.namespace, name: ref.name });
  }

  /** Text of the app's answer, as soon as it answers. */
  async ask(pod: V1Pod, path: string): Promise<string> {
    const [container] = pod.spec!.containers;
    const port = container!.ports?.find(({ protocol }) => protocol === "TCP")?.containerPort ?? usualPort;
    return this.until(`an answer of ${pod.metadata!.name} at ${port}`, () =>
      // A kept connection would outlive the test file.
      fetch(`http://${pod.status!.podIP}:${port}${path}`, { headers: { connection: "close" } }).then(
        async (answer) => (await answer.text()) || " ",
        () => null,
      ),
    );
  }

  async about(target: Pick<Target, "ref">): Promise<About> {
    return JSON.parse(await this.ask(await this.pod(target), "/about")) as About;
  }

  /** Requests that its only replica got. */
  async requests(target: Pick<Target, "ref">): Promise<Request[]> {
    return JSON.parse(await this.ask(await this.pod(target), "/seen")) as Request[];
  }

  /** Exit code and output of a program in the only container. */
  async attempt(target: Pick<Target, "ref">, ...argv: string[]): Promise<{ code: number; out: string }> {
    const query = new URLSearchParams({ argv: JSON.stringify(argv) });
    return JSON.parse(await this.ask(await this.pod(target), `/run?${query}`));
  }

  /** What a program that must work prints in the only container. */
  async run(target: Pick<Target, "ref">, ...argv: string[]): Promise<string> {
    const { code, out } = await this.attempt(target, ...argv);
    expect(code, out).to.equal(0);
    return out;
  }

  /** All that anybody may read of a service who may not read secrets. */
  async told(target: Pick<Target, "ref">): Promise<string> {
    const { namespace } = this;
    const labelSelector = `rebake/service-id=${target.ref.serviceId}`;
    const objects = await Promise.all([
      this.deployment(target),
      this.pods(target.ref),
      this.core.listNamespacedConfigMap({ namespace, labelSelector }),
      this.core.listNamespacedEvent({ namespace }),
    ]);
    return JSON.stringify(objects);
  }

  protected async lives(ref: ServiceRef): Promise<string[]> {
    return (await this.pods(ref)).map(
      ({ metadata, status }) => `${metadata!.name} ${status!.containerStatuses?.[0]?.restartCount}`,
    );
  }

  protected async story(ref: ServiceRef): Promise<string> {
    const pods = await this.allPods(ref).catch(() => []);
    const lines = pods.map(({ metadata, status }) =>
      [
        metadata!.name,
        metadata!.deletionTimestamp ?? "stays",
        JSON.stringify(status!.containerStatuses),
      ].join(" "),
    );
    return `pods:\n${lines.join("\n")}\n`;
  }
}
