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

/**
 * A line of a recipe's placement as a condition on nodes: a label selector (`disk=ssd`, `zone in (a, b)`, `!spot`), or one
 * of a swarm's constraints (`node.labels.disk==ssd`, `node.hostname!=n1`). Null when it is neither.
 */
export function requirementOf(line: string): NodeRequirement | null {
  const found = parsed(line.trim());
  return found && isQualifiedName(found.key) && (found.values ?? []).every(isLabelValue) ? found : null;
}

function parsed(text: string): NodeRequirement | null {
  const [, compared, sign, other] = comparison.exec(text) ?? [];
  if (compared !== undefined) {
    return { key: labelOf(compared), operator: sign === "!=" ? "NotIn" : "In", values: [other!] };
  }
  const [, listed, word, values] = membership.exec(text) ?? [];
  if (listed !== undefined) {
    const all = values!.split(",").map((one) => one.trim());
    return { key: labelOf(listed), operator: word === "in" ? "In" : "NotIn", values: all };
  }
  const [, not, present] = presence.exec(text) ?? [];
  return present === undefined ? null : { key: labelOf(present), operator: not ? "DoesNotExist" : "Exists" };
}

function labelOf(name: string): string {
  return translated[name] ?? name.replace(/^node\.labels\./, "");
}
