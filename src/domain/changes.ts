import { canonicalJson } from "./fingerprint.js";
import type { RecipeSpec } from "./recipe-spec.js";
import type { RenderedSpec, Text } from "./rendered-spec.js";

/** One field that differs; a value that is not there, or is a secret's, is null. */
export interface FieldChange {
  path: string[];
  before: string | null;
  after: string | null;
  /** Whether either side has a secret in it. */
  secret: boolean;
}

/**
 * By which field the entries of a list are told apart, so that a change shows as `env.NAME` and not as `env.7`;
 * null: by the entry itself.
 */
const keyFields: Record<string, string | null> = {
  ports: "name",
  env: "name",
  files: "path",
  volumes: "target",
  networks: null,
  placement: null,
  labels: "name",
  annotations: "name",
};

interface Leaf {
  path: string[];
  shown: string | null;
  compared: string;
  secret: boolean;
}

/**
 * What differs between two rendered specs, field by field, in the order of the paths. Equal specs have no
 * changes and different ones have at least one.
 */
export function changesBetween(before: RenderedSpec | null, after: RenderedSpec | null): FieldChange[] {
  return compare(before ? leavesOf(before) : new Map(), after ? leavesOf(after) : new Map());
}

/** The same for two revisions of a recipe, labels and help texts included. */
export function specChanges(before: RecipeSpec | null, after: RecipeSpec): FieldChange[] {
  return compare(before ? leavesOf(before) : new Map(), leavesOf(after));
}

function compare(before: Map<string, Leaf>, after: Map<string, Leaf>): FieldChange[] {
  const ids = [...new Set([...before.keys(), ...after.keys()])].sort();
  return ids.flatMap((id) => {
    const [old, new_] = [before.get(id), after.get(id)];
    if (old?.compared === new_?.compared) {
      return [];
    }
    const secret = Boolean(old?.secret || new_?.secret);
    const path = (old ?? new_)!.path;
    return [
      {
        path,
        before: secret ? null : (old?.shown ?? null),
        after: secret ? null : (new_?.shown ?? null),
        secret,
      },
    ];
  });
}

function leavesOf(spec: RenderedSpec | RecipeSpec): Map<string, Leaf> {
  const leaves: Leaf[] = [];
  for (const [field, value] of Object.entries(spec)) {
    if (field in keyFields && Array.isArray(value)) {
      const keyField = keyFields[field];
      for (const item of value) {
        collect([field, String(keyField ? item[keyField] : item)], item, leaves);
      }
    } else {
      collect([field], value, leaves);
    }
  }
  return new Map(leaves.map((leaf) => [leaf.path.join("\0"), leaf]));
}

function collect(path: string[], value: unknown, leaves: Leaf[]): void {
  if (value === null || value === undefined) {
    return;
  }
  const text = textValue(path, value);
  if (text) {
    leaves.push({ path, shown: showText(text), compared: canonicalJson(text), secret: text.some(isSecret) });
  } else if (typeof value === "object" && !Array.isArray(value)) {
    collectObject(path, value, leaves);
  } else {
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    leaves.push({ path, shown, compared: JSON.stringify(value), secret: false });
  }
}

/** An entry's key is in its path already. An object of nothing but nulls gets a leaf for being there. */
function collectObject(path: string[], value: object, leaves: Leaf[]): void {
  const keyField = path.length === 2 ? keyFields[path[0]!] : undefined;
  const before = leaves.length;
  for (const [field, item] of Object.entries(value)) {
    if (field !== keyField) {
      const onlyValue = keyField !== undefined && path[0] === "env" && field === "value";
      collect(onlyValue ? path : [...path, field], item, leaves);
    }
  }
  if (leaves.length === before) {
    leaves.push({ path, shown: "", compared: "", secret: false });
  }
}

/** The pieces of a rendered variable's value or file's content, null for anything else. */
function textValue(path: string[], value: unknown): Text | null {
  const isText =
    Array.isArray(value) && ((path[0] === "env" && path.length === 2) || path.at(-1) === "content");
  return isText ? (value as Text) : null;
}

function isSecret(part: Text[number]): boolean {
  return typeof part === "object" && "secret" in part;
}

function showText(text: Text): string {
  return text
    .map((part) => {
      if (typeof part === "string") {
        return part;
      }
      if ("computed" in part) {
        return `$${part.computed}`;
      }
      return "missing" in part ? `(${part.missing} is not given)` : "***";
    })
    .join("");
}
