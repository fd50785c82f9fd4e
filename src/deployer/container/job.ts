/** What runs in a container beside the app is told to do: the JSON in `REBAKE_JOB`. */
export interface ContainerJob {
  /** Part of the marker that reports on stdout begin with, see `reportMarker`. */
  nonce: string;
  /**
   * In this order. Under Swarm the task does both; under Kubernetes an init container prepares and the app's own
   * container starts, with the same job but for this, and with the cache in a volume that both have.
   */
  commands: ContainerCommand[];
  /** Null: there is nothing to prepare, the command is started as it is. */
  source: ContainerSource | null;
  /**
   * Folder that outlives the container and is shared by the replicas of one node, e.g. `/rebake/cache`. When it cannot
   * be written, a folder for temporary files takes its place.
   */
  cache: string;
  /** What was installed with another image is not used again. */
  image: string | null;
  /** Null: `npm start`. */
  command: string[] | null;
  /** Behind the command; with `npm start` they are the script's. */
  args: string[] | null;
  /** Relative: below the source and its path, without a source below the image's own. Absolute: as it is. */
  workingDir: string | null;
  /**
   * SIGTERM is held back for so long while the app serves on, so that whoever still sends requests here learns that it
   * goes. A second one is passed on at once.
   */
  holdSeconds: number;
  /** Variable of the app -> file that has its value, exactly: nothing is trimmed. */
  secretEnv: Record<string, string>;
  /** JSON of a `GitCredential`; it is read when something is fetched, and only git gets to see it. */
  gitCredentialFile: string | null;
  /** How the app is from its start on, for whoever asks often and may not start a program that takes long. */
  health: ContainerHealth | null;
}
export interface ContainerHealth {
  /** Its first line is `ok`, or says what is wrong; it is there once the app was started. */
  file: string;
  /** What has to pass; null: that it was started. */
  probe: HttpProbe | TcpProbe | null;
  /** Between two probes, and before the first. In seconds; before the first that passes, at most one lies between two. */
  everySeconds: number;
  delaySeconds: number;
  /**
   * For apps without a probe of their own: ok, for good, once it has passed and the app has stayed up for so long after
   * it, in seconds. Null: it is as the last probe says.
   */
  settleSeconds: number | null;
}
export type ContainerCommand = "prepare" | "start";
export interface ContainerSource {
  repository: string;
  /** Full hash. */
  commit: string;
  /** Folder of the repository that is the app; null: all of it. */
  path: string | null;
}

/**
 * What `--probe` tries once. Apps that listen on `localhost` may have chosen either loopback address: both are tried.
 * It exits with 0 when it passes, for HTTP with any status from 200 to 399, else with 1 and a line that says why.
 * A program is run as the app of `REBAKE_JOB` is, in its folder and with its variables.
 */
export type ContainerProbe = HttpProbe | TcpProbe | ExecProbe;
export interface HttpProbe extends Probed {
  httpGet: true;
  /** With its query. */
  path: string;
}
export interface TcpProbe extends Probed {
  tcp: true;
}
interface Probed {
  port: number;
  /** For all of it. */
  timeoutMs: number;
}
export interface ExecProbe {
  /** Program and arguments. */
  exec: string[];
  timeoutMs: number;
}
