import type { Reads } from "../storage/reads.js";
import { serverIsUp } from "./server.js";

/** What an operation waits for before anybody works on it. */
export type WaitingReason =
  | "HOST_AWAY"
  | "SERVER_AWAY"
  | "SERVICE_BUSY"
  | "ENVIRONMENT_BUSY"
  | "SERVERS_BUSY";

export interface Waiting {
  reason: WaitingReason;
  /** For people: what it waits for and what they can do about it. */
  message: string;
}

interface Row {
  id: string;
  reason: WaitingReason;
  environment: string;
  concurrency: number;
  host: string | null;
  seenAt: Date | null;
}

/** What operations wait for now; those that are worked on, or have ended, are left out. */
export async function waitingOf(reads: Reads, ids: readonly string[]): Promise<Map<string, Waiting>> {
  const rows = await reads.query<Row>(
    `select * from (
       select operation.id, environment.code as environment, environment.concurrency, server.name as host,
         server.seen_at as "seenAt",
         case
           when operation.state = 'RUNNING' and operation.lease_until >= now() then null
           when environment.host_id is not null and (server.host_id is null or not ${serverIsUp}) then 'HOST_AWAY'
           when operation.state = 'RUNNING' and operation.lease_until > 'epoch' then 'SERVER_AWAY'
          when operation.state = 'RUNNING' then 'SERVERS_BUSY'
           when exists (select from operation as running
             where running.service_id = operation.service_id and running.state = 'RUNNING') then 'SERVICE_BUSY'
           when environment.concurrency <= (select count(*) from operation as running
             where running.environment_id = operation.environment_id and running.state = 'RUNNING')
             then 'ENVIRONMENT_BUSY'
           else 'SERVERS_BUSY'
         end as reason
       from operation
       join environment on environment.id = operation.environment_id
       left join server on server.host_id = environment.host_id
       where operation.id = any($1::text[]) and operation.state in ('QUEUED', 'RUNNING')
     ) as found where reason is not null`,
    [ids],
  );
  return new Map(rows.map((row) => [row.id, { reason: row.reason, message: messageOf(row) }]));
}

function messageOf({ reason, environment, concurrency, host, seenAt }: Row): string {
  switch (reason) {
    case "HOST_AWAY": {
      const since = seenAt ? `, whose server was last seen at ${seenAt.toISOString()}` : "";
      return `${environment} belongs to the host ${host ?? "of another home"}${since}: start the server there.`;
    }
    case "SERVER_AWAY":
      return "The server that worked on it is not heard of any more; the next free one takes it over.";
    case "SERVICE_BUSY":
      return "Another operation of the service is under way.";
    case "ENVIRONMENT_BUSY":
      return `${environment} works on ${concurrency === 1 ? "one operation" : `${concurrency} operations`} at once, and no more; updateEnvironment changes its concurrency.`;
    case "SERVERS_BUSY":
      return "It waits for a server that has a place free; REBAKE_CONCURRENCY says how many each has.";
  }
}
