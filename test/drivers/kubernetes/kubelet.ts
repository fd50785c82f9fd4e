import type { ContainerSpec } from "../../../src/drivers/kubernetes/api-types.js";
import type { Part } from "../../../src/drivers/kubernetes/parts.js";

/**
 * What a kubelet makes of references to variables.
 * Source: https://github.com/kubernetes/kubernetes/blob/v1.20.0/third_party/forked/golang/expansion/expand.go
 */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  let made = "";
  for (let at = 0; at < text.length; at++) {
    const [here, next] = [text[at]!, text[at + 1]];
    if (here !== "$" || next === undefined) {
      made += here;
      continue;
    }
    const end = next === "(" ? text.indexOf(")", at + 2) : -1;
    if (end === -1) {
      made += next === "$" ? "$" : here + next;
      at++;
    } else {
      const name = text.slice(at + 2, end);
      made += variables.get(name) ?? `$(${name})`;
      at = end;
    }
  }
  return made;
}

/** The variables of a container in a pod of that name: those of `envFrom` first, and each may refer to those before it. */
export function environmentOf(
  { env = [], envFrom = [] }: ContainerSpec,
  parts: readonly Part[],
  podName: string,
): Map<string, string> {
  const secretOf = (name: string) =>
    parts.find((part) => part.kind === "Secret" && part.name === name)?.data ?? {};
  const variables = new Map(envFrom.flatMap(({ secretRef }) => Object.entries(secretOf(secretRef!.name))));
  for (const { name, value, valueFrom } of env) {
    const ref = valueFrom?.secretKeyRef;
    const secret = ref && secretOf(ref.name)[ref.key];
    if (ref && secret === undefined) {
      throw new Error(`${name} refers to ${ref.name} ${ref.key}, which is not there`);
    }
    const field = valueFrom?.fieldRef && podName;
    variables.set(name, field ?? secret ?? expand(value ?? "", variables));
  }
  return variables;
}
