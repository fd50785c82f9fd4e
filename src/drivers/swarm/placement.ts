import { OperationFailure } from "../../errors.js";
import type { EngineNode } from "./engine-types.js";

/**
 * Why no node can take a service, when its constraints say so for certain. To be asked before the engine is: it ends at
 * once what runs where a new constraint does not hold, also while nothing else can take its place.
 */
export function unplaceable(
  constraints: readonly string[],
  nodes: readonly EngineNode[],
): OperationFailure | null {
  if (nodes.length === 0 || nodes.some((node) => constraints.every((one) => holds(one, node)))) {
    return null;
  }
  const message = `No node of the swarm fits the recipe's placement (${constraints.join("; ")}): correct it, or label a node.`;
  return new OperationFailure("NO_SUITABLE_NODE", message);
}

/** Constraints that are not understood here are the engine's to judge. */
function holds(constraint: string, node: EngineNode): boolean {
  const [, key, operator, value] = /^\s*(\S+?)\s*(==|!=)\s*(.*?)\s*$/.exec(constraint) ?? [];
  const found = key === undefined ? undefined : factOf(key, node);
  return found === undefined || (found.toLowerCase() === value!.toLowerCase()) === (operator === "==");
}

/** A label that a node does not have is empty; undefined: not known here. */
function factOf(key: string, { ID, Description, Spec }: EngineNode): string | undefined {
  const label = /^node\.labels\.(.+)$/i.exec(key)?.[1];
  if (label !== undefined) {
    return Spec.Labels?.[label] ?? "";
  }
  switch (key.toLowerCase()) {
    case "node.id":
      return ID;
    case "node.hostname":
      return Description.Hostname;
    case "node.role":
      return Spec.Role;
    default:
      return undefined;
  }
}
