import type { ContainerJob } from "../../deployer/container/job.js";
import { factsOf, replicasOf } from "../../domain/facts.js";
import type { PortSpec } from "../../domain/recipe-spec.js";
import { OperationFailure } from "../../errors.js";
import type { Target } from "../../operations/driver.js";
import { cachePath, deployerPath, holdSecondsOf, nonceOf, type Programs } from "../engine/deployer.js";
import type { ContainerPort, ContainerSpec, EnvVar, PodTemplate, WorkloadSpec } from "./api-types.js";
import { escapeReferences, instanceReference, type SecretPart, variablesOf } from "./env.js";
import {
  annotations,
  engineName,
  labels,
  serviceAnnotations,
  serviceLabels,
  type WorkloadKind,
} from "./names.js";
import { gitCredentialFile, type Part, type PlannedMount, partsOf, pullSecret, secretPart } from "./parts.js";
import { kinds, workloadKind } from "./paths.js";
import { requirementOf } from "./placement.js";
import { healthOf, livenessOf, readinessOf } from "./probes.js";
import { downtime } from "./project.js";
import { isPortName } from "./qualified-names.js";

/** What this cluster can do that others cannot. */
export interface Features {
  /** Whether a DaemonSet may start the new one beside the old one: from Kubernetes 1.22 on. */
  daemonSurge: boolean;
}

