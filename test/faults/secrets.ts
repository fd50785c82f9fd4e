import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { holds } from "../support/spellings.js";

export type Sql = <Row>(statement: string, parameters?: unknown[]) => Promise<Row[]>;

/** Where a secret could have got to. */
export interface Places {
  /** Folders with all that is in them. */
  folders: readonly string[];
  /** What servers have printed, all that there were. */
  output: readonly string[];
  sql: Sql;
  /** Only what is newer than this is looked at in the event log. */
  after?: string;
}

/** The secret stands in clear nowhere: not in a file, a line of output, a row of the database, a command line. */
export async function expectSecretNowhere(
  secret: string,
  { folders, output, sql, after = "0" }: Places,
): Promise<void> {
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isFile())) {
      const file = join(entry.parentPath, entry.name);
      expect(holds(await readFile(file).catch(() => ""), secret), file).to.equal(false);
    }
  }
  expect(holds(output.join("\n"), secret), "a server's output").to.equal(false);
  expect(holds(execFileSync("ps", ["-eo", "args="]), secret), "a command line").to.equal(false);
  const tables = await sql<{ name: string }>(
    "select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
  );
  expect(tables.map(({ name }) => name)).to.include.members([
    "event",
    "operation",
    "operation_log",
    "service_secret",
  ]);
  for (const { name } of tables) {
    const newer = name === "event" ? "where cursor > $1" : "where $1::bigint is not null";
    const rows = await sql<{ row: string }>(`select t::text as row from "${name}" as t ${newer}`, [after]);
    expect(holds(rows.map(({ row }) => row).join("\n"), secret), `the table ${name}`).to.equal(false);
  }
}
