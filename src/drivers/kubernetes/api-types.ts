/** What this driver reads and writes of the Kubernetes API: https://kubernetes.io/docs/reference/kubernetes-api/ */

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: { uid: string; kind: string; name: string; controller?: boolean }[];
  managedFields?: ManagedFields[];
}

/** Which fields a manager has set: https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
export interface ManagedFields {
  manager: string;
  operation: "Apply" | "Update";
  subresource?: string;
  apiVersion: string;
  time?: string;
  fieldsType: "FieldsV1";
  fieldsV1: FieldTree;
}
/** Keys are `f:<field>`, `k:<json of the key>`, `v:<json of the value>`, `i:<index>` or `.` for the entry itself. */
export interface FieldTree {
  [key: string]: FieldTree;
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

export interface ProbeSpec {
  httpGet?: { path: string; port: number; scheme?: string };
  tcpSocket?: { port: number };
  exec?: { command: string[] };
  initialDelaySeconds: number;
  periodSeconds: number;
  timeoutSeconds: number;
  successThreshold: number;
  failureThreshold: number;
}

export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: {
    secretKeyRef?: { name: string; key: string };
    fieldRef?: { apiVersion: string; fieldPath: string };
  };
}

export interface ContainerPort {
  name?: string;
  containerPort: number;
  /** TCP when nothing is said. */
  protocol?: string;
}

export interface ContainerSpec {
  name: string;
  /** Of one in `initContainers` that is to run on beside the app: `Always`, from Kubernetes 1.28 on. */
  restartPolicy?: string;
  image?: string;
  imagePullPolicy?: string;
  command?: string[];
  args?: string[];
  workingDir?: string;
  env?: EnvVar[];
  envFrom?: { secretRef?: { name: string } }[];
  ports?: ContainerPort[];
  readinessProbe?: ProbeSpec;
  livenessProbe?: ProbeSpec;
  lifecycle?: { preStop: { exec: { command: string[] } } };
  resources?: { limits?: Record<string, string>; requests?: Record<string, string> };
  volumeMounts?: { name: string; mountPath: string; subPath?: string; readOnly?: boolean }[];
}

export interface PodSpec {
  containers: ContainerSpec[];
  initContainers?: ContainerSpec[];
  volumes?: Record<string, unknown>[];
  imagePullSecrets?: { name: string }[];
  serviceAccountName?: string;
  affinity?: unknown;
  enableServiceLinks?: boolean;
  terminationGracePeriodSeconds?: number;
  nodeName?: string;
}

export interface PodTemplate {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: PodSpec;
}

export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface WorkloadSpec {
  /** Not of a DaemonSet. */
  replicas?: number;
  selector: { matchLabels?: Record<string, string>; matchExpressions?: unknown[] };
  template: PodTemplate;
  minReadySeconds?: number;
  paused?: boolean;
  revisionHistoryLimit?: number;
  progressDeadlineSeconds?: number;
  strategy?: unknown;
  updateStrategy?: unknown;
}

/** A Deployment or a DaemonSet. */
export interface Workload extends KubeObject {
  spec: WorkloadSpec;
  status?: {
    observedGeneration?: number;
    conditions?: Condition[];
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    availableReplicas?: number;
    desiredNumberScheduled?: number;
    updatedNumberScheduled?: number;
    numberAvailable?: number;
    numberReady?: number;
  };
}

export interface ReplicaSet extends KubeObject {
  spec: { replicas?: number; template?: PodTemplate };
  status?: { replicas?: number; conditions?: Condition[] };
}

export interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: {
    exitCode: number;
    signal?: number;
    reason?: string;
    message?: string;
    startedAt?: string;
    finishedAt?: string;
  };
}

export interface ContainerStatus {
  name: string;
  ready: boolean;
  started?: boolean;
  restartCount: number;
  image?: string;
  state?: ContainerState;
  lastState?: ContainerState;
}

export interface Pod extends KubeObject {
  spec: PodSpec;
  status?: {
    phase?: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
    reason?: string;
    message?: string;
    podIP?: string;
    startTime?: string;
    conditions?: Condition[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

export interface ServicePort {
  name?: string;
  protocol?: string;
  port: number;
  targetPort?: number | string;
  nodePort?: number;
}

export interface KubeService extends KubeObject {
  spec: {
    type?: string;
    clusterIP?: string;
    ports?: ServicePort[];
    selector?: Record<string, string>;
    externalTrafficPolicy?: string;
  };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}

export interface KubeNode extends KubeObject {
  status?: { addresses?: { type: string; address: string }[]; conditions?: Condition[] };
}

export interface KubeEvent extends KubeObject {
  type?: string;
  reason?: string;
  message?: string;
  lastTimestamp?: string | null;
  eventTime?: string | null;
  involvedObject: { uid?: string; kind?: string; name?: string; fieldPath?: string };
}

export interface List<T> {
  metadata: { resourceVersion: string; continue?: string };
  items: T[];
}

export interface WatchEvent<T> {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: T;
}
