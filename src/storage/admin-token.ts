import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hashToken, newToken } from "../domain/access-token.js";
import { newId } from "../domain/id.js";
import type { Home } from "./home.js";
import type { Transactions } from "./transaction.js";

export interface AdminToken {
  /** Where it is: a file only its owner may read. */
  file: string;
  /** The token itself when it was made now, else null: the database only has its hash. */
  made: string | null;
}

/**
 * Makes sure that this home has an admin token that works. Deleting the file and starting again makes a new one,
 * and the old one invalid.
 */
export async function ensureAdminToken(transactions: Transactions, home: Home): Promise<AdminToken> {
  const file = join(home.folder, "admin-token");
  const name = `admin-${home.hostId.slice(0, 8)}`;
  const existing = await readToken(file);
  const [known] = await transactions.run((tx) =>
    tx.query<{ hash: Buffer }>("select hash from access_token where name = $1 and revoked_at is null", [
      name,
    ]),
  );
  if (existing && known?.hash.equals(hashToken(existing))) {
    return { file, made: null };
  }
  const token = newToken();
  await writeFile(`${file}.new`, `${token}\n`, { mode: 0o600 });
  await transactions.run((tx) =>
    tx.query(
      `insert into access_token (id, name, hash, role) values ($1, $2, $3, 'ADMIN')
       on conflict (name) do update set hash = excluded.hash, revoked_at = null, expires_at = null`,
      [newId("token"), name, hashToken(token)],
    ),
  );
  await rename(`${file}.new`, file);
  return { file, made: token };
}

async function readToken(file: string): Promise<string | null> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      return null;
    }
    throw error;
  }
}
