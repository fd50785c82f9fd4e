/** How the engine of an environment is reached. Its keys are kept encrypted and never shown. */
export interface SwarmConnection {
  /** `unix:///var/run/docker.sock`, or `tcp://host:2376` with TLS, or `tcp://host:2375` without. */
  host: string;
  /** PEM texts, for `tcp://` with TLS; all null without. */
  ca: string | null;
  certificate: string | null;
  key: string | null;
}

/** How the cluster of an environment is reached, and which namespace of it is the environment's. Its keys are kept encrypted and never shown. */
export interface KubernetesConnection {
  /** Text of a kubeconfig; null: by one of the other ways. */
  kubeconfig: string | null;
  /** Of the kubeconfig; null: its current one. */
  context: string | null;
  /** With the service account that the cluster gives to the pod in which this server runs. */
  inCluster: boolean;
  /** e.g. `https://10.0.0.1:6443`, with token and ca (ca null: a CA that this server's system knows). */
  server: string | null;
  token: string | null;
  ca: string | null;
  /** Made when it is missing. A DNS label. */
  namespace: string;
}

/** What may be shown of a connection. */
export interface Engine {
  /** Where it is; `in-cluster` for the cluster that this server is part of. */
  host: string;
  tls: boolean;
  /** The environment's part of a cluster; engines that are one environment's as a whole have none. */
  namespace?: string;
}

/** The engines that drivers speak to, by environment. */
export interface Connections<Connection> {
  /** Ids of the environments of this kind that are not deleted. */
  environments(): Promise<string[]>;
  /**
   * As it is now.
   * @throws OperationFailure ENGINE_UNREACHABLE when the environment has none
   */
  of(environmentId: string): Promise<Connection>;
}

/** What a connection's ciphertext is bound to, so that it opens nowhere else. */
export function connectionContext(environmentId: string): string {
  return `environment-connection:${environmentId}`;
}
