import type { FieldTree } from "./api-types.js";

/** A value of an object that has no parts, by its path: entries of lists are called by what tells them apart. */
export type Leaves = Map<string, { path: string[]; value: string }>;

/** By what the API tells the entries of a list apart; lists that are not here are one value. */
const keyFields: Record<string, readonly string[]> = {
  containers: ["name"],
  initContainers: ["name"],
  env: ["name"],
  volumes: ["name"],
  volumeMounts: ["mountPath"],
  imagePullSecrets: ["name"],
  ports: ["containerPort", "protocol"],
};

/** What separates the parts of a path where it is a key. */
const separator = "\0";

export const keyOfPath = (path: readonly string[]): string => path.join(separator);

/** All leaves of a value. Empty values say nothing: the API drops or adds them, but for a number of replicas. */
export function leavesOf(value: unknown, path: string[] = [], leaves: Leaves = new Map()): Leaves {
  const isCount = path.length === 1 && path[0] === "replicas" && value === 0;
  if (isEmpty(value) && !isCount) {
    return leaves;
  }
  if (Array.isArray(value)) {
    const fields = keyFields[path.at(-1) ?? ""];
    if (!fields) {
      leaves.set(keyOfPath(path), { path, value: JSON.stringify(value) });
      return leaves;
    }
    for (const item of value as Record<string, unknown>[]) {
      const { own, rest } = apart(item, fields);
      const at = [...path, own];
      // That an entry is there is something, too.
      leaves.set(keyOfPath(at), { path: at, value: "" });
      leavesOf(rest, at, leaves);
    }
    return leaves;
  }
  if (typeof value === "object") {
    for (const [field, inner] of Object.entries(value as object)) {
      leavesOf(inner, [...path, field], leaves);
    }
    return leaves;
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  leaves.set(keyOfPath(path), { path, value: isQuantity(path) ? canonicalQuantity(text) : text });
  return leaves;
}

/** The paths that a manager has set: the leaves of a tree of `managedFields`. */
export function pathsOf(tree: FieldTree, path: string[] = []): string[][] {
  return Object.entries(tree).flatMap(([key, inner]) => {
    if (key === ".") {
      return path.length > 0 ? [path] : [];
    }
    const at = [...path, nameOf(key, path.at(-1) ?? "")];
    const isKeyField = key.startsWith("f:") && keyFields[path.at(-2) ?? ""]?.includes(key.slice(2));
    if (isKeyField) {
      return [];
    }
    return Object.keys(inner).length === 0 ? [at] : pathsOf(inner, at);
  });
}

function nameOf(key: string, list: string): string {
  const [kind, text] = [key.slice(0, 2), key.slice(2)];
  if (kind !== "k:") {
    return text;
  }
  return apart(JSON.parse(text) as Record<string, unknown>, keyFields[list] ?? []).own || text;
}

function apart(item: Record<string, unknown>, fields: readonly string[]): { own: string; rest: object } {
  const own = fields.map((field) => `${item[field] ?? ""}`).join("/");
  const rest = Object.fromEntries(Object.entries(item).filter(([field]) => !fields.includes(field)));
  return { own, rest };
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

function isQuantity(path: readonly string[]): boolean {
  return ["limits", "requests"].includes(path.at(-2) ?? "");
}

const suffixes: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** The API writes `1000m` as `1`: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
function canonicalQuantity(text: string): string {
  const [, number, suffix] = /^([\d.]+)([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = suffixes[suffix ?? ""];
  if (number === undefined || factor === undefined) {
    return text;
  }
  // Thousandths are the finest that the API takes.
  const thousandths = Math.round(Number(number) * factor * 1000);
  return thousandths % 1000 === 0 ? `${thousandths / 1000}` : `${thousandths}m`;
}
