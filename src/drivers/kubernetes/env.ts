import { dependsOnInstance, hasSecret, textOf } from "../../domain/facts.js";
import type { Text } from "../../domain/rendered-spec.js";
import type { Target } from "../../operations/driver.js";
import type { EnvVar } from "./api-types.js";

/** A text that goes into a Secret, and what it is called there. */
export interface SecretPart {
  key: string;
  text: Text;
}

/** What a reference to the pod's own name looks like in the value of a variable. */
export const instanceReference = "$(REBAKE_INSTANCE)";

/**
 * Keeps the kubelet from taking a text for a reference to a variable.
 * Source: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
export function escapeReferences(text: string): string {
  return text.replaceAll("$", "$$$$");
}

export interface Variables {
  env: EnvVar[];
  /** Values that `env` refers to in the Secret of that name. */
  secrets: SecretPart[];
  /**
   * What secrets are joined from that have the pod's name in them. All of their Secret is in the environment before `env`
   * is: there the order is not ours, the API leaves variables where they were and puts new ones behind them, and a value
   * can only refer to what is before it.
   */
  joined: SecretPart[];
}

/** The variables of an app, each once: facts first, so that others can refer to the pod's name. */
export function variablesOf(
  target: Target,
  facts: Readonly<Record<string, string>>,
  secretName: (parts: readonly SecretPart[]) => string,
): Variables {
  const variables = new Map<string, EnvVar>();
  const put = (variable: EnvVar) => {
    variables.delete(variable.name);
    variables.set(variable.name, variable);
  };
  put({
    name: "REBAKE_INSTANCE",
    valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } },
  });
  for (const [name, value] of Object.entries(facts)) {
    if (name !== "REBAKE_INSTANCE") {
      put({ name, value: escapeReferences(value) });
    }
  }
  const { secrets, joined, ofVariable } = secretParts(target);
  const from = secrets.length > 0 ? secretName(secrets) : "";
  for (const { name, value } of target.spec.env) {
    const parts = ofVariable.get(name);
    if (!parts) {
      put({ name, value: textOf(value, target, facts, escapeReferences) });
    } else if (parts.length === 1 && typeof parts[0] === "object") {
      put({ name, valueFrom: { secretKeyRef: { name: from, key: parts[0].key } } });
    } else {
      put({
        name,
        value: parts.map((part) => (typeof part === "string" ? part : `$(${part.key})`)).join(""),
      });
    }
  }
  return { env: [...variables.values()], secrets, joined };
}

type Part = SecretPart | typeof instanceReference;

/** Secret variables, cut where the pod's name stands in them. */
function secretParts({
  spec,
}: Target): Pick<Variables, "secrets" | "joined"> & { ofVariable: Map<string, Part[]> } {
  const secrets: SecretPart[] = [];
  const joined: SecretPart[] = [];
  const ofVariable = new Map<string, Part[]>();
  for (const [index, { name, value }] of spec.env.entries()) {
    if (!hasSecret(value)) {
      continue;
    }
    if (!dependsOnInstance(value)) {
      const part = { key: `env-${index}`, text: value };
      secrets.push(part);
      ofVariable.set(name, [part]);
      continue;
    }
    const parts: Part[] = [];
    let text: Text = [];
    const end = () => {
      if (text.length > 0) {
        const part = { key: `REBAKE_SECRET_${index}_${parts.length}`, text };
        joined.push(part);
        parts.push(part);
        text = [];
      }
    };
    for (const piece of value) {
      if (dependsOnInstance([piece])) {
        end();
        parts.push(instanceReference);
      } else {
        text.push(piece);
      }
    }
    end();
    ofVariable.set(name, parts);
  }
  return { secrets, joined, ofVariable };
}
