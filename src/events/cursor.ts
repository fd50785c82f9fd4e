import { RequestError } from "../errors.js";

const largest = 2n ** 63n - 1n;

/** A cursor as clients see it: the position in decimal digits. */
export function formatCursor(cursor: bigint): string {
  return cursor.toString();
}

/** The position that a client's cursor stands for; CURSOR_INVALID when it is not one. */
export function parseCursor(text: string): bigint {
  if (/^(0|[1-9][0-9]{0,18})$/.test(text)) {
    const cursor = BigInt(text);
    if (cursor <= largest) {
      return cursor;
    }
  }
  throw invalidCursor(text);
}

export function invalidCursor(text: string): RequestError {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return new RequestError("CURSOR_INVALID", `"${shown}" is no cursor of this server.`);
}

export function expiredCursor(cursor: bigint, expired: bigint): RequestError {
  return new RequestError(
    "CURSOR_EXPIRED",
    `Events up to ${expired} have been cleaned up, so nothing can be replayed after ${cursor}; ` +
      "list again, then subscribe after Query.cursor.",
  );
}
