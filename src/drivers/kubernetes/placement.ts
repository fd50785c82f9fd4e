import { isLabelValue, isQualifiedName } from "./qualified-names.js";

/** One condition on the labels of nodes: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
export interface NodeRequirement {
  key: string;
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  values?: string[];
}

const key = String.raw`(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?`;
const value = `[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?`;
const comparison = new RegExp(`^(${key})\\s*(==|=|!=)\\s*(${value})$`);
const membership = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(\\s*(${value}(?:\\s*,\\s*${value})*)\\s*\\)$`);
const presence = new RegExp(`^(!?)\\s*(${key})$`);

/** What a recipe written for a swarm calls the labels that every node has. */
const translated: Record<string, string> = {
  "node.hostname": "kubernetes.io/hostname",
  "node.platform.os": "kubernetes.io/os",
  "node.platform.arch": "kubernetes.io/arch",
};

/** What else a swarm knows of its nodes. Keys of Kubernetes that begin alike have a domain, e.g. `node.kubernetes.io/…`. */
const onlyOfSwarm = /^(node\.[^/]*|engine\.labels\..*)$/;

/**
 * A line of a recipe's placement as a condition on nodes: a label selector (`disk=ssd`, `zone in (a, b)`, `!spot`), or one
 * of a swarm's constraints (`node.labels.disk==ssd`, `node.hostname!=n1`). Null when it is neither, or is about what only a
 * swarm has (`node.role==worker`, `engine.labels.disk==ssd`).
 */
export function requirementOf(line: string): NodeRequirement | null {
  const found = parsed(line.trim());
  const label = found && labelOf(found.key);
  const isTaken = label && isQualifiedName(label) && (found.values ?? []).every(isLabelValue);
  return isTaken ? { ...found, key: label } : null;
}

/** Its key is as the line has it. */
function parsed(text: string): NodeRequirement | null {
  const [, compared, sign, other] = comparison.exec(text) ?? [];
  if (compared !== undefined) {
    return { key: compared, operator: sign === "!=" ? "NotIn" : "In", values: [other!] };
  }
  const [, listed, word, values] = membership.exec(text) ?? [];
  if (listed !== undefined) {
    const all = values!.split(",").map((one) => one.trim());
    return { key: listed, operator: word === "in" ? "In" : "NotIn", values: all };
  }
  const [, not, present] = presence.exec(text) ?? [];
  return present === undefined ? null : { key: present, operator: not ? "DoesNotExist" : "Exists" };
}

function labelOf(key: string): string | null {
  const ownLabel = /^node\.labels\.(.*)$/.exec(key)?.[1];
  return ownLabel ?? translated[key] ?? (onlyOfSwarm.test(key) ? null : key);
}
