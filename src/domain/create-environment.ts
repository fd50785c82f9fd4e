import { z } from "zod";
import { UserInputError } from "../errors.js";
import { driverKinds } from "../operations/driver.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction } from "../storage/transaction.js";
import { type Drivers, driverFor } from "./drivers.js";
import { Environment } from "./environment.js";
import { newId } from "./id.js";
import { parseInput } from "./parse-spec.js";
import { plainText, variableName } from "./recipe-spec.js";
import { connectionFields, sealFirstConnection } from "./seal-connection.js";

/** An environment's own values. */
export const environmentValues = z
  .array(z.object({ name: variableName, value: plainText(65_536) }))
  .max(500, "may have at most 500 entries")
  .refine(
    (items) => new Set(items.map((item) => item.name)).size === items.length,
    "may not name a value twice",
  );

/** Operations at once in an environment, of all servers together. */
export const environmentConcurrency = z
  .int("must be a whole number from 1 to 64")
  .min(1, "must be a whole number from 1 to 64")
  .max(64, "must be a whole number from 1 to 64");
const defaultConcurrency = 4;

const environmentInput = z.object({
  code: z
    .string()
    .regex(
      /^[A-Z][A-Z0-9_-]{0,29}$/,
      "must be 1 to 30 upper-case letters, digits, dashes or underscores, beginning with a letter",
    ),
  description: plainText(10_000).nullable().default(""),
  driver: z.enum(driverKinds),
  values: environmentValues.nullable().default([]),
  concurrency: environmentConcurrency.nullable().default(defaultConcurrency),
  ...connectionFields,
});
export type CreateEnvironmentInput = z.input<typeof environmentInput>;

/**
 * Adds a place to run services. A PROCESS environment belongs to the host of the server that was asked; one of
 * another driver names its engine.
 * @throws UserInputError NAME_TAKEN, DRIVER_UNAVAILABLE; UserInputErrors INVALID
 */
export async function createEnvironment(
  tx: Transaction,
  input: CreateEnvironmentInput,
  { hostId, drivers, secretBox }: { hostId: string; drivers: Drivers; secretBox: SecretBox },
): Promise<Environment> {
  const parsed = parseInput(environmentInput, input, []);
  driverFor(drivers, parsed.driver);
  const id = newId("environment");
  const sealed = sealFirstConnection({ id, driver: parsed.driver }, parsed, secretBox);
  const added = await tx.query(
    `insert into environment (id, code, description, driver, host_id, values, concurrency, connection, engine)
     values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9::jsonb)
     on conflict (code) where deleted_at is null do nothing returning id`,
    [
      id,
      parsed.code,
      parsed.description ?? "",
      parsed.driver,
      parsed.driver === "PROCESS" ? hostId : null,
      JSON.stringify(parsed.values ?? []),
      parsed.concurrency ?? defaultConcurrency,
      sealed?.connection ?? null,
      sealed && JSON.stringify(sealed.engine),
    ],
  );
  if (added.length === 0) {
    throw new UserInputError(
      "NAME_TAKEN",
      `There is an environment ${parsed.code} already; choose another code.`,
      ["code"],
    );
  }
  return tx.manager.findOneByOrFail(Environment, { id });
}