/** The objects of a service. */
export interface Manifest {
  kind: WorkloadKind;
  name: string;
  parts: Part[];
  workload: { metadata: ManifestMeta; spec: Omit<WorkloadSpec, "selector"> };
}
export interface ManifestMeta {
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** What the containers are called. */
export const appContainer = "app";
export const prepareContainer = "prepare";

/** Seconds that an app gets to end once it was told to, besides its drain. */
const stopGrace = 10;
/** What the API takes when nothing is said, in seconds. */
const progressDeadline = 600;
/**
 * Said, because the API would not forget another one: it keeps the name also in the field that `serviceAccountName` took
 * the place of, and takes it from there when nothing is said.
 */
const usualAccount = "default";
/** Sets of earlier operations that are kept, for an undo by hand. */
const revisionHistoryLimit = 2;

/**
 * The service as the cluster is to have it. Pure.
 * @throws OperationFailure SPEC_INVALID
 */
export function manifestOf(target: Target, programs: Programs, features: Features): Manifest {
  const { ref, spec, stamp } = target;
  if (target.image === null) {
    const message = "The recipe names no image, of which pods are made: give it one, then rebuild.";
    throw new OperationFailure("SPEC_INVALID", message);
  }
  const name = engineName(ref);
  const ports = new Map(spec.ports.map((port) => [port.name, port.target]));
  const facts = factsOf(target, { instance: instanceReference, ports, files: "" });
  const made = partsOf(target, name, facts, programs);
  const secretOf = (all: readonly SecretPart[], part: "env" | "joined") =>
    secretPart(target, name, facts, all, part);
  const { env, secrets, joined } = variablesOf(target, facts, (all) => secretOf(all, "env").name);
  const joinedPart = joined.length > 0 ? secretOf(joined, "joined") : null;
  const pull = pullSecret(target, name);
  const parts = [
    ...made.parts,
    ...(secrets.length > 0 ? [secretOf(secrets, "env")] : []),
    ...(joinedPart ? [joinedPart] : []),
    ...(pull ? [pull] : []),
  ];
  const kind = workloadKind(spec.mode);
  const marks = { ...pairs(spec.labels), ...serviceLabels(programs.installation, ref) };
  const notes = { ...pairs(spec.annotations), ...serviceAnnotations(ref) };
  const template: PodTemplate = {
    metadata: {
      labels: { ...marks, [labels.operation]: stamp.operationId },
      annotations: notes,
    },
    spec: {
      ...(spec.source && { initContainers: [prepareOf(target, programs, made.prepareMounts)] }),
      containers: [appOf(target, programs, { env, joined: joinedPart?.name ?? null }, made.mounts)],
      ...(made.volumes.length > 0 && { volumes: made.volumes }),
      ...(pull && { imagePullSecrets: [{ name: pull.name }] }),
      serviceAccountName: spec.serviceAccount ?? usualAccount,
      ...affinityOf(target),
      // Variables like ORDERS_PORT for each Service of the namespace would be others with each start, and may be an app's own.
      enableServiceLinks: false,
      terminationGracePeriodSeconds: spec.rollout.drain + holdSecondsOf(target) + stopGrace,
    },
  };
  const built = {
    ...(kind === "Deployment" && { replicas: replicasOf(target) }),
    template,
    minReadySeconds: spec.rollout.monitor,
    revisionHistoryLimit,
    ...(kind === "Deployment"
      ? { progressDeadlineSeconds: progressDeadlineOf(target), strategy: strategyOf(target, features) }
      : { updateStrategy: updateStrategyOf(target, features) }),
  };
  return {
    kind,
    name,
    parts,
    workload: {
      metadata: {
        labels: marks,
        annotations: {
          ...notes,
          [annotations.operation]: stamp.operationId,
          [annotations.fence]: String(stamp.fence),
          [annotations.fingerprint]: target.fingerprint,
        },
      },
      spec: built,
    },
  };
}

/** How the API speaks of a kind: what has to be in whatever is applied. */
export function typeOf(kind: keyof typeof kinds): { apiVersion: string; kind: string } {
  return { apiVersion: kinds[kind].apiVersion, kind };
}

function pairs(list: { name: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

function appOf(
  target: Target,
  programs: Programs,
  { env, joined }: { env: EnvVar[]; joined: string | null },
  mounts: readonly PlannedMount[],
): ContainerSpec {
  const { spec } = target;
  const hasDeployer = spec.source !== null;
  const job = hasDeployer ? jobOf(target, programs, "start") : null;
  const readinessProbe = readinessOf(spec, hasDeployer);
  const livenessProbe = livenessOf(spec, hasDeployer);
  const [command, args] = hasDeployer
    ? [["node", deployerPath], null]
    : [spec.command?.map(escapeReferences), spec.args?.map(escapeReferences)];
  return {
    name: appContainer,
    ...imageOf(target),
    ...(command && { command }),
    ...(args && { args }),
    ...(spec.workingDir !== null && !hasDeployer && { workingDir: spec.workingDir }),
    ...(joined !== null && { envFrom: [{ secretRef: { name: joined } }] }),
    env: job ? [...env, job] : env,
    ...(spec.ports.length > 0 && { ports: containerPorts(spec.ports) }),
    ...(readinessProbe && { readinessProbe }),
    ...(livenessProbe && { livenessProbe }),
    ...preStopOf(target),
    ...resourcesOf(target),
    ...(mounts.length > 0 && { volumeMounts: mounts.map(mountOf) }),
  };
}

/** Each once: several ports of a service may lead to the same one, and the API takes none twice. */
export function containerPorts(ports: readonly PortSpec[]): ContainerPort[] {
  const byTarget = new Map(
    ports.map(({ name, target: containerPort, protocol }) => [
      `${containerPort}/${protocol}`,
      { ...(isPortName(name) && { name }), containerPort, protocol },
    ]),
  );
  return [...byTarget.values()];
}

/** Fetches and installs before the app's container is started, with the same image, and nothing of the app's secrets. */
function prepareOf(target: Target, programs: Programs, mounts: readonly PlannedMount[]): ContainerSpec {
  return {
    name: prepareContainer,
    ...imageOf(target),
    command: ["node", deployerPath],
    env: [jobOf(target, programs, "prepare")],
    ...resourcesOf(target),
    volumeMounts: mounts.map(mountOf),
  };
}

const policies = { ALWAYS: "Always", IF_NOT_PRESENT: "IfNotPresent", NEVER: "Never" } as const;

function imageOf({ image, spec }: Target): Pick<ContainerSpec, "image" | "imagePullPolicy"> {
  return { image: image!, imagePullPolicy: policies[spec.image?.pullPolicy ?? "IF_NOT_PRESENT"] };
}

function jobOf(target: Target, { installation }: Programs, command: "prepare" | "start"): EnvVar {
  const { spec, stamp } = target;
  const { repository, path } = spec.source!;
  const job: ContainerJob = {
    nonce: nonceOf(installation, stamp.operationId),
    commands: [command],
    source: { repository, commit: target.commit ?? "", path },
    cache: cachePath,
    image: target.image,
    command: spec.command,
    args: spec.args,
    workingDir: spec.workingDir,
    holdSeconds: holdSecondsOf(target),
    secretEnv: {},
    gitCredentialFile: target.gitCredential && command === "prepare" ? gitCredentialFile : null,
    health: command === "start" ? healthOf(spec) : null,
  };
  return { name: "REBAKE_JOB", value: escapeReferences(JSON.stringify(job)) };
}

function mountOf({ volume, ...rest }: PlannedMount): NonNullable<ContainerSpec["volumeMounts"]>[number] {
  return { name: volume, ...rest };
}

/** Who sends requests here learns that a pod goes only after it was told to: the deployer holds that back, others sleep. */
function preStopOf(target: Target): Pick<ContainerSpec, "lifecycle"> {
  const seconds = holdSecondsOf(target);
  return target.spec.source === null && target.spec.ports.length > 0 && seconds > 0
    ? { lifecycle: { preStop: { exec: { command: ["sleep", String(seconds)] } } } }
    : {};
}

/** A limit is also what is asked of the node, as where only a limit is said. */
function resourcesOf({ spec: { resources } }: Target): Pick<ContainerSpec, "resources"> {
  const limits = {
    ...(resources?.memory != null && { memory: String(resources.memory) }),
    ...(resources?.cpus != null && { cpu: `${Math.round(resources.cpus * 1000)}m` }),
  };
  return Object.keys(limits).length > 0 ? { resources: { limits, requests: limits } } : {};
}

function affinityOf({ spec }: Target): { affinity?: unknown } {
  const matchExpressions = spec.placement.flatMap((line) => requirementOf(line) ?? []);
  const required = { nodeSelectorTerms: [{ matchExpressions }] };
  return matchExpressions.length > 0
    ? { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } }
    : {};
}

/** The cluster's own deadline only reports; it has to leave time for ours, and for watching the new ones. */
function progressDeadlineOf({ spec: { rollout } }: Target): number {
  return Math.max(progressDeadline, rollout.deadline + rollout.monitor + 60);
}

/** Never less than what is asked for serves, wherever the old and the new can be there at the same time. */
function strategyOf({ spec }: Target, features: Features): unknown {
  return downtime(spec, features) === null
    ? { type: "RollingUpdate", rollingUpdate: { maxSurge: spec.rollout.parallelism, maxUnavailable: 0 } }
    : { type: "Recreate" };
}

function updateStrategyOf({ spec }: Target, features: Features): unknown {
  const rollingUpdate =
    downtime(spec, features) === null ? { maxSurge: 1, maxUnavailable: 0 } : { maxUnavailable: 1 };
  return { type: "RollingUpdate", rollingUpdate };
}
