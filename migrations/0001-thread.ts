import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * The first schema: who may call, what is there, what is asked for, what happened. Secrets are ciphertext
 * from here on. Ids are prefixed ULIDs made by the server; times are the database's.
 */
export class Thread0000000000001 implements MigrationInterface {
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
  `create table installation (
     only_row boolean primary key default true check (only_row),
     id text not null,
     secret_check bytea not null,
     fingerprint_version integer not null,
     created_at timestamptz not null default now()
   )`,
  `create table access_token (
     id text primary key,
     name text not null unique,
     hash bytea not null unique,
     role text not null,
     environments text[],
     created_at timestamptz not null default now(),
     expires_at timestamptz,
     revoked_at timestamptz
   )`,
  `create table credential (
     id text primary key,
     name text not null unique,
     kind text not null check (kind in ('GIT', 'REGISTRY')),
     username text not null,
     secret bytea not null,
     created_at timestamptz not null default now()
   )`,
  `create table environment (
     id text primary key,
     code text not null unique,
     description text not null,
     driver text not null check (driver in ('PROCESS', 'SWARM', 'KUBERNETES')),
     host_id text,
     values jsonb not null default '[]',
     connection bytea,
     created_at timestamptz not null default now()
   )`,
  `create table recipe (
     id text primary key,
     name text not null unique,
     title text,
     type text not null,
     subtype text,
     description text not null,
     locked boolean not null default false,
     archived_at timestamptz,
     current_revision integer not null,
     created_at timestamptz not null default now()
   )`,
  `create table recipe_revision (
     id text primary key,
     recipe_id text not null references recipe,
     number integer not null,
     spec jsonb not null,
     message text,
     author text not null,
     created_at timestamptz not null default now(),
     unique (recipe_id, number)
   )`,
  `create table rendered_base (
     hash text primary key,
     content jsonb not null,
     created_at timestamptz not null default now()
   )`,
  `create table input_set (
     hash text primary key,
     content jsonb not null,
     created_at timestamptz not null default now()
   )`,
  `create table service (
     id text primary key,
     environment_id text not null references environment,
     recipe_id text not null references recipe,
     name text not null,
     title text,
     group_name text,
     mode text not null check (mode in ('REPLICATED', 'GLOBAL')),
     replicas integer not null check (replicas >= 0),
     source jsonb,
     inputs jsonb not null default '[]',
     state text not null default 'STOPPED',
     desired_revision integer not null,
     desired_spec text not null,
     desired_fingerprint text not null,
     deployed_revision integer,
     deployed_spec text,
     deployed_fingerprint text,
     deployed_commit text,
     deployed_operation_id text,
     created_at timestamptz not null default now(),
     removed_at timestamptz
   ) with (fillfactor = 60)`,
  "create unique index service_name on service (environment_id, name) where removed_at is null",
  "create index service_recipe on service (recipe_id, id) where removed_at is null",
  `create table service_secret (
     version text primary key,
     service_id text not null references service,
     name text not null,
     ciphertext bytea not null,
     created_at timestamptz not null default now()
   )`,
  "create index service_secret_service on service_secret (service_id)",
  `create table service_update (
     id text primary key,
     service_id text not null unique references service,
     environment_id text not null,
     recipe_id text not null,
     reasons text[] not null,
     from_revision integer,
     to_revision integer not null,
     from_spec text,
     to_spec text not null,
     from_fingerprint text,
     to_fingerprint text not null,
     since timestamptz not null default now(),
     read_at timestamptz
   ) with (fillfactor = 60)`,
  "create index service_update_environment on service_update (environment_id, id)",
  "create index service_update_recipe on service_update (recipe_id, id)",
  `create table operation (
     id text primary key,
     service_id text not null references service,
     environment_id text not null references environment,
     kind text not null,
     state text not null,
     idempotency_key text,
     requested_by text not null,
     from_revision integer,
     to_revision integer,
     spec text,
     fingerprint text,
     commit text,
     steps jsonb not null,
     cause jsonb,
     cancel_requested_by text,
     queued_at timestamptz not null default now(),
     started_at timestamptz,
     finished_at timestamptz,
     fence bigint not null default 0,
     lease_owner text,
     lease_until timestamptz
   )`,
  "create unique index operation_running on operation (service_id) where state = 'RUNNING'",
  "create unique index operation_queued on operation (service_id) where state = 'QUEUED'",
  "create unique index operation_idempotency on operation (service_id, idempotency_key) where idempotency_key is not null",
  "create index operation_claim on operation (queued_at, id) where state in ('QUEUED', 'RUNNING')",
  "create index operation_service on operation (service_id, id)",
  `create table operation_log (
     operation_id text not null references operation,
     seq bigint not null,
     at timestamptz not null default now(),
     stream text not null,
     instance integer,
     line text not null,
     primary key (operation_id, seq)
   )`,
  `create table event_counter (
     only_row boolean primary key default true check (only_row),
     cursor bigint not null,
     expired_cursor bigint not null default 0
   )`,
  "insert into event_counter (cursor) values (0)",
  `create table event (
     cursor bigint primary key,
     type text not null,
     environment_id text not null,
     service_id text not null,
     operation_id text,
     at timestamptz not null default now(),
     payload json not null
   )`,
  "create index event_operation on event (operation_id, cursor) where operation_id is not null",
];
