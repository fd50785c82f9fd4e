import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from "graphql";
import { formatCursor, parseCursor } from "../../events/cursor.js";

/** A scalar whose literals are strings; `parse` throws with a message for the caller. */
function stringScalar<T>(
  name: string,
  description: string,
  parse: (text: string) => T,
  serialize: (value: unknown) => string,
) {
  const parseValue = (value: unknown): T => {
    if (typeof value !== "string") {
      throw new GraphQLError(`${name} must be a string.`);
    }
    return parse(value);
  };
  const parseLiteral = (node: ValueNode): T => parseValue(node.kind === Kind.STRING ? node.value : null);
  return new GraphQLScalarType({ name, description, serialize, parseValue, parseLiteral });
}

/** A `Date`, or the ISO text of one as events keep it. */
export const DateTime = stringScalar(
  "DateTime",
  "A moment in ISO 8601, in UTC with milliseconds, e.g. `2026-01-31T12:00:00.000Z`.",
  (text) => {
    const date = new Date(text);
    if (Number.isNaN(date.getTime())) {
      throw new GraphQLError("DateTime must be in ISO 8601, e.g. 2026-01-31T12:00:00.000Z.");
    }
    return date;
  },
  (value) => (value instanceof Date ? value.toISOString() : new Date(String(value)).toISOString()),
);

/** A `bigint` inside, opaque text outside. */
export const Cursor = stringScalar(
  "Cursor",
  "A position in the event log, opaque. Subscribe `after` it to get everything that happened since.",
  parseCursor,
  (value) => formatCursor(value as bigint),
);

function toByteCount(value: unknown): number {
  const count = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  if (typeof count !== "number" || !Number.isSafeInteger(count) || count < 0) {
    throw new GraphQLError("ByteCount must be a whole number of bytes from 0 to 9007199254740991.");
  }
  return count;
}

/** GraphQL's Int ends at 2 GiB; memory does not. */
export const ByteCount = new GraphQLScalarType<number, number>({
  name: "ByteCount",
  description: "A whole number of bytes, 0 to 9007199254740991 (2^53 - 1).",
  serialize: toByteCount,
  parseValue: toByteCount,
  parseLiteral: (node) => toByteCount(node.kind === Kind.INT ? Number(node.value) : null),
});
