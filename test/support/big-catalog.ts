import pg from "pg";

/** Puts that into a database, however long it takes: more than a statement of a server may. */
export async function fill(databaseUrl: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const statement of statements) {
      await client.query(statement);
    }
  } finally {
    await client.end();
  }
}

const id = (prefix: string, n: string) => `'${prefix}_' || lpad((${n})::text, 26, '0')`;

/** As long as the steps of a rebuild are. */
const steps = `to_jsonb(array_fill(repeat('x', 120), array[7]))`;

/**
 * SQL that makes a catalog larger than most: 20,000 services in 100 environments, every seventh of them with an Update,
 * 5,000 recipes, 100,000 operations, a million events, and rare values of everything.
 */
export const bigCatalog: readonly string[] = [
  `insert into environment (id, code, description, driver)
   select ${id("env", "n")}, 'E' || n, '', 'SWARM' from generate_series(1, 100) n`,
  `insert into recipe (id, name, type, subtype, description, locked, archived_at, current_revision)
   select ${id("rcp", "n")}, 'recipe-' || n, case when n % 1000 = 7 then 'CDN' else 'SERVICE' end,
     case when n % 1000 = 8 then 'rare' end, 'made for number ' || n || repeat(', as its authors say at some length', 5), n % 1000 = 9,
     case when n % 1001 = 14 then now() end, 5
   from generate_series(1, 5000) n`,
  `insert into recipe_revision (id, recipe_id, number, spec, author)
   select ${id("rev", "n * 10 + m")}, ${id("rcp", "n")}, m, '{}', 'somebody'
   from generate_series(1, 5000) n, generate_series(1, 5) m`,
  `insert into service (id, environment_id, recipe_id, name, group_name, mode, replicas, state, desired_revision,
     desired_spec, desired_fingerprint, removed_at)
   select ${id("svc", "n")}, ${id("env", "n % 100 + 1")}, ${id("rcp", "n % 500 + 1")}, 'service-' || n,
     'group-' || n % 1000, 'REPLICATED', 1, case when n % 5000 = 1 then 'UNKNOWN' else 'RUNNING' end, 1, 'a.b', 'a',
     case when n % 10 = 3 then now() end
   from generate_series(1, 20000) n`,
  `insert into service_update (id, service_id, environment_id, recipe_id, reasons, from_revision, to_revision, to_spec,
     to_fingerprint, read_at)
   select ${id("upd", "n")}, id, environment_id, recipe_id,
     case when n % 1001 = 0 then array['CODE'] when n % 1001 = 7 then array['RECIPE', 'DRIFT'] else array['RECIPE'] end,
     1, 2, 'a.c', 'b', case when n % 1001 = 14 then now() end
   from (select *, right(id, 10)::bigint as n from service) s where n % 7 = 0`,
  `insert into operation (id, service_id, environment_id, kind, state, requested_by, steps)
   select ${id("opn", "n")}, ${id("svc", "n % 20000 + 1")}, ${id("env", "n % 20000 % 100 + 1")},
     case when n % 10000 = 1 then 'SCALE' else 'REBUILD' end,
     case when n between 50001 and 50005 then 'RUNNING' when n % 10000 = 2 then 'UNPROVEN' else 'SUCCEEDED' end,
     case when n % 10000 = 3 then 'seldom' else 'admin' end, ${steps}
   from generate_series(1, 100000) n`,
  `insert into operation_log (operation_id, seq, stream, line)
   select ${id("opn", "n")}, s, 'APP', 'a line' from generate_series(1, 200) n, generate_series(1, 200) s`,
  `insert into event (cursor, type, environment_id, service_id, payload)
   select n, 'SERVICE_CHANGED', ${id("env", "1")}, ${id("svc", "n % 20000 + 1")}, '{}' from generate_series(1, 1000000) n`,
  "update event_counter set cursor = 1000000",
  "vacuum analyze",
];

/**
 * More of it: three hosts that have stopped and this one (`mine`) own every tenth environment or so, with what was
 * deployed there; 2,000 operations wait for them, some were cut off in the middle, and others run on engines.
 */
export const bigQueue = (mine: string): readonly string[] => [
  `insert into server (host_id, owner, name, version, lease_seconds, seen_at, stopped_at)
   select 'host-' || n, 'host-' || n || '/x', 'host ' || n, '1', 10, now() - interval '1 day', now() - interval '1 day'
   from generate_series(1, 3) n`,
  `update environment set driver = 'PROCESS',
     host_id = case when right(id, 4)::int % 4 = 0 then '${mine}' else 'host-' || right(id, 4)::int % 4 end
   where right(id, 4)::int > 80`,
  `update service set state = 'STOPPED' from environment
   where environment.id = environment_id and host_id like 'host-%'`,
  `update operation set state = 'QUEUED', queued_at = now() - interval '1 day' from environment
   where environment.id = environment_id and host_id like 'host-%' and right(operation.id, 8)::int < 16000
     and state = 'SUCCEEDED'`,
  `update operation set state = 'RUNNING', fence = 1, slot = 1, lease_owner = environment.host_id || '/x',
     lease_until = now() - interval '1 day'
   from environment where environment.id = environment_id and host_id like 'host-%'
     and right(operation.id, 8)::int between 20000 and 20099 and state = 'SUCCEEDED'`,
  `update operation set fence = 1, slot = 1, lease_owner = 'elsewhere/x', lease_until = now() + interval '1 day'
   where state = 'RUNNING' and lease_until is null`,
  "vacuum analyze",
];
