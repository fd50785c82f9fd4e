import { readFileSync } from "node:fs";
import {
  ApiException,
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  PatchStrategy,
  setHeaderOptions,
  type V1ContainerStatus,
  type V1Pod,
} from "@kubernetes/client-node";

/** Label that everything of a service bears, with the service's id. */
const serviceLabel = "rebake/service-id";

/** Something in a namespace. */
export interface Thing {
  /** e.g. `deployment` */
  kind: string;
  name: string;
  /** Whether it will be gone without anybody's doing: it is being deleted, or what it belongs to is gone. */
  ending: boolean;
}

type Listed = KubernetesObject & { type?: string };

/** What tests see and do on a cluster themselves, past the driver. Each call has a connection of its own. */
export class Cluster {
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  private readonly batch: BatchV1Api;
  /** The kubeconfig without paths to other files, and with its current context alone. */
  readonly kubeconfig: string;

  /** @param file path of a kubeconfig whose current context may make namespaces */
  constructor(file: string) {
    const config = new KubeConfig();
    config.loadFromFile(file);
    this.core = config.makeApiClient(CoreV1Api);
    this.apps = config.makeApiClient(AppsV1Api);
    this.batch = config.makeApiClient(BatchV1Api);
    this.kubeconfig = selfContained(config);
  }

  async createNamespace(name: string): Promise<void> {
    await this.core.createNamespace({ body: { metadata: { name } } });
  }

  async deleteNamespace(name: string): Promise<void> {
    await this.core.deleteNamespace({ name }).catch(unlessGone);
  }

  async hasNamespace(name: string): Promise<boolean> {
    return (await this.core.readNamespace({ name }).catch(unlessGone)) !== undefined;
  }

  /** Pods in which a service runs now, or will as soon as its node has come to it. */
  async living(namespace: string, serviceId: string): Promise<string[]> {
    const labelSelector = `${serviceLabel}=${serviceId}`;
    const { items } = await this.core.listNamespacedPod({ namespace, labelSelector });
    return items.filter(lives).map(({ metadata, status }) => `${metadata!.name} ${status!.phase}`);
  }

  /**
   * All that is in a namespace, of a service or of all, but for what every namespace has by itself, and for pods of which
   * nothing runs any more: their node takes its time to clear up after them.
   * @param serviceId null: of all
   */
  async things(namespace: string, serviceId: string | null): Promise<Thing[]> {
    const { core, apps, batch } = this;
    const kinds: [string, Promise<KubernetesListObject<Listed>>][] = [
      ["deployment", apps.listNamespacedDeployment({ namespace })],
      ["daemonset", apps.listNamespacedDaemonSet({ namespace })],
      ["statefulset", apps.listNamespacedStatefulSet({ namespace })],
      ["replicaset", apps.listNamespacedReplicaSet({ namespace })],
      ["controllerrevision", apps.listNamespacedControllerRevision({ namespace })],
      ["job", batch.listNamespacedJob({ namespace })],
      ["pod", core.listNamespacedPod({ namespace })],
      ["service", core.listNamespacedService({ namespace })],
      ["configmap", core.listNamespacedConfigMap({ namespace })],
      ["secret", core.listNamespacedSecret({ namespace })],
      ["persistentvolumeclaim", core.listNamespacedPersistentVolumeClaim({ namespace })],
    ];
    const lists = await Promise.all(
      kinds.map(async ([kind, listing]) => (await listing).items.map((object) => ({ kind, object }))),
    );
    const all = lists.flat();
    const uids = new Set(all.map(({ object }) => object.metadata!.uid!));
    return all
      .filter(({ kind, object }) => !isBuiltIn(kind, object))
      .filter(({ kind, object }) => kind !== "pod" || lives(object as V1Pod))
      .filter(({ object }) => serviceId === null || object.metadata!.labels?.[serviceLabel] === serviceId)
      .map(({ kind, object }) => ({ kind, name: object.metadata!.name!, ending: isEnding(object, uids) }));
  }

  /** As `kubectl set env` does with `BY_HAND=1`, for the Deployment or DaemonSet of a service. */
  async addVariable(namespace: string, serviceId: string): Promise<void> {
    const { apps } = this;
    const which = { namespace, labelSelector: `${serviceLabel}=${serviceId}` };
    const [deployment] = (await apps.listNamespacedDeployment(which)).items;
    const [daemonSet] = (await apps.listNamespacedDaemonSet(which)).items;
    const { metadata, spec } = (deployment ?? daemonSet)!;
    const env = [{ name: "BY_HAND", value: "1" }];
    const containers = spec!.template.spec!.containers.map(({ name }) => ({ name, env }));
    const body = { spec: { template: { spec: { containers } } } };
    const request = { namespace, name: metadata!.name!, fieldManager: "kubectl-set", body };
    const options = setHeaderOptions("Content-Type", PatchStrategy.StrategicMergePatch);
    await (deployment
      ? apps.patchNamespacedDeployment(request, options)
      : apps.patchNamespacedDaemonSet(request, options));
  }

  /** A Service of somebody else, with that port on every node; returns its name. */
  async takeNodePort(namespace: string, nodePort: number): Promise<string> {
    const name = `squatter-${nodePort}`;
    const ports = [{ port: 80, nodePort }];
    const body = { metadata: { name }, spec: { type: "NodePort", selector: { app: name }, ports } };
    await this.core.createNamespacedService({ namespace, body });
    return name;
  }

  async deleteService(namespace: string, name: string): Promise<void> {
    await this.core.deleteNamespacedService({ namespace, name }).catch(unlessGone);
  }
}

function unlessGone(error: unknown): undefined {
  if (!(error instanceof ApiException) || error.code !== 404) {
    throw error;
  }
}

/** A pod that is being deleted lives for as long as something in it runs. */
function lives({ metadata, status }: V1Pod): boolean {
  if (status?.phase === "Succeeded" || status?.phase === "Failed") {
    return false;
  }
  const containers: V1ContainerStatus[] = [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ];
  return metadata!.deletionTimestamp === undefined || containers.some(({ state }) => state?.running);
}

function isEnding({ metadata }: Listed, uids: ReadonlySet<string>): boolean {
  const owners = metadata!.ownerReferences ?? [];
  return metadata!.deletionTimestamp !== undefined || owners.some(({ uid }) => !uids.has(uid));
}

function isBuiltIn(kind: string, { metadata, type }: Listed): boolean {
  return (
    (kind === "configmap" && metadata!.name === "kube-root-ca.crt") ||
    (kind === "secret" && type === "kubernetes.io/service-account-token")
  );
}

function selfContained(config: KubeConfig): string {
  const alone = new KubeConfig();
  const context = config.getContextObject(config.currentContext)!;
  const cluster = config.getCurrentCluster()!;
  const user = config.getCurrentUser()!;
  const inlined = (data: string | undefined, file: string | undefined) =>
    data ?? (file === undefined ? undefined : readFileSync(file).toString("base64"));
  alone.loadFromOptions({
    clusters: [{ ...cluster, caData: inlined(cluster.caData, cluster.caFile), caFile: undefined }],
    users: [
      {
        ...user,
        certData: inlined(user.certData, user.certFile),
        certFile: undefined,
        keyData: inlined(user.keyData, user.keyFile),
        keyFile: undefined,
      },
    ],
    contexts: [context],
    currentContext: config.currentContext,
  });
  return alone.exportConfig();
}
