import { randomUUID } from "node:crypto";
import type { SecretBox } from "../storage/secrets.js";
import type { RecipeSpec } from "./recipe-spec.js";
import type { InputValue } from "./service.js";

export interface SealedSecret {
  /** Random: takes part in fingerprints in the secret's place, so there is nothing to guess from. */
  version: string;
  name: string;
  ciphertext: Buffer;
}

/** What ciphertext is bound to, so that it opens nowhere else. */
export function secretContext(serviceId: string, version: string): string {
  return `service-secret:${serviceId}:${version}`;
}

/** Parts the values given for a recipe's inputs: those of kind SECRET become a version id and ciphertext. */
export function sealInputs(
  spec: RecipeSpec,
  given: readonly { name: string; value: string }[],
  serviceId: string,
  secretBox: SecretBox,
): { inputs: InputValue[]; secrets: SealedSecret[] } {
  const secrets: SealedSecret[] = [];
  const inputs = given.map(({ name, value }): InputValue => {
    if (spec.env.find((item) => item.name === name)?.kind !== "SECRET") {
      return { name, value };
    }
    const version = randomUUID();
    secrets.push({ version, name, ciphertext: secretBox.encrypt(value, secretContext(serviceId, version)) });
    return { name, secret: version };
  });
  return { inputs: inputs.sort((a, b) => (a.name < b.name ? -1 : 1)), secrets };
}
