import type { Target } from "../operations/driver.js";
import { computedNames, type Text } from "./rendered-spec.js";

/** What differs from replica to replica, or from driver to driver. */
export interface PlaceFacts {
  /** Number of the replica, or what the engine puts its number in for. */
  instance: string;
  /** Port to listen on, by the recipe's port name. */
  ports: ReadonlyMap<string, number>;
  /** Folder below which the recipe's files lie. */
  files: string;
}

/** The facts recipes can refer to; every instance also has all of them as variables. */
export function factsOf(target: Target, place: PlaceFacts): Record<string, string> {
  const { ref, spec, stamp } = target;
  const first = spec.ports[0];
  const values: Record<keyof typeof computedNames, string> & Record<string, string> = {
    REBAKE_ENVIRONMENT: ref.environment,
    REBAKE_SERVICE: ref.name,
    REBAKE_RECIPE: target.recipe,
    REBAKE_PORT: String((first && place.ports.get(first.name)) ?? ""),
    REBAKE_BRANCH: spec.source?.branch ?? "",
    REBAKE_COMMIT: target.commit ?? "",
    REBAKE_INSTANCE: place.instance,
    REBAKE_REPLICAS: String(replicasOf(target)),
    REBAKE_OPERATION: stamp.operationId,
    REBAKE_FILES: place.files,
  };
  for (const [name, port] of place.ports) {
    values[`REBAKE_PORT_${name.toUpperCase().replaceAll("-", "_")}`] = String(port);
  }
  return values;
}

/** How many replicas a target asks for: `GLOBAL` is one for each node, and at least one. */
export function replicasOf(target: Target): number {
  return target.spec.mode === "GLOBAL" ? 1 : target.replicas;
}

/** Whether a text has a secret in it. */
export function hasSecret(text: Text): boolean {
  return text.some((part) => typeof part === "object" && "secret" in part);
}

/** Whether a text differs from replica to replica. */
export function dependsOnInstance(text: Text): boolean {
  return text.some(
    (part) => typeof part === "object" && "computed" in part && part.computed === "REBAKE_INSTANCE",
  );
}

/**
 * Turns a value of the spec into text.
 * @param literal what is done to everything but facts that stand for themselves in the engine's own syntax
 */
export function textOf(
  text: Text,
  { secrets }: Pick<Target, "secrets">,
  facts: Readonly<Record<string, string>>,
  literal: (text: string) => string = (same) => same,
): string {
  return text
    .map((part) => {
      if (typeof part === "string") {
        return literal(part);
      }
      if ("missing" in part) {
        throw new Error(`a target lacks ${part.missing}`);
      }
      if ("secret" in part) {
        return literal(secrets.get(part.secret) ?? "");
      }
      const fact = facts[part.computed] ?? "";
      return part.computed === "REBAKE_INSTANCE" ? fact : literal(fact);
    })
    .join("");
}
