import { randomUUID } from "node:crypto";
import { UserInputError, UserInputErrors } from "../errors.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction } from "../storage/transaction.js";
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

/** Keeps the ciphertext of a service's secrets. Older versions stay: a rollback needs them. */
export async function keepSecrets(
  tx: Transaction,
  serviceId: string,
  secrets: readonly SealedSecret[],
): Promise<void> {
  for (const { version, name, ciphertext } of secrets) {
    await tx.query(
      "insert into service_secret (version, service_id, name, ciphertext) values ($1, $2, $3, $4)",
      [version, serviceId, name, ciphertext],
    );
  }
}

/**
 * Makes sure that a recipe asks for inputs of these names, each named once.
 * @throws UserInputErrors UNKNOWN_INPUT or INVALID, one for each name
 */
export function assertAskedFor(spec: RecipeSpec, inputs: readonly { name: string }[]): void {
  const asked = spec.env
    .filter((item) => item.kind === "INPUT" || item.kind === "SECRET")
    .map((item) => item.name);
  const names = inputs.map((input) => input.name);
  const problems = names
    .filter((name) => !asked.includes(name))
    .map((name) => {
      const list = asked.length > 0 ? `it asks for ${asked.join(", ")}` : "it asks for none";
      return new UserInputError("UNKNOWN_INPUT", `The recipe has no input ${name.slice(0, 80)}; ${list}.`, [
        "inputs",
        name,
      ]);
    });
  const twice = names.filter((name, index) => names.indexOf(name) < index);
  problems.push(
    ...twice.map((name) => new UserInputError("INVALID", `Input ${name} is given twice.`, ["inputs", name])),
  );
  if (problems.length > 0) {
    throw new UserInputErrors(problems);
  }
}
