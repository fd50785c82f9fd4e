import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";

/**
 * A published port belongs to one service of an environment. (That another program of the host has it is known
 * only when it is bound: an operation's cause PORT_TAKEN.) Call it with what is desired written.
 * @throws UserInputError PORT_TAKEN, naming port and services
 */
export async function assertPortsFree(tx: Transaction, environments: readonly string[]): Promise<void> {
  if (environments.length === 0) {
    return;
  }
  // One at a time in an environment: two deploys that publish the same port must see each other.
  await tx.query("select id from environment where id = any($1) order by id for no key update", [
    environments,
  ]);
  const [taken] = await tx.query<{ environment: string; port: string; names: string[] }>(
    `select environment.code as environment, port->>'published' as port, array_agg(service.name order by service.id) as names
     from service
     join environment on environment.id = service.environment_id
     join rendered_base on rendered_base.hash = split_part(service.desired_spec, '.', 1),
     jsonb_array_elements(rendered_base.content->'ports') as port
     where environment.id = any($1) and service.removed_at is null and port->>'published' is not null
     group by environment.code, port->>'published', port->>'protocol'
     having count(*) > 1 limit 1`,
    [environments],
  );
  if (taken) {
    const message = `Port ${taken.port} would be published by ${taken.names.slice(0, 5).join(", ")} in ${taken.environment}: publish another one, or none (null) to have one allocated.`;
    throw new UserInputError("PORT_TAKEN", message, ["spec", "ports"]);
  }
}
