import type { z } from "zod";
import { UserInputError } from "../errors.js";
import type { DriverKind } from "../operations/driver.js";
import type { SecretBox } from "../storage/secrets.js";
import { connectionContext, type Engine } from "./connection.js";
import type { Environment } from "./environment.js";
import { clusterOf, kubernetesConnection } from "./kubernetes-connection.js";
import { engineOf, swarmConnection } from "./swarm-connection.js";

/** Fields of an environment's input, one for each kind of engine. */
export const connectionFields = {
  swarm: swarmConnection.nullish(),
  kubernetes: kubernetesConnection.nullish(),
};

type Field = keyof typeof connectionFields;
type Given = { [F in Field]?: z.output<(typeof connectionFields)[F]> };
/** As clients give them. */
export type ConnectionInputs = { [F in Field]?: z.input<(typeof connectionFields)[F]> };

/** How environments of a driver name their engine. */
interface Naming {
  field: Field;
  /** What may be shown of it; null when it is not given. */
  shown(given: Given): Engine | null;
  /** What a new environment is refused with that does not name it. */
  needed: string;
}

const namings: Partial<Record<DriverKind, Naming>> = {
  SWARM: {
    field: "swarm",
    shown: ({ swarm }) => (swarm ? engineOf(swarm) : null),
    needed: "needs to know its engine; give its host, e.g. unix:///var/run/docker.sock",
  },
  KUBERNETES: {
    field: "kubernetes",
    shown: ({ kubernetes }) => (kubernetes ? clusterOf(kubernetes) : null),
    needed:
      "needs to know its cluster; give a namespace and a kubeconfig, or server and token, or inCluster for the cluster that this server runs in",
  },
};

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
  const naming = namings[driver];
  for (const field of Object.keys(connectionFields) as Field[]) {
    if (field !== naming?.field && given[field]) {
      const message = `${field}: a ${driver} environment is not connected by it; leave it out.`;
      throw new UserInputError("INVALID", message, [field]);
    }
  }
  const engine = naming?.shown(given);
  if (!naming || !engine) {
    return null;
  }
  const plaintext = JSON.stringify(given[naming.field]);
  return { connection: secretBox.encrypt(plaintext, connectionContext(id)), engine };
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
  const naming = namings[environment.driver];
  if (naming && !sealed) {
    const message = `${naming.field}: a ${environment.driver} environment ${naming.needed}.`;
    throw new UserInputError("INVALID", message, [naming.field]);
  }
  return sealed;
}
