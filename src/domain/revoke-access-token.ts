import { RequestError, UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import { AccessToken, stillValid } from "./access-token.js";
import type { Actor } from "./actor.js";
import { isStorable, storable } from "./storable.js";

/**
 * Ends a token for ever. One that is revoked already is the answer.
 * @param input.accessToken name or id
 * @throws UserInputError NOT_FOUND, CONFLICT for the last valid one for all environments; RequestError UNAUTHENTICATED
 * when the caller's own token has ended meanwhile
 */
export async function revokeAccessToken(
  tx: Transaction,
  input: { accessToken: string },
  actor: Actor,
): Promise<AccessToken> {
  // Locked together and in one order: of two that revoke each other's, the second one finds itself revoked.
  const admins = await tx.query<{ id: string }>(
    `select id from access_token where environments is null and ${stillValid} order by id for update`,
  );
  if (!admins.some(({ id }) => id === actor.tokenId)) {
    throw new RequestError("UNAUTHENTICATED", "The token of this request has been revoked or has expired.");
  }
  const found = await findAccessToken(tx, input.accessToken);
  if (admins.length === 1 && admins[0]!.id === found.id) {
    const message = `Token ${found.name} is the last one for all environments that works: make another one first.`;
    throw new UserInputError("CONFLICT", message, ["accessToken"]);
  }
  await tx.query("update access_token set revoked_at = coalesce(revoked_at, now()) where id = $1", [
    found.id,
  ]);
  return tx.manager.findOneByOrFail(AccessToken, { id: found.id });
}

async function findAccessToken(tx: Transaction, nameOrId: string): Promise<AccessToken> {
  const where = [{ name: nameOrId }, { id: nameOrId }];
  const found = isStorable(nameOrId) && (await tx.manager.findOneBy(AccessToken, where));
  if (!found) {
    const message = `There is no token ${storable(nameOrId.slice(0, 80))}.`;
    throw new UserInputError("NOT_FOUND", message, ["accessToken"]);
  }
  return found;
}
