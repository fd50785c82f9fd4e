import { createHash } from "node:crypto";

/** A short hash for names. */
export function shortHash(text: string, length = 12): string {
  return createHash("sha256").update(text).digest("hex").slice(0, length);
}
