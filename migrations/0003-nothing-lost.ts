import type { MigrationInterface, QueryRunner } from "typeorm";

/** Limits of environments, and which servers there are. */
export class NothingLost0000000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) {
      await runner.query(statement);
    }
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only; restore a backup instead.");
  }
}

const statements = [
  // A running operation has one of its environment's places, 1 to `concurrency`: the index lets none be taken twice.
  "alter table environment add concurrency integer not null default 4 check (concurrency between 1 and 64)",
  "alter table operation add slot integer",
  "create unique index operation_slot on operation (environment_id, slot) where state = 'RUNNING'",
  "create index operation_waiting on operation (environment_id, queued_at, id) where state = 'QUEUED'",
  "create index operation_lease on operation (lease_until) where state = 'RUNNING'",
  "drop index operation_claim",

  // A deploy looks for its name among the services that were removed, too.
  "create index service_once_named on service (environment_id, name)",

  // The newest server of each home; `stopped_at`: it said goodbye.
  `create table server (
     host_id text primary key,
     owner text not null,
     name text not null,
     version text not null,
     lease_seconds integer not null,
     started_at timestamptz not null default now(),
     seen_at timestamptz not null default now(),
     stopped_at timestamptz
   ) with (fillfactor = 60)`,
];
