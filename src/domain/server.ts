import type { Reads } from "../storage/reads.js";

/** `UP`: heard of within its lease. `AWAY`: not heard of since. `STOPPED`: it said goodbye. */
export type ServerState = "UP" | "AWAY" | "STOPPED";

/** A Rebake process: the newest one of its home. */
export interface Server {
  /** That of its home: PROCESS environments belong to it. */
  id: string;
  /** What its host is called. */
  name: string;
  version: string;
  state: ServerState;
  startedAt: Date;
  seenAt: Date;
}

/** Whether a row of the table `server` is neither away nor stopped. */
export const serverIsUp =
  "(server.stopped_at is null and server.seen_at > now() - make_interval(secs => server.lease_seconds))";

const columns = `host_id as id, name, version, started_at as "startedAt", seen_at as "seenAt",
  case when stopped_at is not null then 'STOPPED' when ${serverIsUp} then 'UP' else 'AWAY' end as state`;

/** All servers of a database, the oldest first. */
export function allServers(reads: Reads): Promise<Server[]> {
  return reads.query<Server>(`select ${columns} from server order by started_at, host_id`, []);
}

/** The servers of homes; those that never reported are left out. */
export function serversOf(reads: Reads, hostIds: readonly string[]): Promise<Server[]> {
  return reads.query<Server>(`select ${columns} from server where host_id = any($1::text[])`, [hostIds]);
}
