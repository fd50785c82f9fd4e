import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect } from "chai";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import type { KubeObject, Pod, ReplicaSet, Workload } from "../../../src/drivers/kubernetes/api-types.js";
import type { KubernetesDriver } from "../../../src/drivers/kubernetes/index.js";
import { engineName, labels } from "../../../src/drivers/kubernetes/names.js";
import { type Kind, listPath, objectPath } from "../../../src/drivers/kubernetes/paths.js";
import { hasEnded, isReady, operationOf } from "../../../src/drivers/kubernetes/pods.js";
import type { CauseCode } from "../../../src/errors.js";
import type { ServiceRef, Target } from "../../../src/operations/driver.js";
import { CuttableProxy } from "../../support/cuttable-proxy.js";
import { EngineProxy } from "../../support/engine-proxy.js";
import { Recorder, type SpecFields } from "../bench.js";
import { EngineScene, httpProbe } from "../scene.js";
import { nodeImage, type Yard } from "./yard.js";

/** What one case does, with a namespace of its own. */
export class Scene extends EngineScene<KubernetesDriver> {
  protected readonly image = nodeImage;
  protected readonly fields: SpecFields = { readiness: httpProbe };
  readonly namespace: string;

  constructor(readonly yard: Yard) {
    super(yard.driver);
    this.namespace = yard.namespaceOf(this.environmentId);
  }

  /** The cluster removes what is in a namespace with it, which takes it a minute: nobody waits for that. */
  async clear(): Promise<void> {
    await this.closeAll();
    this.driver = this.yard.driver;
    await this.yard.api.remove("namespace", `/api/v1/namespaces/${this.namespace}`);
  }

  readonly source = (path: string | null = null) => ({
    repository: `${this.yard.repositories}/app`,
    branch: "main",
    commit: null,
    path,
    credential: null,
  });

  /** As the cluster has it. */
  readonly deployment = async (ref: ServiceRef): Promise<Workload> => {
    const name = engineName(ref);
    const found = await this.yard.api.get<Workload>(
      "deployment",
      objectPath("Deployment", this.namespace, name),
    );
    return found ?? expect.fail(`there is no deployment ${name}`);
  };

  readonly list = async <T extends KubeObject>(kind: Kind): Promise<T[]> =>
    (await this.yard.api.list<T>(kind, listPath(kind, this.namespace))).items;

  readonly sets = (): Promise<ReplicaSet[]> => this.list<ReplicaSet>("ReplicaSet");

  /** That have not ended: also those that were told to. */
  readonly living = async (ref: ServiceRef): Promise<Pod[]> => {
    const pods = await this.list<Pod>("Pod");
    return pods.filter((pod) => pod.metadata.name.startsWith(`${engineName(ref)}-`) && !hasEnded(pod));
  };

  /** Uids of the pods that serve. */
  readonly serving = async (ref: ServiceRef): Promise<string[]> =>
    (await this.living(ref))
      .filter(isReady)
      .map(({ metadata }) => metadata.uid)
      .sort();

  /** What the cluster says of the pods, for messages of failures. */
  readonly history = async (): Promise<string> =>
    (await this.list<Pod>("Pod"))
      .map((pod) =>
        [
          pod.metadata.name,
          operationOf(pod),
          pod.metadata.creationTimestamp,
          pod.metadata.deletionTimestamp ?? "stays",
          JSON.stringify(pod.status?.containerStatuses?.map(({ state }) => state)),
        ].join(" "),
      )
      .join("\n");

  /** What somebody does in the namespace, e.g. `scale`, `deployment/orders`, `--replicas=2`. */
  readonly kubectl = (...args: string[]): Promise<string> =>
    this.yard.kubectl("--namespace", this.namespace, ...args);

