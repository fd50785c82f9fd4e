import type { FieldTree, ManagedFields, Pod, Workload, WorkloadSpec } from "./api-types.js";
import { fieldManager } from "./cluster.js";
import { isDaemonSet } from "./daemon-sets.js";
import { appliedSpec, isForeign } from "./drift.js";
import { annotations } from "./names.js";
import { isGoing } from "./pods.js";

/** All that an operation says of a workload. */
export interface Wanted {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  spec: WorkloadSpec;
}

/** Which fields of a spec others had set. */
type Owners = ManagedFields[];

/**
 * Makes of `found` what is wanted, unless somebody was faster: all of its spec, whoever has set it, and of its labels and
 * annotations those that Rebake has set; others' stay. As JSON Patch, for server-side apply leaves an empty probe where
 * one is not given any more, and refuses that (Kubernetes 1.20).
 */
export function overwriting(found: Workload, wanted: Wanted): object[] {
  const { resourceVersion, managedFields = [] } = found.metadata;
  return [
    { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
    { op: "replace", path: "/spec", value: wanted.spec },
    ...(["labels", "annotations"] as const).map((kind) => ({
      op: "add",
      path: `/metadata/${kind}`,
      value: { ...othersOf(found, kind), ...wanted[kind] },
    })),
    { op: "add", path: "/metadata/managedFields", value: withoutSpecs(managedFields) },
  ];
}

/** Has others own again what they had set of a spec that was put back: it counts as a change by hand, as before. */
export function givingBack({ metadata }: Workload, owners: Owners): object[] {
  const { resourceVersion, managedFields = [] } = metadata;
  const isSame = (a: ManagedFields) => (b: ManagedFields) =>
    a.manager === b.manager && a.operation === b.operation && a.time === b.time;
  const left = managedFields.map((entry) => {
    const own = owners.find(isSame(entry));
    return own ? { ...entry, fieldsV1: { ...entry.fieldsV1, ...own.fieldsV1 } } : entry;
  });
  const more = owners.filter((own) => !managedFields.some(isSame(own)));
  return [
    { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
    { op: "add", path: "/metadata/managedFields", value: [...left, ...more] },
  ];
}

/** Fields of the spec that others have set. */
export function ownersOf({ metadata }: Workload): Owners {
  return (metadata.managedFields ?? []).flatMap((entry) => {
    const spec = entry.fieldsV1["f:spec"];
    return isForeign(entry) && spec ? [{ ...entry, fieldsV1: { "f:spec": spec } }] : [];
  });
}

/** What an operation writes down of what it replaces, for a server that has to undo it and has not seen that. */
export interface Remembered {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  /** Without its template where the cluster keeps that itself, in a set with what had been applied: of a Deployment. */
  spec: Partial<WorkloadSpec>;
  owners: Owners;
  /** Uids of pods that had been told to go before: it has not replaced those. */
  leaving: string[];
}

/** @param room how many bytes it may have */
export function memoryOf(found: Workload, pods: readonly Pod[], room: number): Record<string, string> {
  const { template, selector: _selector, ...rest } = found.spec;
  const leaving = pods.filter(isGoing).map(({ metadata }) => metadata.uid);
  const owners = ownersOf(found);
  if (appliedSpec(found) === null) {
    const spec = { ...rest, template };
    return noted({ labels: found.metadata.labels ?? {}, spec, owners: [], leaving });
  }
  if (isDaemonSet(found)) {
    const { [annotations.before]: _before, ...notes } = ownOf(found, "annotations");
    const labels = ownOf(found, "labels");
    const whole = noted({ labels, annotations: notes, spec: { ...rest, template }, owners, leaving });
    // One that is too large is undone to what was deployed, without what somebody had made of it by hand.
    if (bytesOf(whole) <= room) {
      return whole;
    }
  }
  return noted({ spec: rest, owners, leaving });
}

const noted = (remembered: Remembered) => ({ [annotations.before]: JSON.stringify(remembered) });

/** As the API counts annotations. */
export function bytesOf(notes: Record<string, string>): number {
  return Object.entries(notes).reduce((sum, pair) => sum + Buffer.byteLength(pair.join("")), 0);
}

/** Null when nothing is, or somebody has put something else there. */
export function rememberedOf({ metadata }: Workload): Remembered | null {
  try {
    return JSON.parse(metadata.annotations?.[annotations.before] ?? "null") as Remembered | null;
  } catch {
    return null;
  }
}

/** Labels or annotations that Rebake has not set. */
function othersOf(found: Workload, kind: "labels" | "annotations"): Record<string, string> {
  const own = ownOf(found, kind);
  return Object.fromEntries(Object.entries(found.metadata[kind] ?? {}).filter(([key]) => !(key in own)));
}

/** Those that it has. */
function ownOf({ metadata }: Workload, kind: "labels" | "annotations"): Record<string, string> {
  const own = (metadata.managedFields ?? [])
    .filter(({ manager }) => manager === fieldManager)
    .map(({ fieldsV1 }) => fieldsV1["f:metadata"]?.[`f:${kind}`] ?? {});
  const isOwn = (key: string) => own.some((fields) => `f:${key}` in fields);
  return Object.fromEntries(Object.entries(metadata[kind] ?? {}).filter(([key]) => isOwn(key)));
}

/** What is set of the spec is whoever's who sets it next. */
function withoutSpecs(fields: readonly ManagedFields[]): ManagedFields[] {
  const without = ({ "f:spec": _spec, ...rest }: FieldTree): FieldTree => rest;
  return fields
    .map((entry) => (isForeign(entry) ? { ...entry, fieldsV1: without(entry.fieldsV1) } : entry))
    .filter(({ fieldsV1 }) => Object.keys(fieldsV1).length > 0);
}
