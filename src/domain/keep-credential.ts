import { z } from "zod";
import { UserInputError } from "../errors.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transaction } from "../storage/transaction.js";
import { Credential, credentialContext, credentialKinds } from "./credential.js";
import { newId } from "./id.js";
import { named } from "./named.js";
import { parseInput } from "./parse-spec.js";
import { dnsLabel, plainText } from "./recipe-spec.js";
import { isStorable, storable } from "./storable.js";

const username = plainText(255)
  .min(1, "may not be empty")
  .regex(/^[^\x00-\x1f\x7f]*$/, "may not contain control characters");
const secret = plainText(65_536).min(1, "may not be empty");
const server = z
  .string()
  .max(255, "may have at most 255 characters")
  .regex(/^[a-zA-Z0-9.-]+(:\d{1,5})?$/, "must be an address such as registry.example.com:5000");

const newCredential = z.object({
  name: dnsLabel(),
  kind: z.enum(credentialKinds),
  username,
  secret,
  server: server.nullable().default(null),
});
const replacement = z.object({
  username: username.nullable().default(null),
  secret: secret.nullable().default(null),
  server: server.nullable().default(null),
});

/**
 * Adds a credential, its secret encrypted.
 * @throws UserInputError NAME_TAKEN; UserInputErrors INVALID
 */
export async function createCredential(
  tx: Transaction,
  input: z.input<typeof newCredential>,
  secretBox: SecretBox,
): Promise<Credential> {
  const { name, kind, username, secret, server } = parseInput(newCredential, input, []);
  assertServer(kind, server);
  const id = newId("credential");
  const added = await tx.query(
    `insert into credential (id, name, kind, username, secret, server) values ($1, $2, $3, $4, $5, $6)
     on conflict (name) do nothing returning id`,
    [id, name, kind, username, secretBox.encrypt(secret, credentialContext(name)), server],
  );
  if (added.length === 0) {
    const message = `There is a credential ${name} already: replace it or choose another name.`;
    throw new UserInputError("NAME_TAKEN", message, ["name"]);
  }
  return tx.manager.findOneByOrFail(Credential, { id });
}

function assertServer(kind: Credential["kind"], server: string | null): void {
  if ((kind === "REGISTRY") !== (server !== null)) {
    const message =
      kind === "REGISTRY"
        ? "server: a REGISTRY credential needs the registry's address."
        : "server: a GIT credential is for the repositories of recipes that name it, and has none.";
    throw new UserInputError("INVALID", message, ["server"]);
  }
}

/**
 * Gives a credential another username, secret or server; what is absent stays. It makes no service outdated: what uses
 * it names it.
 * @throws UserInputError NOT_FOUND; UserInputErrors INVALID
 */
export async function replaceCredential(
  tx: Transaction,
  input: { credential: string } & z.input<typeof replacement>,
  secretBox: SecretBox,
): Promise<Credential> {
  const parsed = parseInput(replacement, input, []);
  const credential = await findCredential(tx, input.credential);
  const server = parsed.server ?? credential.server;
  assertServer(credential.kind, server);
  const { id, name } = credential;
  const ciphertext =
    parsed.secret === null ? null : secretBox.encrypt(parsed.secret, credentialContext(name));
  await tx.query(
    `update credential set username = coalesce($2, username), secret = coalesce($3, secret), server = $4,
       updated_at = now() where id = $1`,
    [id, parsed.username, ciphertext, server],
  );
  return tx.manager.findOneByOrFail(Credential, { id });
}

/**
 * Takes a credential away.
 * @throws UserInputError NOT_FOUND, IN_USE naming the recipes and services that use it
 */
export async function deleteCredential(tx: Transaction, input: { credential: string }): Promise<Credential> {
  const credential = await findCredential(tx, input.credential);
  const users = await usersOf(tx, credential);
  if (users.length > 0) {
    const message = `Credential ${credential.name} is used by ${named(users)}: have them name another one first.`;
    throw new UserInputError("IN_USE", message, ["credential"]);
  }
  await tx.manager.delete(Credential, { id: credential.id });
  return credential;
}

/** Names of the recipes whose current revision names it, and of the services that run or should run with it. */
async function usersOf(tx: Transaction, { kind, name }: Credential): Promise<string[]> {
  const part = kind === "GIT" ? "source" : "image";
  const rows = await tx.query<{ name: string }>(
    `select 'recipe ' || recipe.name as name from recipe join recipe_revision as revision
       on revision.recipe_id = recipe.id and revision.number = recipe.current_revision
     where recipe.archived_at is null and revision.spec->'${part}'->>'credential' = $1
     union all
     select distinct 'service ' || environment.code || '/' || service.name from service
     join environment on environment.id = service.environment_id
     join rendered_base as base
       on base.hash in (split_part(service.desired_spec, '.', 1), split_part(service.deployed_spec, '.', 1))
     where service.removed_at is null and base.content->'${part}'->>'credential' = $1
     order by 1`,
    [name],
  );
  return rows.map((row) => row.name);
}

/**
 * By name or id, locked.
 * @throws UserInputError NOT_FOUND
 */
async function findCredential(tx: Transaction, nameOrId: string): Promise<Credential> {
  const found =
    isStorable(nameOrId) &&
    (await tx.manager.findOne(Credential, {
      where: [{ name: nameOrId }, { id: nameOrId }],
      lock: { mode: "pessimistic_write" },
    }));
  if (!found) {
    const message = `There is no credential ${storable(nameOrId.slice(0, 80))}.`;
    throw new UserInputError("NOT_FOUND", message, ["credential"]);
  }
  return found;
}
