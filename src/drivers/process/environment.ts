import { nodeFirst } from "../../deployer/tool-environment.js";
import { factsOf, textOf } from "../../domain/facts.js";
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

const computed = (target: Target, facts: InstanceFacts) =>
  factsOf(target, { ...facts, instance: String(facts.instance) });

/** Turns a value of the spec into text. */
export function resolver(target: Target, facts: InstanceFacts): (text: Text) => string {
  const values = computed(target, facts);
  return (text) => textOf(text, target, values);
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
