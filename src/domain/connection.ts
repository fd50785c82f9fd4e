/** How the engine of an environment is reached. Its keys are kept encrypted and never shown. */
export interface SwarmConnection {
  /** `unix:///var/run/docker.sock`, or `tcp://host:2376` with TLS, or `tcp://host:2375` without. */
  host: string;
  /** PEM texts, for `tcp://` with TLS; all null without. */
  ca: string | null;
  certificate: string | null;
  key: string | null;
}

/** What may be shown of a connection. */
export interface Engine {
  host: string;
  tls: boolean;
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
