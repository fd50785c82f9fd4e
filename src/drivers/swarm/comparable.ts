import { createHash } from "node:crypto";
import type { FieldChange } from "../../domain/changes.js";
import { canonicalJson } from "../../domain/fingerprint.js";
import type { ServiceSpec } from "./engine-types.js";
import { labels } from "./names.js";

/** What the engine fills in by itself, where it was not said. */
const defaults: Record<string, string> = {
  "TaskTemplate.ContainerSpec.Isolation": '"default"',
  "TaskTemplate.Runtime": '"container"',
};
/** Not part of what runs: how often it was restarted by force, how many were asked for (looked at apart), its own undo. */
const passedOver = ["TaskTemplate.ForceUpdate", "Mode.Replicated.Replicas", "RollbackConfig", "Name"];
/** By what the entries of a list are told apart. */
const keys: Record<string, (item: never) => string> = {
  "TaskTemplate.ContainerSpec.Env": (item: string) => item.split("=", 1)[0]!,
  "TaskTemplate.ContainerSpec.Mounts": (item: { Target: string }) => item.Target,
  "TaskTemplate.ContainerSpec.Configs": (item: { File?: { Name: string } }) => item.File?.Name ?? "",
  "TaskTemplate.ContainerSpec.Secrets": (item: { File?: { Name: string } }) => item.File?.Name ?? "",
  "TaskTemplate.Networks": (item: { Target: string }) => item.Target,
  "TaskTemplate.Placement.Constraints": (item: string) => item,
  "EndpointSpec.Ports": (item: { TargetPort: number; Protocol: string; Name?: string }) =>
    item.Name ?? `${item.TargetPort}/${item.Protocol}`,
};

type Leaves = Map<string, { path: string[]; value: string }>;

/** A hash of what a spec says, whatever the engine has added: the same for what is written and what is read back. */
export function contentOf(spec: ServiceSpec): string {
  const said = [...leavesOf(spec)].map(([id, { value }]) => [id, value]).sort();
  return createHash("sha256").update(canonicalJson(said)).digest("hex").slice(0, 32);
}

/** Whether somebody else has changed what Rebake put there. */
export function isDrifted(spec: ServiceSpec): boolean {
  const { [labels.intended]: intended, [labels.replicas]: replicas } = spec.Labels ?? {};
  const asked = spec.Mode.Replicated?.Replicas;
  return (
    intended !== undefined &&
    (contentOf(spec) !== intended || (asked !== undefined && String(asked) !== replicas))
  );
}

/** Fields in which the engine's spec is not what was put there, in the engine's own terms. */
export function differences(put: ServiceSpec, found: ServiceSpec): FieldChange[] {
  const [before, after] = [leavesOf(put), leavesOf(found)];
  const ids = [...new Set([...before.keys(), ...after.keys()])].sort();
  const changes = ids.flatMap((id): FieldChange[] => {
    const [old, next] = [before.get(id), after.get(id)];
    if (old?.value === next?.value) {
      return [];
    }
    const path = shortened((old ?? next)!.path);
    // What somebody put into a variable that the recipe does not know may be anything.
    const secret = path[0] === "Env" && (!old || path[1] === "REBAKE_JOB");
    const shown = (leaf: { value: string } | undefined) => (secret || !leaf ? null : leaf.value);
    return [{ path, before: shown(old), after: shown(next), secret }];
  });
  const [asked, there] = [put.Mode.Replicated?.Replicas, found.Mode.Replicated?.Replicas];
  return asked === there
    ? changes
    : [...changes, { path: ["Replicas"], before: `${asked ?? ""}`, after: `${there ?? ""}`, secret: false }];
}

function shortened(path: string[]): string[] {
  const start = path[0] === "TaskTemplate" ? (path[1] === "ContainerSpec" ? 2 : 1) : 0;
  return path.slice(start);
}

function leavesOf(spec: ServiceSpec): Leaves {
  const leaves: Leaves = new Map();
  const user = Object.fromEntries(
    Object.entries(spec.Labels ?? {}).filter(([name]) => !Object.values<string>(labels).includes(name)),
  );
  collect([], [], { ...spec, Labels: user }, leaves);
  return leaves;
}

/**
 * `kind` is the path without the keys of entries. Empty values say nothing: the engine drops or adds them; but those of
 * labels, which are there or not.
 */
function collect(path: string[], kind: string[], value: unknown, leaves: Leaves): void {
  const name = kind.join(".");
  if (passedOver.includes(name) || (isEmpty(value) && kind.at(-2) !== "Labels")) {
    return;
  }
  if (Array.isArray(value)) {
    const keyOf = keys[name] as ((item: unknown) => string) | undefined;
    if (keyOf) {
      for (const item of value) {
        const key = keyOf(item);
        const text = name.endsWith(".Env") ? String(item).slice(key.length + 1) : item;
        put([...path, key], text);
        collectObject([...path, key], kind, text);
      }
    } else {
      leaves.set(path.join("\0"), { path, value: JSON.stringify(value) });
    }
    return;
  }
  if (typeof value === "object") {
    collectObject(path, kind, value);
  } else {
    put(path, value);
  }

  function put(at: string[], item: unknown): void {
    const text = typeof item === "string" ? item : JSON.stringify(item);
    if (typeof item !== "object" && defaults[name] !== JSON.stringify(item)) {
      leaves.set(at.join("\0"), { path: at, value: text });
    }
  }
  function collectObject(at: string[], of: string[], item: unknown): void {
    if (typeof item === "object" && item !== null) {
      for (const [field, inner] of Object.entries(item)) {
        collect([...at, field], [...of, field], inner, leaves);
      }
    }
  }
}

function isEmpty(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    value === "" ||
    value === 0 ||
    value === false ||
    (typeof value === "object" && Object.keys(value).length === 0)
  );
}
