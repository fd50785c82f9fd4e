import {
  CoreV1Api,
  KubeConfig,
  RbacAuthorizationV1Api,
  type RbacV1Subject,
  type V1PolicyRule,
} from "@kubernetes/client-node";
import type { KubernetesConnection } from "../../../src/domain/connection.js";
import { until } from "../bench.js";

const name = "rebake";
const rbac = "rbac.authorization.k8s.io";

/** A service account in a namespace, by whose token a driver reaches the cluster, and what it is allowed. */
export class Account {
  private constructor(
    private readonly rights: RbacAuthorizationV1Api,
    private readonly namespace: string,
    readonly connection: KubernetesConnection,
  ) {}

  /** @param kubeconfig text, of somebody who may do anything; the namespace has to be there */
  static async open(kubeconfig: string, namespace: string): Promise<Account> {
    const config = new KubeConfig();
    config.loadFromString(kubeconfig);
    const core = config.makeApiClient(CoreV1Api);
    await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
    const metadata = { name: "token", annotations: { "kubernetes.io/service-account.name": name } };
    const body = { metadata, type: "kubernetes.io/service-account-token" };
    await core.createNamespacedSecret({ namespace, body });
    const token = await until("the account has a token", async () => {
      const { data } = await core.readNamespacedSecret({ namespace, name: "token" });
      return data?.token;
    });
    const { server, caData } = config.getCurrentCluster()!;
    const connection = {
      ...{ kubeconfig: null, context: null, inCluster: false, server, namespace },
      token: Buffer.from(token, "base64").toString(),
      ca: Buffer.from(caData!, "base64").toString(),
    };
    return new Account(config.makeApiClient(RbacAuthorizationV1Api), namespace, connection);
  }

  /**
   * From now on, as soon as the cluster has heard of it: what it may do in its namespace.
   * @param rules null: nothing
   */
  async mayHere(rules: V1PolicyRule[] | null): Promise<void> {
    const { namespace, rights } = this;
    await rights.deleteNamespacedRole({ namespace, name }).catch(unlessGone);
    await rights.createNamespacedRole({ namespace, body: { metadata: { name }, rules: rules ?? [] } });
    const roleRef = { apiGroup: rbac, kind: "Role", name };
    const body = { metadata: { name }, roleRef, subjects: this.subjects };
    await rights.createNamespacedRoleBinding({ namespace, body }).catch(unlessThere);
  }

  /** As `mayHere`, of what is of the whole cluster. */
  async mayEverywhere(rules: V1PolicyRule[] | null): Promise<void> {
    const { rights, namespace: own } = this;
    await rights.deleteClusterRole({ name: own }).catch(unlessGone);
    await rights.createClusterRole({ body: { metadata: { name: own }, rules: rules ?? [] } });
    const roleRef = { apiGroup: rbac, kind: "ClusterRole", name: own };
    const body = { metadata: { name: own }, roleRef, subjects: this.subjects };
    await rights.createClusterRoleBinding({ body }).catch(unlessThere);
  }

  /** What is in its namespace goes with that. */
  async close(): Promise<void> {
    const { rights, namespace: own } = this;
    await rights.deleteClusterRoleBinding({ name: own }).catch(unlessGone);
    await rights.deleteClusterRole({ name: own }).catch(unlessGone);
  }

  private get subjects(): RbacV1Subject[] {
    return [{ kind: "ServiceAccount", name, namespace: this.namespace }];
  }
}

function unlessGone(error: { code?: number }): void {
  if (error.code !== 404) {
    throw error;
  }
}

function unlessThere(error: { code?: number }): void {
  if (error.code !== 409) {
    throw error;
  }
}
