import { In } from "typeorm";
import { z } from "zod";
import { UserInputError, UserInputErrors } from "../errors.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction } from "../storage/transaction.js";
import { missingOf } from "./bind.js";
import type { Drivers } from "./drivers.js";
import { assertThere } from "./enqueue-operation.js";
import { findService, loadEnvironment, loadRevision } from "./find.js";
import { Operation } from "./operation.js";
import { parseInput } from "./parse-spec.js";
import { plainText, type RecipeSpec } from "./recipe-spec.js";
import { assertAskedFor, keepSecrets, sealInputs, secretContext } from "./seal-inputs.js";
import { type InputValue, Service } from "./service.js";
import { tellServicesChanged } from "./service-snapshot.js";
import { ingredientsOf, setDesired } from "./set-desired.js";
import { keepInputs } from "./spec-store.js";

const inputChanges = z.object({
  inputs: z
    .array(z.object({ name: z.string(), value: plainText(65_536) }))
    .max(500, "may have at most 500 entries")
    .nullable()
    .default([]),
  unset: z.array(z.string()).max(500, "may have at most 500 entries").nullable().default([]),
});
type Given = { name: string; value: string };

/**
 * Gives a service values for inputs of its recipe; those not named stay. What it should run changes at once, what it
 * runs with its next rebuild.
 * @throws UserInputError NOT_FOUND, CONFLICT while a rollback waits or runs; UserInputErrors INVALID, UNKNOWN_INPUT,
 * MISSING_INPUT for a required one that would lose its value
 */
export async function setServiceInputs(
  tx: Transaction,
  input: { service: string; inputs?: Given[] | null; unset?: string[] | null },
  deps: { drivers: Drivers; secretBox: SecretBox },
): Promise<Service> {
  const parsed = parseInput(inputChanges, input, []);
  const [given, unset] = [parsed.inputs ?? [], parsed.unset ?? []];
  const service = await findService(tx, input.service, "update");
  assertThere(service);
  await assertNoRollback(tx, service);
  const revision = await loadRevision(tx, service.recipeId, service.desiredRevision);
  assertAskedFor(revision.spec, [...given, ...unset.map((name) => ({ name }))]);
  assertNotNeeded(revision.spec, unset);
  const sealed = sealInputs(
    revision.spec,
    await changed(tx, service, given, deps.secretBox),
    service.id,
    deps.secretBox,
  );
  const inputs = merged(service.inputs, sealed.inputs, unset);
  await keepSecrets(tx, service.id, sealed.secrets);
  await tx.manager.update(Service, { id: service.id }, { inputs });
  // Which values it uses stays the same, so that its own lock is enough. Taking the environment's behind it would be
  // the other way round than whoever changes a value does.
  const environment = await loadEnvironment(tx, service.environmentId, "none");
  const inputsHash = await keepInputs(tx, inputs);
  const ingredients = { ...ingredientsOf({ ...service, inputs }, environment, revision), inputsHash };
  await setDesired(tx, [ingredients], deps.drivers, { release: false });
  await tellServicesChanged(tx, [service.id]);
  return tx.manager.findOneByOrFail(Service, { id: service.id });
}

/** A rollback brings the inputs back, too: what was given meanwhile would be lost. */
async function assertNoRollback(tx: Transaction, { id, name }: Service): Promise<void> {
  const where = { serviceId: id, kind: "ROLLBACK" as const, state: In(["QUEUED", "RUNNING"]) };
  const rollback = await tx.manager.findOneBy(Operation, where);
  if (rollback) {
    const message = `Rollback ${rollback.id} is bringing back the inputs that ${name} had: wait for its end, or cancel it.`;
    throw new UserInputError("CONFLICT", message, ["service"]);
  }
}

function assertNotNeeded(spec: RecipeSpec, unset: readonly string[]): void {
  const needed = missingOf(spec.env, []).filter(({ name }) => unset.includes(name));
  if (needed.length > 0) {
    throw new UserInputErrors(
      needed.map(({ name }) => {
        const message = `${name} is required and has no default: give it another value instead.`;
        return new UserInputError("MISSING_INPUT", message, ["unset", name]);
      }),
    );
  }
}

/** Without secrets that are what they were: a version id stands for a plaintext and changes only with it. */
async function changed(
  tx: Transaction,
  service: Service,
  given: readonly Given[],
  secretBox: SecretBox,
): Promise<Given[]> {
  const rows = await tx.query<{ version: string; ciphertext: Buffer }>(
    "select version, ciphertext from service_secret where version = any($1)",
    [service.inputs.flatMap((input) => ("secret" in input ? [input.secret] : []))],
  );
  const plain = new Map(
    rows.map(({ version, ciphertext }) => [
      version,
      secretBox.decrypt(ciphertext, secretContext(service.id, version)),
    ]),
  );
  return given.filter(({ name, value }) => {
    const now = service.inputs.find((input) => input.name === name);
    return !(now && "secret" in now && plain.get(now.secret) === value);
  });
}

function merged(before: InputValue[], changes: InputValue[], unset: readonly string[]): InputValue[] {
  const inputs = new Map(before.map((input) => [input.name, input]));
  for (const input of changes) {
    inputs.set(input.name, input);
  }
  for (const name of unset) {
    inputs.delete(name);
  }
  return [...inputs.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
