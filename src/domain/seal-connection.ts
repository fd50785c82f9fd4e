import { UserInputError } from "../errors.js";
import type { DriverKind } from "../operations/driver.js";
import type { SecretBox } from "../storage/secrets.js";
import { connectionContext, type Engine, type SwarmConnection } from "./connection.js";
import type { Environment } from "./environment.js";
import { swarmConnection } from "./swarm-connection.js";

/** Fields of an environment's input, one for each kind of engine. */
export const connectionFields = { swarm: swarmConnection.nullish() };

interface Given {
  swarm?: SwarmConnection | null | undefined;
}

const fieldOf: Partial<Record<DriverKind, keyof Given>> = { SWARM: "swarm" };

/** A connection as it is kept: encrypted, and what of it may be shown. */
export interface SealedConnection {
  connection: Buffer;
  engine: Engine;
}

/**
 * Encrypts the connection that is given for an environment's engine; null when none is.
 * @throws UserInputError INVALID for one that is for another driver
 */
export function sealConnection(
  { id, driver }: Pick<Environment, "id" | "driver">,
  given: Given,
  secretBox: SecretBox,
): SealedConnection | null {
  const own = fieldOf[driver];
  for (const field of Object.keys(connectionFields) as (keyof Given)[]) {
    if (field !== own && given[field]) {
      const message = `${field}: a ${driver} environment is not connected by it; leave it out.`;
      throw new UserInputError("INVALID", message, [field]);
    }
  }
  const connection = own && given[own];
  if (!connection) {
    return null;
  }
  const plaintext = JSON.stringify(connection);
  return {
    connection: secretBox.encrypt(plaintext, connectionContext(id)),
    engine: { host: connection.host, tls: connection.key !== null },
  };
}

/**
 * As `sealConnection`, for a new environment, which has to name its engine if its driver speaks to one.
 * @throws UserInputError INVALID
 */
export function sealFirstConnection(
  environment: Pick<Environment, "id" | "driver">,
  given: Given,
  secretBox: SecretBox,
): SealedConnection | null {
  const sealed = sealConnection(environment, given, secretBox);
  const field = fieldOf[environment.driver];
  if (field && !sealed) {
    const message = `${field}: a ${environment.driver} environment needs to know its engine; give its host, e.g. unix:///var/run/docker.sock.`;
    throw new UserInputError("INVALID", message, [field]);
  }
  return sealed;
}
