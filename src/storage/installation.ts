import { randomUUID } from "node:crypto";
import { fingerprintVersion } from "../domain/fingerprint.js";
import type { SecretBox } from "./secrets.js";
import type { Transactions } from "./transaction.js";

/** What a database knows of itself. */
export interface Installation {
  id: string;
  /** By which version of rendering the fingerprints in it were made. */
  fingerprintVersion: number;
}

/**
 * Reads what the database says of itself; a new one is told.
 * @throws StartError SECRET_KEY_WRONG when its secrets were sealed with another key
 */
export async function openInstallation(
  transactions: Transactions,
  secretBox: SecretBox,
): Promise<Installation> {
  return transactions.run(async (tx) => {
    await tx.query(
      "insert into installation (id, secret_check, fingerprint_version) values ($1, $2, $3) on conflict do nothing",
      [randomUUID(), secretBox.makeCheck(), fingerprintVersion],
    );
    const [row] = await tx.query<{ id: string; secret_check: Buffer; fingerprint_version: number }>(
      "select id, secret_check, fingerprint_version from installation",
    );
    secretBox.verify(row!.secret_check);
    return { id: row!.id, fingerprintVersion: row!.fingerprint_version };
  });
}
