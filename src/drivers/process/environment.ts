import { nodeFirst } from "../../deployer/tool-environment.js";
import type { Text } from "../../domain/rendered-spec.js";
import type { Target } from "../../operations/driver.js";

/** What differs from start to start of one replica. */
export interface InstanceFacts {
  /** 1, 2, 3… */
  instance: number;
  /** Port to listen on, by the recipe's port name. */
  ports: ReadonlyMap<string, number>;
  /** Folder below which the recipe's files lie. */
  files: string;
}

/** The facts recipes can refer to; every instance also has all of them as variables. */
function computed(target: Target, facts: InstanceFacts): Record<string, string> {
  const { ref, spec, stamp } = target;
  const first = spec.ports[0];
  const values: Record<string, string> = {
    REBAKE_ENVIRONMENT: ref.environment,
    REBAKE_SERVICE: ref.name,
    REBAKE_RECIPE: target.recipe,
    REBAKE_PORT: String((first && facts.ports.get(first.name)) ?? ""),
    REBAKE_BRANCH: spec.source?.branch ?? "",
    REBAKE_COMMIT: target.commit ?? "",
    REBAKE_INSTANCE: String(facts.instance),
    REBAKE_REPLICAS: String(replicasOf(target)),
    REBAKE_OPERATION: stamp.operationId,
    REBAKE_FILES: facts.files,
  };
  for (const [name, port] of facts.ports) {
    values[`REBAKE_PORT_${name.toUpperCase().replaceAll("-", "_")}`] = String(port);
  }
  return values;
}

/** How many replicas a target means: `GLOBAL` is one for each node, and there is one. */
export function replicasOf(target: Target): number {
  return target.spec.mode === "GLOBAL" ? 1 : target.replicas;
}

/** Turns a value of the spec into text. */
export function resolver(target: Target, facts: InstanceFacts): (text: Text) => string {
  const values = computed(target, facts);
  return (text) =>
    text
      .map((part) => {
        if (typeof part === "string") {
          return part;
        }
        if ("missing" in part) {
          throw new Error(`a target lacks ${part.missing}`);
        }
        return ("secret" in part ? target.secrets.get(part.secret) : values[part.computed]) ?? "";
      })
      .join("");
}

/** All that an instance sees as its environment: nothing of the server's own but what finds programs. */
export function childEnvironment(target: Target, facts: InstanceFacts): Record<string, string> {
  // Without a prototype even a variable named `__proto__` is only a name.
  const environment: Record<string, string> = Object.create(null);
  environment.PATH = nodeFirst(process.env.PATH);
  for (const name of ["HOME", "LANG", "TMPDIR", "TZ"]) {
    const value = process.env[name];
    if (value !== undefined) {
      environment[name] = value;
    }
  }
  Object.assign(environment, computed(target, facts));
  const resolve = resolver(target, facts);
  for (const { name, value } of target.spec.env) {
    environment[name] = resolve(value);
  }
  return environment;
}
