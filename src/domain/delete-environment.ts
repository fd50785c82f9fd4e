import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import { Environment } from "./environment.js";
import { findEnvironment } from "./find.js";
import { named } from "./named.js";

/**
 * Takes an environment away. The history of the services it had stays, its code is free again,
 * its keys are forgotten.
 * @throws UserInputError NOT_FOUND, IN_USE naming the services in it
 */
export async function deleteEnvironment(
  tx: Transaction,
  input: { environment: string },
): Promise<Environment> {
  const environment = await findEnvironment(tx, input.environment, "update");
  const services = await tx.query<{ name: string }>(
    "select name from service where environment_id = $1 and removed_at is null order by id",
    [environment.id],
  );
  if (services.length > 0) {
    const message = `Environment ${environment.code} has ${named(services.map(({ name }) => name))} in it: remove them first.`;
    throw new UserInputError("IN_USE", message, ["environment"]);
  }
  environment.deletedAt = await tx.now();
  const { id, deletedAt } = environment;
  await tx.manager.update(Environment, { id }, { deletedAt });
  await tx.query("update environment set connection = null where id = $1", [id]);
  return environment;
}
