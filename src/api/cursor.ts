import { RequestError } from "../errors.js";

const pattern = /^c(0|[1-9][0-9]{0,17})$/;

/** A position of the event log as clients see it. */
export function encodeCursor(cursor: bigint): string {
  return Buffer.from(`c${cursor}`).toString("base64url");
}

/** @throws RequestError CURSOR_INVALID */
export function decodeCursor(text: string): bigint {
  const match = pattern.exec(Buffer.from(text, "base64url").toString());
  if (!match || encodeCursor(BigInt(match[1]!)) !== text) {
    throw new RequestError(
      "CURSOR_INVALID",
      "This is no cursor of the event log; take one from Query.cursor, a mutation's payload or an event.",
    );
  }
  return BigInt(match[1]!);
}
