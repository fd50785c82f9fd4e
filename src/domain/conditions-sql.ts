/** A part of a WHERE clause; each `?` stands for the next of the values. */
export interface Condition {
  sql: string;
  values: readonly unknown[];
}

/** Conditions joined by `and`, their values put behind those that a statement has already. */
export function whereAll(conditions: readonly Condition[], values: unknown[]): string {
  const parts = conditions.map(({ sql, values: given }) => {
    let next = 0;
    return sql.replace(/\?/g, () => `$${values.push(given[next++])}`);
  });
  return parts.length > 0 ? parts.join(" and ") : "true";
}
