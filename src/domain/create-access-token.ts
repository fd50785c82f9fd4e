import { z } from "zod";
import { RequestError, UserInputError, UserInputErrors } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import { AccessToken, hashToken, newToken, stillValid } from "./access-token.js";
import type { Actor } from "./actor.js";
import { kindOf, newId } from "./id.js";
import { parseInput } from "./parse-spec.js";
import { plainText } from "./recipe-spec.js";

const lastMoment = new Date("9999-12-31T23:59:59.999Z");
const everywhere = "must be the codes of environments, or null for all of them";

const tokenInput = z.object({
  name: plainText(100)
    .min(1, "may not be empty")
    .regex(/^[^\x00-\x1f\x7f]*$/, "may not contain control characters")
    .regex(/^(?!admin-)/, "may not begin with admin-, as the tokens that servers make themselves")
    .refine((name) => kindOf(name) === null, "may not look like an id"),
  environments: z.array(z.string(), everywhere).max(1_000, "may have at most 1000 entries").nullable(),
  expiresAt: z
    .date()
    .refine((moment) => moment.getTime() > Date.now(), "must be in the future")
    .max(lastMoment, "must be before the year 10000; null: never")
    .nullable()
    .default(null),
});

export interface CreateAccessTokenInput {
  name: string;
  /** Codes; null: all environments, also those that come later. Never absent: a slip must not open everything. */
  environments?: string[] | null;
  /** Null or absent: never. */
  expiresAt?: Date | null;
}

/**
 * Makes a token for somebody else to work with.
 * @returns the token itself, too: it is kept nowhere, only its hash is
 * @throws UserInputError NAME_TAKEN; UserInputErrors INVALID, NOT_FOUND for each environment that is not there;
 * RequestError UNAUTHENTICATED when the caller's own token has ended meanwhile
 */
export async function createAccessToken(
  tx: Transaction,
  input: CreateAccessTokenInput,
  actor: Actor,
): Promise<{ accessToken: AccessToken; token: string }> {
  const { name, environments, expiresAt } = parseInput(tokenInput, input, []);
  await assertStillAdmin(tx, actor);
  const codes = environments && [...new Set(environments)];
  await assertEnvironments(tx, environments ?? []);
  const [id, token] = [newId("token"), newToken()];
  const added = await tx.query(
    `insert into access_token (id, name, hash, role, environments, expires_at) values ($1, $2, $3, 'ADMIN', $4, $5)
     on conflict (name) do nothing returning id`,
    [id, name, hashToken(token), codes, expiresAt],
  );
  if (added.length === 0) {
    const message = `There is or was a token ${name}: choose another name, so that what each has done can be told apart.`;
    throw new UserInputError("NAME_TAKEN", message, ["name"]);
  }
  return { accessToken: await tx.manager.findOneByOrFail(AccessToken, { id }), token };
}

/** A token that is revoked at this moment, or was a moment ago, must not leave another one behind. */
async function assertStillAdmin(tx: Transaction, { tokenId }: Actor): Promise<void> {
  const [own] = await tx.query(
    `select id from access_token where id = $1 and environments is null and ${stillValid} for share`,
    [tokenId],
  );
  if (!own) {
    throw new RequestError("UNAUTHENTICATED", "The token of this request has been revoked or has expired.");
  }
}

async function assertEnvironments(tx: Transaction, codes: readonly string[]): Promise<void> {
  const rows = await tx.query<{ code: string }>("select code from environment where deleted_at is null");
  const there = new Set(rows.map(({ code }) => code));
  const missing = codes.flatMap((code, index) =>
    there.has(code)
      ? []
      : [
          new UserInputError("NOT_FOUND", `There is no environment ${code.slice(0, 80)}.`, [
            "environments",
            String(index),
          ]),
        ],
  );
  if (missing.length > 0) {
    throw new UserInputErrors(missing.slice(0, 50));
  }
}
