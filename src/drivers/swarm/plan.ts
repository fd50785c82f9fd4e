import type { ContainerJob } from "../../deployer/container/job.js";
import { dependsOnInstance, factsOf, hasSecret, textOf } from "../../domain/facts.js";
import type { Text } from "../../domain/rendered-spec.js";
import type { ServiceRef, Target } from "../../operations/driver.js";
import {
  cachePath,
  deployerPath,
  holdSecondsOf,
  keyOfText,
  nonceOf,
  type Programs,
} from "../engine/deployer.js";
import { shortHash } from "../engine/hash.js";
import { healthOf, type Launcher, launchPath } from "./healthcheck.js";
import { engineName, environmentLabels, scopeOf } from "./names.js";

/** What the engine has for one part of a service: a config in clear, or a secret. Both never change. */
export interface PlannedObject {
  kind: "config" | "secret";
  /** Says its content, or the version of it: what is there under this name is the same. */
  name: string;
  data: string;
  /** Whether the engine fills in facts of the task. */
  template: boolean;
  labels: Record<string, string>;
}

/** `key` says what the data is, secrets by their versions. */
type Content = Pick<PlannedObject, "kind" | "data"> & { key: string; template?: boolean };

export interface PlannedMount {
  object: PlannedObject;
  path: string;
  mode: number;
}

/** Everything about a service that is not the engine's own to say: what is to be made before it, and how it starts. */
export interface Plan {
  ref: ServiceRef;
  name: string;
  scope: string;
  launcher: Launcher;
  mounts: PlannedMount[];
  /** `NAME=value`, in the engine's syntax. */
  env: string[];
  job: ContainerJob | null;
}

const gitCredentialPath = "/rebake/git-credential";

/** In a container of its own there is nobody to hide a file from, and images run as users of their own. */
const readable = 0o444;

const emptyTemplate = '{{""}}';

/** The task's slot, as the engine puts it in. For GLOBAL services it is the node's id. */
const slot = "{{.Task.Slot}}";

/** Keeps the engine from taking a user's text for a template, also when more text or a template follows it. */
export function escapeTemplate(text: string): string {
  return text.replaceAll(/\{\{|\{$/g, (braces) => `{{"${braces}"}}`);
}

/** What a target comes down to on an engine. Pure. */
export function planOf(target: Target, { installation, deployer }: Programs): Plan {
  const { ref, spec } = target;
  const scope = scopeOf(installation, ref);
  const marks = environmentLabels(installation, ref);
  const ports = new Map(spec.ports.map(({ name, target: port }) => [name, port]));
  const facts = factsOf(target, { instance: slot, ports, files: "" });
  const secretEnv = spec.env.filter(({ value }) => hasSecret(value));
  const launcher = spec.source ? "deployer" : secretEnv.length > 0 ? "shell" : "none";

  // In a container there is one file of an object: with one mode, however often it is mounted.
  const mount = (
    path: string,
    mode: number,
    { kind, key, data, template = false }: Content,
  ): PlannedMount => ({
    object: {
      kind,
      name: `${scope}_${shortHash(JSON.stringify([kind, key, template, mode]), 24)}`,
      // The engine takes no empty ones, but templates of which nothing is left.
      data: data || emptyTemplate,
      template: template || data === "",
      labels: marks,
    },
    path,
    mode,
  });
  const textMount = (path: string, mode: number, text: Text): PlannedMount => {
    const template = dependsOnInstance(text);
    return mount(path, mode, {
      kind: hasSecret(text) ? "secret" : "config",
      key: keyOfText(text, facts),
      data: textOf(text, target, facts, template ? escapeTemplate : undefined),
      template,
    });
  };

  const mounts: PlannedMount[] = [
    ...spec.files.map(({ path, content, mode }) => textMount(path, Number.parseInt(mode, 8), content)),
    ...secretEnv.map(({ name, value }) => textMount(secretEnvPath(name), readable, value)),
  ];
  if (launcher === "deployer") {
    mounts.push(mount(deployerPath, readable, { kind: "config", key: deployer, data: deployer }));
  }
  if (launcher === "shell") {
    const script = launchScript(secretEnv.map(({ name }) => name));
    mounts.push(mount(launchPath, 0o555, { kind: "config", key: script, data: script }));
  }
  if (spec.source && target.gitCredential) {
    // Named by the operation: a name made of the secret would be something to guess from.
    const { username, password } = target.gitCredential;
    const data = JSON.stringify({ username, password });
    const key = `git ${target.stamp.operationId}`;
    mounts.push(mount(gitCredentialPath, readable, { kind: "secret", key, data }));
  }
  return {
    ref,
    name: engineName(installation, ref),
    scope,
    launcher,
    mounts,
    env: [
      ...Object.entries(facts).map(([name, value]) =>
        name === "REBAKE_INSTANCE" ? `${name}=${value}` : `${name}=${escapeTemplate(value)}`,
      ),
      ...spec.env
        .filter(({ value }) => !hasSecret(value))
        .map(({ name, value }) => `${name}=${textOf(value, target, facts, escapeTemplate)}`),
    ],
    job: spec.source && {
      nonce: nonceOf(installation, target.stamp.operationId),
      commands: ["prepare", "start"],
      source: { repository: spec.source.repository, commit: target.commit ?? "", path: spec.source.path },
      cache: cachePath,
      image: target.image,
      command: spec.command,
      args: spec.args,
      workingDir: spec.workingDir,
      holdSeconds: holdSecondsOf(target),
      secretEnv: Object.fromEntries(secretEnv.map(({ name }) => [name, secretEnvPath(name)])),
      gitCredentialFile: target.gitCredential ? gitCredentialPath : null,
      health: healthOf(spec, launcher),
    },
  };
}

const secretEnvPath = (name: string) => `/rebake/env/${name}`;

/** Reads secret variables from their files, line ends included, then becomes the program. */
function launchScript(names: readonly string[]): string {
  const read = names.map(
    (name) => `${name}="$(cat ${secretEnvPath(name)}; printf x)"; export ${name}="\${${name}%x}"`,
  );
  return ["#!/bin/sh", "set -e", ...read, 'exec "$@"', ""].join("\n");
}

/** What starts a container: null leaves it to the image. */
export function commandOf(
  { spec }: Target,
  { launcher }: Pick<Plan, "launcher">,
  image: { entrypoint: string[]; command: string[] } | null,
): { command: string[] | null; args: string[] | null } {
  if (launcher === "deployer") {
    return { command: ["node", deployerPath], args: null };
  }
  if (launcher === "none") {
    return { command: spec.command, args: spec.args };
  }
  const argv = spec.command
    ? [...spec.command, ...(spec.args ?? [])]
    : [...(image?.entrypoint ?? []), ...(spec.args ?? image?.command ?? [])];
  return { command: ["/bin/sh", launchPath], args: argv };
}
