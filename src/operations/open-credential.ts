import type { EntityManager } from "typeorm";
import { type CredentialKind, credentialContext } from "../domain/credential.js";
import { registryOf, sameRegistry } from "../domain/image-reference.js";
import { OperationFailure } from "../errors.js";
import type { SecretBox } from "../storage/secrets.js";
import type { ImageSpec, RegistryCredential } from "./driver.js";

interface Row {
  username: string;
  secret: Buffer;
  server: string | null;
}

/**
 * The credential a source names, opened; null when it names none.
 * @throws OperationFailure CREDENTIAL_MISSING
 */
export async function loadGitCredential(manager: EntityManager, secretBox: SecretBox, name: string | null) {
  if (name === null) {
    return null;
  }
  const row = await find(manager, "GIT", name);
  if (!row) {
    throw new OperationFailure(
      "CREDENTIAL_MISSING",
      `The recipe's source names the git credential ${name}, which does not exist: create it, then rebuild.`,
    );
  }
  return { username: row.username, password: secretBox.decrypt(row.secret, credentialContext(name)) };
}

/**
 * The credential an image names, opened; null when it names none. It is for its own registry alone: whoever writes
 * recipes must not be able to have it sent to another one.
 * @throws OperationFailure CREDENTIAL_MISSING, CREDENTIAL_MISMATCH
 */
export async function loadRegistryCredential(
  manager: EntityManager,
  secretBox: SecretBox,
  image: ImageSpec | null,
): Promise<RegistryCredential | null> {
  if (!image?.credential) {
    return null;
  }
  const name = image.credential;
  const row = await find(manager, "REGISTRY", name);
  if (!row) {
    throw new OperationFailure(
      "CREDENTIAL_MISSING",
      `The recipe's image names the registry credential ${name}, which does not exist: create it, then rebuild.`,
    );
  }
  const registry = registryOf(image);
  const server = row.server!;
  if (sameRegistry(server) !== registry) {
    throw new OperationFailure(
      "CREDENTIAL_MISMATCH",
      `The recipe's image comes from ${registry}, but the credential ${name} is for ${server}: have the image name another one, or put its prefix right, then rebuild.`,
    );
  }
  const password = secretBox.decrypt(row.secret, credentialContext(name));
  return { username: row.username, password, server };
}

/** As `loadRegistryCredential`; null also when it is gone or for another registry. */
export async function registryCredentialIfRight(
  ...given: Parameters<typeof loadRegistryCredential>
): Promise<RegistryCredential | null> {
  try {
    return await loadRegistryCredential(...given);
  } catch (error) {
    if (error instanceof OperationFailure) {
      return null;
    }
    throw error;
  }
}

async function find(manager: EntityManager, kind: CredentialKind, name: string): Promise<Row | undefined> {
  const [row] = await manager.query(
    "select username, secret, server from credential where name = $1 and kind = $2",
    [name, kind],
  );
  return row;
}
