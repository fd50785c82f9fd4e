import { replicasOf } from "../../domain/facts.js";
import type { Target } from "../../operations/driver.js";
import { cachePath } from "../engine/deployer.js";
import { contentOf } from "./comparable.js";
import type { Mount, PortConfig, ServiceSpec, TaskTemplate, UpdateConfig } from "./engine-types.js";
import { healthcheckOf, second } from "./healthcheck.js";
import { labels, serviceLabels } from "./names.js";
import { commandOf, escapeTemplate, type Plan } from "./plan.js";
import { downtime } from "./project.js";

/** Ids that the engine gave to what was made for a service. */
export interface Made {
  /** By name. */
  objects: ReadonlyMap<string, string>;
  /** By the recipe's name of the network. */
  networks: ReadonlyMap<string, { id: string; own: boolean }>;
  /** What the image starts by itself; null when nobody needed to know. */
  image: { entrypoint: string[]; command: string[] } | null;
}

/** Seconds that an app gets to end once it was told to, besides its drain. */
const stopGrace = 10;
/** What the engine takes when nothing is said; said, so that what is read back is what was written. */
const restartDelay = 5 * second;
/** 0 would mean the engine's default. */
const shortestMonitor = 1_000_000;

/** The service as the engine is to have it. Pure. */
export function serviceSpecOf(target: Target, plan: Plan, made: Made, installation: string): ServiceSpec {
  const { spec, ref, stamp } = target;
  const { command, args } = commandOf(target, plan, made.image);
  const marks = serviceLabels(installation, ref);
  const user = Object.fromEntries(spec.labels.map(({ name, value }) => [name, value]));
  const env = [...plan.env, ...(plan.job ? [`REBAKE_JOB=${escapeTemplate(JSON.stringify(plan.job))}`] : [])];
  const mountsOf = (kind: "config" | "secret") =>
    plan.mounts
      .filter(({ object }) => object.kind === kind)
      .map(({ object, path, mode }) => ({
        id: made.objects.get(object.name)!,
        name: object.name,
        File: { Name: path, UID: "0", GID: "0", Mode: mode },
      }));
  const healthcheck = healthcheckOf(spec, plan.launcher);
  const built: ServiceSpec = {
    Name: plan.name,
    Labels: user,
    TaskTemplate: {
      ContainerSpec: {
        Image: target.image!,
        // What makes every task of an operation differ from those of others.
        Labels: { ...user, ...marks, [labels.operation]: stamp.operationId },
        ...(command && { Command: command }),
        ...(args && { Args: args }),
        Env: env,
        ...(spec.workingDir !== null && !spec.source && { Dir: spec.workingDir }),
        Mounts: volumesOf(target, plan, marks),
        ...(plan.launcher === "deployer" && { StopSignal: "SIGTERM" }),
        StopGracePeriod: (spec.rollout.drain + stopGrace) * second,
        ...(healthcheck && { Healthcheck: healthcheck }),
        Configs: mountsOf("config").map(({ id, name, File }) => ({ File, ConfigID: id, ConfigName: name })),
        Secrets: mountsOf("secret").map(({ id, name, File }) => ({ File, SecretID: id, SecretName: name })),
      },
      Resources: { Limits: limitsOf(target) },
      RestartPolicy: restartPolicyOf(target),
      Placement: { Constraints: spec.placement },
      Networks: [...made.networks.values()].map(({ id, own }) => ({
        Target: id,
        ...(own && { Aliases: [ref.name] }),
      })),
    },
    Mode: spec.mode === "GLOBAL" ? { Global: {} } : { Replicated: { Replicas: replicasOf(target) } },
    UpdateConfig: updateConfigOf(target),
    EndpointSpec: {
      Mode: spec.endpointMode === "DNSRR" ? "dnsrr" : "vip",
      Ports: portsOf(target),
    },
  };
  return {
    ...built,
    Labels: {
      ...user,
      ...marks,
      [labels.operation]: stamp.operationId,
      [labels.fence]: String(stamp.fence),
      [labels.fingerprint]: target.fingerprint,
      [labels.replicas]: String(replicasOf(target)),
      [labels.intended]: contentOf(built),
    },
  };
}

const conditions = { NONE: "none", ON_FAILURE: "on-failure", ALWAYS: "any" } as const;

/** To the engine 0 attempts are any number of them. */
function restartPolicyOf({ spec: { restart } }: Target): TaskTemplate["RestartPolicy"] {
  const { condition, maxAttempts } = restart ?? { condition: "ALWAYS", maxAttempts: null };
  return {
    Condition: conditions[maxAttempts === 0 ? "NONE" : condition],
    Delay: restartDelay,
    MaxAttempts: maxAttempts ?? 0,
  };
}

function limitsOf({ spec: { resources } }: Target) {
  return {
    ...(resources?.memory != null && { MemoryBytes: resources.memory }),
    ...(resources?.cpus != null && { NanoCPUs: Math.round(resources.cpus * 1e9) }),
  };
}

function volumesOf({ spec }: Target, plan: Plan, marks: Record<string, string>): Mount[] {
  const cache: Mount[] =
    plan.launcher === "deployer"
      ? [
          {
            Type: "volume",
            Source: cacheVolumeOf(plan),
            Target: cachePath,
            VolumeOptions: { Labels: marks },
          },
        ]
      : [];
  return [
    ...cache,
    ...spec.volumes.map(({ type, source, target, readOnly }): Mount => {
      const common = { Target: escapeTemplate(target), ReadOnly: readOnly };
      return type === "BIND"
        ? { Type: "bind", Source: escapeTemplate(source), ...common }
        : {
            Type: "volume",
            Source: volumeName(plan, source),
            ...common,
            VolumeOptions: { Labels: environmentOf(marks) },
          };
    }),
  ];
}

/** Volumes are the environment's: services of it that name the same one share it. */
function volumeName({ scope }: Plan, source: string): string {
  return escapeTemplate(`${scope}_${source}`);
}

/** Where a node keeps what it fetched and installed for a service: no volume of a recipe is called like that. */
export function cacheVolumeOf({ name }: Pick<Plan, "name">): string {
  return `rebake-cache_${name}`;
}

function environmentOf(marks: Record<string, string>): Record<string, string> {
  const { [labels.service]: _name, [labels.serviceId]: _id, ...rest } = marks;
  return rest;
}

/** Start-first wherever the old and the new can be there at the same time. */
function updateConfigOf({ spec }: Target): UpdateConfig {
  return {
    Parallelism: spec.rollout.parallelism,
    FailureAction: "pause",
    Monitor: Math.max(spec.rollout.monitor * second, shortestMonitor),
    MaxFailureRatio: 0,
    Order: downtime(null, spec) === null ? "start-first" : "stop-first",
  };
}

function portsOf({ spec }: Target): PortConfig[] {
  return spec.ports
    .filter((port) => port.preserveClientIp || spec.endpointMode !== "DNSRR")
    .map((port) => ({
      Name: port.name,
      Protocol: port.protocol === "TCP" ? "tcp" : "udp",
      TargetPort: port.target,
      ...(port.published !== null && { PublishedPort: port.published }),
      PublishMode: port.preserveClientIp ? "host" : "ingress",
    }));
}
