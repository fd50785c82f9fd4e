declare const eventCursor: unique symbol;

/**
 * A position in the event log. A type of its own, because the cursors of pages (`endCursor`, `edges.cursor`)
 * are strings, too, and mean something else: the compiler refuses one where the other is meant.
 */
export type Cursor = string & { readonly [eventCursor]: true };

/** A moment as JSON has it: ISO 8601 in UTC with milliseconds, e.g. `2026-01-31T12:00:00.000Z`. */
export type DateTime = string;

/** Bytes; JSON's numbers are exact up to 2^53 - 1, and so is this. */
export type ByteCount = number;
