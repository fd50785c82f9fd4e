import type { ObjectLiteral } from "typeorm";
import type { Reads } from "../storage/reads.js";
import type { Condition, Listing } from "./listings.js";
import type { Stretch } from "./paging.js";

/** Collects the values of a statement and names them. */
class Parameters {
  readonly values: unknown[] = [];
  bind(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }
}

function whereClause(conditions: Condition[], parameters: Parameters): string {
  const parts = conditions.map(({ sql, values }) => {
    let next = 0;
    return sql.replace(/\?/g, () => parameters.bind(values[next++]));
  });
  return parts.length > 0 ? `where ${parts.join(" and ")}` : "";
}

function between({ keyColumn, keyType }: Listing<never>, { after, before }: Stretch): Condition[] {
  return [
    ...(after === null ? [] : [{ sql: `t.${keyColumn} > ?::${keyType}`, values: [after] }]),
    ...(before === null ? [] : [{ sql: `t.${keyColumn} < ?::${keyType}`, values: [before] }]),
  ];
}

/** The rows of one stretch of each parent's list, in reading order, with one more than the limit if there is. */
export async function readStretches<T>(
  reads: Reads,
  listing: Listing<T>,
  parents: string[] | null,
  where: Condition[],
  stretch: Stretch,
): Promise<Map<string | null, T[]>> {
  const parameters = new Parameters();
  const ids = parents ? parameters.bind(parents) : null;
  const ofParent = ids ? [{ sql: `t.${listing.parentColumn} = p.id`, values: [] }] : [];
  const conditions = [...ofParent, ...where, ...between(listing as Listing<never>, stretch)];
  const page = `select ${listing.columns} from ${listing.table} t ${whereClause(conditions, parameters)}
    order by t.${listing.keyColumn} ${stretch.backward ? "desc" : "asc"}
    limit ${stretch.limit + 1}`;
  const sql = ids
    ? `select p.id as parent, r.* from unnest(${ids}::text[]) as p(id), lateral (${page}) r`
    : page;
  const rows: ObjectLiteral[] = await reads.query(sql, parameters.values);
  return grouped(rows, listing, parents, stretch);
}

function grouped<T>(rows: ObjectLiteral[], listing: Listing<T>, parents: string[] | null, stretch: Stretch) {
  const groups = new Map<string | null, T[]>((parents ?? [null]).map((parent) => [parent, []]));
  for (const row of rows) {
    groups.get(parents ? row.parent : null)!.push(listing.toNode(row));
  }
  if (stretch.backward) {
    for (const nodes of groups.values()) {
      nodes.reverse();
    }
  }
  return groups;
}

/** How many rows each parent's list has. */
export async function countRows(
  reads: Reads,
  listing: Pick<Listing<never>, "table" | "parentColumn">,
  parents: string[] | null,
  where: Condition[],
): Promise<Map<string | null, number>> {
  const parameters = new Parameters();
  const column = parents ? `t.${listing.parentColumn}` : "null";
  const ofParents = parents ? [{ sql: `${column} = any(?::text[])`, values: [parents] }] : [];
  const rows: { parent: string | null; count: number }[] = await reads.query(
    `select ${column} as parent, count(*)::int as count from ${listing.table} t
     ${whereClause([...ofParents, ...where], parameters)} ${parents ? "group by 1" : ""}`,
    parameters.values,
  );
  return new Map(rows.map((row) => [row.parent, row.count]));
}
