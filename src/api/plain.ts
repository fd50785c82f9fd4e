/**
 * A GraphQL input as a plain object: keys that were not sent are absent, null stays null. In the entries of
 * lists, which are always sent whole, null means the same as absent.
 */
export function toPlain<T>(input: T): T {
  return plain(input, false) as T;
}

function plain(value: unknown, inList: boolean): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => plain(item, true));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const sent = Object.entries(value).filter(([, item]) => item !== undefined && !(inList && item === null));
  return Object.fromEntries(sent.map(([key, item]) => [key, plain(item, inList)]));
}

/** The same without the fields that are null, for inputs where null says nothing. */
export function withoutNulls<T extends object>(input: T): { [K in keyof T]: Exclude<T[K], null> } {
  const entries = Object.entries(toPlain(input)).filter(([, value]) => value !== null);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], null> };
}
