import type pg from "pg";
import type { DataSource } from "typeorm";

/** Statements that every connection may keep; those of rare filters after them are planned each time. */
const mostNames = 300;
const names = new Map<string, string>();

/**
 * Runs a read outside any transaction as a prepared statement: PostgreSQL parses it once a connection, and not
 * again for each request. It has to name its columns, because one that was prepared with `*` fails as soon as a
 * newer server adds a column.
 */
export async function readPrepared<Row extends object>(
  source: DataSource,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const pool = (source.driver as unknown as { master: pg.Pool }).master;
  const name = nameOf(text);
  const { rows } = await pool.query<Row>({ text, values: values as unknown[], ...(name && { name }) });
  return rows;
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= mostNames) {
    return known;
  }
  const name = `read_${names.size}`;
  names.set(text, name);
  return name;
}
