import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import { named } from "./named.js";
import type { PortSpec } from "./recipe-spec.js";

/** A port of a service that is published under a number of its own. */
interface PublishedPort {
  environmentId: string;
  /** Code of the environment. */
  environment: string;
  serviceId: string;
  /** Name of the service. */
  service: string;
  published: number;
  protocol: PortSpec["protocol"];
}

/**
 * A published port belongs to one service of an environment. (That another program of the host has it is known
 * only when it is bound: an operation's cause PORT_TAKEN.) Call it with what is desired written.
 * @throws UserInputError PORT_TAKEN, naming port and services
 */
export async function assertPortsFree(tx: Transaction, environments: readonly string[]): Promise<void> {
  if (environments.length === 0) {
    return;
  }
  // One at a time in an environment: two deploys that publish the same port must see each other. Not by locking its
  // row: both may have locked that against changes already.
  await tx.query(
    `select pg_advisory_xact_lock(key) from (
       select hashtextextended('published ports of ' || id, 0) as key from unnest($1::text[]) as environment(id)
       order by key) as keys`,
    [environments],
  );
  assertOneEach(await publishedIn(tx, environments));
}

/**
 * The same for what is not written: what services should run instead of what they should run now.
 * @param codes of the services' environments, by id
 * @throws UserInputError PORT_TAKEN
 */
export async function assertPortsWouldBeFree(
  tx: Transaction,
  services: readonly {
    service: { id: string; name: string; environmentId: string };
    next: { base: { ports: readonly PortSpec[] } };
  }[],
  codes: ReadonlyMap<string, { code: string }>,
): Promise<void> {
  const publishing = services.filter(({ next }) =>
    next.base.ports.some(({ published }) => published !== null),
  );
  const environments = [...new Set(publishing.map(({ service }) => service.environmentId))];
  if (environments.length === 0) {
    return;
  }
  const changed = new Set(services.map(({ service }) => service.id));
  const others = (await publishedIn(tx, environments)).filter(({ serviceId }) => !changed.has(serviceId));
  const would = publishing.flatMap(({ service: { id: serviceId, name: service, environmentId }, next }) =>
    next.base.ports.flatMap(({ published, protocol }) => {
      const environment = codes.get(environmentId)!.code;
      return published === null
        ? []
        : [{ environmentId, environment, serviceId, service, published, protocol }];
    }),
  );
  assertOneEach([...others, ...would].sort((a, b) => (a.serviceId < b.serviceId ? -1 : 1)));
}

/** In the order of the services' ids. */
function publishedIn(tx: Transaction, environments: readonly string[]): Promise<PublishedPort[]> {
  return tx.query<PublishedPort>(
    `select environment.id as "environmentId", environment.code as environment,
       service.id as "serviceId", service.name as service,
       (port->>'published')::int as published, port->>'protocol' as protocol
     from service
     join environment on environment.id = service.environment_id
     join rendered_base on rendered_base.hash = split_part(service.desired_spec, '.', 1),
     jsonb_array_elements(rendered_base.content->'ports') as port
     where environment.id = any($1) and service.removed_at is null and port->>'published' is not null
     order by service.id`,
    [environments],
  );
}

function assertOneEach(ports: readonly PublishedPort[]): void {
  const byPort = new Map<string, PublishedPort[]>();
  for (const port of ports) {
    const key = `${port.environmentId} ${port.published} ${port.protocol}`;
    const known = byPort.get(key);
    known ? known.push(port) : byPort.set(key, [port]);
  }
  const taken = [...byPort.values()].find((several) => several.length > 1);
  if (taken) {
    const { published, environment } = taken[0]!;
    const message = `Port ${published} would be published by ${named(taken.map(({ service }) => service))} in ${environment}: publish another one, or none (null) to have one allocated.`;
    throw new UserInputError("PORT_TAKEN", message, ["spec", "ports"]);
  }
}
