/** What of the Docker Engine's API (1.41) this driver reads and writes; durations are in nanoseconds. */

export interface Named {
  Name: string;
  Labels?: Record<string, string>;
}

/** A config or secret mounted as a file. */
export interface FileMount {
  File: { Name: string; UID: string; GID: string; Mode: number };
}
export type ConfigMount = FileMount & { ConfigID: string; ConfigName: string };
export type SecretMount = FileMount & { SecretID: string; SecretName: string };

export interface Mount {
  Type: "volume" | "bind";
  Source: string;
  Target: string;
  ReadOnly?: boolean;
  VolumeOptions?: { Labels?: Record<string, string> };
}

export interface Healthcheck {
  Test: string[];
  Interval: number;
  Timeout: number;
  Retries: number;
  StartPeriod: number;
}

export interface ContainerSpec {
  Image: string;
  Labels?: Record<string, string>;
  Command?: string[];
  Args?: string[];
  Env?: string[];
  Dir?: string;
  Mounts?: Mount[];
  StopSignal?: string;
  StopGracePeriod?: number;
  Healthcheck?: Healthcheck;
  Configs?: ConfigMount[];
  Secrets?: SecretMount[];
}

export interface TaskTemplate {
  ContainerSpec: ContainerSpec;
  Resources?: { Limits?: { MemoryBytes?: number; NanoCPUs?: number } };
  RestartPolicy?: { Condition?: "none" | "on-failure" | "any"; Delay?: number; MaxAttempts?: number };
  Placement?: { Constraints?: string[] };
  Networks?: { Target: string; Aliases?: string[] }[];
  ForceUpdate?: number;
}

export interface UpdateConfig {
  Parallelism: number;
  Delay?: number;
  FailureAction: "pause" | "continue" | "rollback";
  Monitor: number;
  MaxFailureRatio: number;
  Order: "start-first" | "stop-first";
}

export interface PortConfig {
  Name?: string;
  Protocol: "tcp" | "udp";
  TargetPort: number;
  PublishedPort?: number;
  PublishMode: "ingress" | "host";
}

export interface ServiceSpec extends Named {
  TaskTemplate: TaskTemplate;
  Mode: { Replicated?: { Replicas: number }; Global?: Record<string, never> };
  UpdateConfig?: UpdateConfig;
  EndpointSpec?: { Mode?: "vip" | "dnsrr"; Ports?: PortConfig[] };
}

export type UpdateState =
  | "updating"
  | "paused"
  | "completed"
  | "rollback_started"
  | "rollback_paused"
  | "rollback_completed";

export interface EngineService {
  ID: string;
  Version: { Index: number };
  CreatedAt: string;
  UpdatedAt: string;
  Spec: ServiceSpec;
  PreviousSpec?: ServiceSpec;
  Endpoint?: { Ports?: PortConfig[] };
  UpdateStatus?: { State?: UpdateState; Message?: string };
  /** Only when it was asked for with `status`. */
  ServiceStatus?: { RunningTasks: number; DesiredTasks: number };
}

export interface EngineTask {
  ID: string;
  CreatedAt: string;
  ServiceID: string;
  /** 0 for GLOBAL services. */
  Slot?: number;
  NodeID?: string;
  Spec: TaskTemplate;
  DesiredState: string;
  Status: {
    Timestamp: string;
    State: string;
    Message?: string;
    Err?: string;
    ContainerStatus?: { ContainerID?: string; PID?: number; ExitCode?: number };
    PortStatus?: { Ports?: PortConfig[] };
  };
}

export interface EngineInfo {
  ServerVersion: string;
  Swarm: {
    NodeID: string;
    LocalNodeState: string;
    ControlAvailable: boolean;
    Nodes?: number;
    Managers?: number;
    Error?: string;
  };
}

export interface EngineNode {
  ID: string;
  Description: { Hostname: string };
  Status: { State: string; Addr: string };
  Spec: { Availability: string; Role?: string; Labels?: Record<string, string> };
}

/** A config or secret. */
export interface EngineObject {
  ID: string;
  CreatedAt: string;
  Spec: { Name: string };
}

/** An entry of the engine's event stream. */
export interface EngineEvent {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
}