  /** `kubectl apply` of these objects. */
  readonly apply = async (...objects: object[]): Promise<void> => {
    const args = ["--kubeconfig", process.env.TEST_KUBECONFIG!, "--namespace", this.namespace];
    const child = spawn("kubectl", [...args, "apply", "-f", "-"], { stdio: ["pipe", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk) => {
      said += chunk;
    });
    child.stdin.end(JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    const [code] = await once(child, "close");
    expect(code, said).to.equal(0);
  };

  /** How kubectl names what runs a service. */
  readonly named = (ref: ServiceRef): string => `deployment/${engineName(ref)}`;

  /** A server with something in front of its cluster; this case goes on with it. */
  readonly behind = async (): Promise<EngineProxy> => {
    const proxy = await EngineProxy.open(await this.yard.access());
    const server = `http://127.0.0.1:${proxy.port}`;
    this.yard.reach(this.environmentId, { kubeconfig: null, server, token: "the proxy's own" });
    this.goOnWith(() => proxy.close());
    return proxy;
  };

  /** A server whose line to its cluster can be cut; `to`: what is at its other end. */
  readonly onLine = async (to: EngineProxy | null = null): Promise<CuttableProxy> => {
    const line = await CuttableProxy.start();
    line.target = to ? to.port : Number(this.yard.server.port || 443);
    const connection = to
      ? { kubeconfig: null, server: line.url, token: "the proxy's own" }
      : { kubeconfig: this.yard.kubeconfigAt(line.url.replace("http:", "https:")) };
    this.yard.reach(this.environmentId, connection);
    this.goOnWith(() => line.close());
    return line;
  };

  private goOnWith(close: () => unknown): void {
    const driver = this.yard.newDriver();
    this.driver = driver;
    this.closing(close);
    this.closing(() => driver.close());
  }

  /** Another server of the same installation, as it is started after a crash. */
  readonly successor = (): KubernetesDriver => {
    const driver = this.yard.newDriver();
    this.closing(() => driver.close());
    return driver;
  };

  /** What is in the namespace of services, but for what every namespace has and the deployer that all share. */
  readonly remains = async (): Promise<string[]> => {
    const kinds = ["Deployment", "DaemonSet", "Service", "ConfigMap", "Secret"] as const;
    const lists = await Promise.all(kinds.map(async (kind) => ({ kind, found: await this.list(kind) })));
    return lists
      .flatMap(({ kind, found }) =>
        found
          .filter(({ metadata }) => metadata.labels?.[labels.serviceId] !== undefined)
          .map(({ metadata }) => `${kind} ${metadata.name}`),
      )
      .sort();
  };

  /**
   * `next` must fail with that cause, the old ones go on as if nothing had been, and nothing of the new be left.
   * Prints how long it took.
   */
  readonly failsWith = async (code: CauseCode, next: RenderedSpec, facts: Partial<Target> = {}) => {
    const ref = this.ref();
    const old = await this.deploy(this.target(ref, this.tiny("", { rollout: { monitor: 0 } })));
    return this.failsOver(old, code, next, facts);
  };

  readonly failsOver = async (
    old: Target,
    code: CauseCode,
    next: RenderedSpec,
    facts: Partial<Target> = {},
  ) => {
    const { ref } = old;
    const [before, remained, { spec }] = [
      await this.serving(ref),
      await this.remains(),
      await this.deployment(ref),
    ];
    const target = this.target(ref, next, facts);
    const gaps = this.watchServing(ref);
    const report = new Recorder();
    const begun = Date.now();
    const { verdict, cause } = await this.replace(old, target, report);
    const seconds = (Date.now() - begun) / 1000;
    console.log(`        ${cause?.code} after ${seconds.toFixed(1)} s: ${cause?.message}`);
    expect(cause, `${cause?.message}\n${await this.history()}`).to.have.property("code", code);
    expect(verdict).to.equal("FAILED");
    expect(await this.serving(ref), await this.history()).to.deep.equal(before);
    expect(await gaps.end(), "looks at which none served").to.equal(0);
    await this.expectStands(old);
    expect((await this.deployment(ref)).spec).to.deep.equal(spec);
    expect(await this.remains()).to.deep.equal(remained);
    const failed = report.steps.filter(({ state }) => state === "FAILED").map(({ step }) => step);
    return { seconds, cause: cause!, failed, old };
  };

  /** Counts at how many looks, several a second, no pod of a service was ready. */
  readonly watchServing = (ref: ServiceRef) => {
    let isOver = false;
    let gaps = 0;
    const looking = this.until(
      "it is over",
      async () => {
        gaps += (await this.serving(ref)).length === 0 ? 1 : 0;
        return isOver;
      },
      300,
    );
    const end = async () => {
      isOver = true;
      await looking;
      return gaps;
    };
    this.closing(end);
    return { end };
  };

  /** The cluster has what was deployed, in all pods, and nothing of another operation. */
  readonly expectStands = async ({ ref, stamp }: Target): Promise<void> => {
    // A pod whose preparing had failed before it was told to go is told to have ended, and then not, until it is deleted.
    const isAlone = async () =>
      (await this.living(ref)).every((pod) => operationOf(pod) === stamp.operationId);
    await this.until("nothing else lives", isAlone).catch(() => {});
    const living = await this.living(ref);
    expect(living.map(operationOf), await this.history()).to.deep.equal(living.map(() => stamp.operationId));
    // After the API server was away its watches come back one by one.
    const inspect = () => this.driver.inspect(ref);
    await this.until("the cluster is watched", async () => (await inspect()).state !== "UNKNOWN");
    const observed = await inspect();
    expect(observed).to.include({ state: "RUNNING", operationId: stamp.operationId, drifted: false });
  };
}
