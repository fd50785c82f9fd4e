import { dependsOnInstance, hasSecret, textOf } from "../../domain/facts.js";
import { OperationFailure } from "../../errors.js";
import type { Target } from "../../operations/driver.js";
import { cachePath, deployerPath, keyOfText, type Programs } from "../engine/deployer.js";
import { shortHash } from "../engine/hash.js";
import type { SecretPart } from "./env.js";
import { operationSuffix, partName } from "./names.js";

/** A ConfigMap or Secret that a workload needs. Its name says its content, or the version of it: it never changes. */
export interface Part {
  kind: "ConfigMap" | "Secret";
  name: string;
  type?: string;
  /** By key. */
  data: Record<string, string>;
  /** Whether it is for all services of the namespace. */
  isShared?: true;
}

export interface PlannedMount {
  volume: string;
  mountPath: string;
  subPath?: string;
  readOnly?: boolean;
}

/** What is put into the containers of a workload besides its image. */
export interface Parts {
  parts: Part[];
  volumes: Record<string, unknown>[];
  /** Of the app's container. */
  mounts: PlannedMount[];
  /** Of the one that prepares the source. */
  prepareMounts: PlannedMount[];
}

type Facts = Readonly<Record<string, string>>;

const gitCredentialFolder = "/rebake/git";
export const gitCredentialFile = `${gitCredentialFolder}/credential.json`;

/** Everything but secret variables, which `secretPart` makes. Pure. */
export function partsOf(target: Target, name: string, facts: Facts, programs: Programs): Parts {
  const made: Parts = { parts: [], volumes: [], mounts: [], prepareMounts: [] };
  addFiles(made, target, name, facts);
  addVolumes(made, target);
  if (target.spec.source) {
    addDeployer(made, target, name, programs);
  }
  return made;
}

/** The Secret with a service's secret variables, or with what they are joined from; `part` says which. */
export function secretPart(
  target: Target,
  name: string,
  facts: Facts,
  secrets: readonly SecretPart[],
  part: "env" | "joined",
): Part {
  const versions = secrets.map(({ key, text }) => [key, keyOfText(text, facts)]);
  const data = secrets.map(({ key, text }) => [key, textOf(text, target, facts)]);
  return {
    kind: "Secret",
    name: partName(name, part, shortHash(JSON.stringify(versions))),
    data: Object.fromEntries(data),
  };
}

/** Opens the image's registry for the kubelet; null when it is public. */
export function pullSecret({ registryCredential, stamp }: Target, name: string): Part | null {
  if (!registryCredential) {
    return null;
  }
  const { server, username, password } = registryCredential;
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  return {
    kind: "Secret",
    // Named by the operation: a name made of the secret would be something to guess from.
    name: partName(name, "pull", operationSuffix(stamp.operationId)),
    type: "kubernetes.io/dockerconfigjson",
    data: { ".dockerconfigjson": JSON.stringify({ auths: { [server]: { username, password, auth } } }) },
  };
}

/** @throws OperationFailure SPEC_INVALID for a file that differs from replica to replica */
function addFiles(made: Parts, target: Target, name: string, facts: Facts): void {
  for (const kind of ["ConfigMap", "Secret"] as const) {
    const files = target.spec.files.filter(({ content }) => hasSecret(content) === (kind === "Secret"));
    const own = files.find(({ content }) => dependsOnInstance(content));
    if (own) {
      const message = `File ${own.path} has REBAKE_INSTANCE in it, and pods of a cluster get the same files: have the app read the variable instead.`;
      throw new OperationFailure("SPEC_INVALID", message);
    }
    if (files.length === 0) {
      continue;
    }
    const volume = kind === "ConfigMap" ? "files" : "secret-files";
    const keyed = files.map((file, index) => ({ ...file, key: `file-${index}` }));
    const versions = keyed.map(({ key, content }) => [key, keyOfText(content, facts)]);
    const part: Part = {
      kind,
      name: partName(name, volume, shortHash(JSON.stringify(versions))),
      data: Object.fromEntries(keyed.map(({ key, content }) => [key, textOf(content, target, facts)])),
    };
    made.parts.push(part);
    const items = keyed.map(({ key, mode }) => ({ key, path: key, mode: Number.parseInt(mode, 8) }));
    made.volumes.push({ name: volume, ...contentsOf(part, items) });
    for (const { key, path } of keyed) {
      made.mounts.push({ volume, mountPath: path, subPath: key, readOnly: true });
    }
  }
}

function addVolumes(made: Parts, { spec }: Target): void {
  for (const [index, { type, source, target, readOnly }] of spec.volumes.entries()) {
    const volume = `volume-${index}`;
    made.volumes.push({
      name: volume,
      ...(type === "BIND"
        ? { hostPath: { path: source, type: "" } }
        : { persistentVolumeClaim: { claimName: source, ...(readOnly && { readOnly: true }) } }),
    });
    made.mounts.push({ volume, mountPath: target, ...(readOnly && { readOnly: true }) });
  }
}

/** What was prepared lives as long as its pod, and only the container that prepares sees the git credential. */
function addDeployer(
  made: Parts,
  { gitCredential, stamp }: Target,
  name: string,
  { deployer }: Programs,
): void {
  const program: Part = {
    kind: "ConfigMap",
    name: `rebake-deployer-${shortHash(deployer)}`,
    data: { "deployer.mjs": deployer },
    isShared: true,
  };
  made.parts.push(program);
  const items = [{ key: "deployer.mjs", path: "deployer.mjs", mode: 0o444 }];
  made.volumes.push({ name: "deployer", ...contentsOf(program, items) }, { name: "cache", emptyDir: {} });
  const mounts = [
    { volume: "deployer", mountPath: deployerPath, subPath: "deployer.mjs", readOnly: true },
    { volume: "cache", mountPath: cachePath },
  ];
  made.mounts.push(...mounts);
  made.prepareMounts.push(...mounts);
  if (gitCredential) {
    const { username, password } = gitCredential;
    const secret: Part = {
      kind: "Secret",
      name: partName(name, "git", operationSuffix(stamp.operationId)),
      data: { "credential.json": JSON.stringify({ username, password }) },
    };
    made.parts.push(secret);
    const only = [{ key: "credential.json", path: "credential.json", mode: 0o444 }];
    made.volumes.push({ name: "git", ...contentsOf(secret, only) });
    made.prepareMounts.push({ volume: "git", mountPath: gitCredentialFolder, readOnly: true });
  }
}

function contentsOf({ kind, name }: Part, items: { key: string; path: string; mode: number }[]): object {
  // Said, so that what is read back is what was written.
  const defaultMode = 0o644;
  return kind === "ConfigMap"
    ? { configMap: { name, items, defaultMode } }
    : { secret: { secretName: name, items, defaultMode } };
}
