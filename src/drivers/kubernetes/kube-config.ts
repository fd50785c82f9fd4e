import type { Cluster, KubeConfig, User } from "@kubernetes/client-node";
import type { KubernetesConnection } from "../../domain/connection.js";
import { OperationFailure } from "../../errors.js";

/**
 * What the client library reaches the cluster of a connection with, its context being the current one.
 * @throws OperationFailure ENGINE_UNREACHABLE for `inCluster` when this server runs in no pod
 */
export async function kubeConfigOf(connection: KubernetesConnection): Promise<KubeConfig> {
  // The library is large: servers without clusters do without it.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  read(config, connection);
  config.clusters = config.clusters.map(withoutTlsOnLoopback);
  return config;
}

function read(
  config: KubeConfig,
  { kubeconfig, context, inCluster, server, token, ca }: KubernetesConnection,
): void {
  if (inCluster) {
    assertInPod();
    config.loadFromCluster();
  } else if (kubeconfig !== null) {
    config.loadFromString(kubeconfig);
    config.setCurrentContext(context ?? config.getCurrentContext());
  } else {
    config.loadFromClusterAndUser(clusterAt(server!, ca), { name: "user", token: token! } satisfies User);
  }
}

function clusterAt(server: string, ca: string | null): Cluster {
  const cluster = { name: "cluster", server, skipTLSVerify: false };
  return ca === null ? cluster : { ...cluster, caData: Buffer.from(ca).toString("base64") };
}

/** The library refuses to speak plain HTTP, which connections do on loopback only, unless told not to verify TLS. */
function withoutTlsOnLoopback(cluster: Cluster): Cluster {
  return cluster.server.startsWith("http://") ? { ...cluster, skipTLSVerify: true } : cluster;
}

/** Elsewhere the library would make up an address. */
function assertInPod(): void {
  if (!process.env.KUBERNETES_SERVICE_HOST) {
    const message =
      "The environment's cluster is the one that this server runs in, but it runs in no pod: give a kubeconfig, or server and token, with updateEnvironment.";
    throw new OperationFailure("ENGINE_UNREACHABLE", message);
  }
}
