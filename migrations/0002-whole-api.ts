import type { MigrationInterface, QueryRunner } from "typeorm";

/**
 * What the whole API needs on top of the thread: environment values as an ingredient of their own, states that a
 * service is held at, several kinds of work waiting for one service, bulk rebuilds, new commits, credentials that
 * can be replaced, text search.
 */
export class WholeApi0000000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of statements) {
      await runner.query(statement);
    }
  }

  async down(): Promise<void> {
    throw new Error("Migrations go forward only; restore a backup instead.");
  }
}

/**
 * Words of names and titles, for searching by the beginnings of words: names are split at their dashes and dots.
 * The configuration `simple` knows no language, so that every script is treated alike.
 */
const words = (...columns: string[]) =>
  `to_tsvector('simple', translate(${columns.map((column) => `coalesce(${column}, '')`).join(" || ' ' || ")}, '-_./', '    '))`;

const statements = [
  // Environments are deleted softly: the history of the services they had stays.
  "alter table environment add deleted_at timestamptz",
  "alter table environment drop constraint environment_code_key",
  "create unique index environment_code on environment (code) where deleted_at is null",

  "alter table credential add server text",
  "alter table credential add updated_at timestamptz not null default now()",

  "alter table recipe add search tsvector generated always as (" +
    `${words("name", "title", "subtype", "description")}) stored`,
  "create index recipe_search on recipe using gin (search)",
  "create index recipe_type on recipe (type, id)",
  "create index recipe_subtype on recipe (subtype, id) where subtype is not null",
  "create index recipe_locked on recipe (id) where locked",
  "create index recipe_archived on recipe (id) where archived_at is not null",
  "create index recipe_in_use on recipe (id) where archived_at is null",

  // Which ports this service publishes instead of what the recipe says: [{name, published}].
  "alter table service add ports jsonb",
  // Held at a state that was asked for, until something newer than what was there then comes up.
  "alter table service add held_at timestamptz",
  "alter table service add held_commit text",
  // Newest commit known of the branch it should run, and when that was seen.
  "alter table service add head_commit text",
  "alter table service add head_seen_at timestamptz",
  "alter table service add source_key text",
  "create index service_source on service (source_key) where removed_at is null",
  `alter table service add search tsvector generated always as (${words("name", "title", "group_name")}) stored`,
  "create index service_search on service using gin (search)",
  "create index service_environment on service (environment_id, id) where removed_at is null",
  "create index service_group on service (group_name, id) where removed_at is null",
  "create index service_state on service (state, id) where removed_at is null",

  `create table source_head (
     key text primary key,
     repository text not null,
     branch text not null,
     credential text,
     host_id text,
     commit text,
     error text,
     checked_at timestamptz,
     next_check_at timestamptz not null default now()
   )`,
  "create index source_head_next on source_head (next_check_at)",

  "alter table service_update add from_commit text",
  "alter table service_update add to_commit text",
  "create index service_update_unread on service_update (id) where read_at is null",
  "create index service_update_read on service_update (id) where read_at is not null",
  "create index service_update_new_code on service_update (id) where reasons = array['CODE']",
  "create index service_update_reasons on service_update using gin (reasons)",

  // One waiting operation of each sort: what a service should run, how many replicas, a restart, its removal.
  "alter table operation add sort text not null generated always as (case kind when 'SCALE' then 'SCALE' when 'RESTART' then 'RESTART' when 'REMOVE' then 'REMOVE' else 'VERSION' end) stored",
  "drop index operation_queued",
  "create unique index operation_queued on operation (service_id, sort) where state = 'QUEUED'",
  // What was asked for: replicas of a SCALE; the service's own source and inputs with a state other than the newest.
  "alter table operation add replicas integer",
  "alter table operation add source jsonb",
  "alter table operation add holds boolean not null default false",
  "alter table operation add held_revision integer",
  "alter table operation add rolls_back_to text references operation",
  "alter table operation add bulk_rebuild_id text",
  "create index operation_environment on operation (environment_id, id)",
  "create index operation_state on operation (state, id)",
  "create index operation_kind on operation (kind, id)",
  "create index operation_requested_by on operation (requested_by, id)",

  `create table bulk_rebuild (
     id text primary key,
     state text not null,
     parallel integer not null,
     max_failures integer not null,
     total integer not null,
     succeeded integer not null default 0,
     failed integer not null default 0,
     skipped integer not null default 0,
     running integer not null default 0,
     idempotency_key text unique,
     requested_by text not null,
     environments text[] not null,
     cancel_requested_by text,
     created_at timestamptz not null default now(),
     finished_at timestamptz
   )`,
  "create index bulk_rebuild_open on bulk_rebuild (id) where finished_at is null",
  `create table bulk_rebuild_item (
     bulk_rebuild_id text not null references bulk_rebuild,
     position integer not null,
     service_id text not null references service,
     state text not null default 'WAITING',
     operation_id text references operation,
     message text,
     primary key (bulk_rebuild_id, position)
   )`,
  "create index bulk_rebuild_item_operation on bulk_rebuild_item (operation_id) where operation_id is not null",
  "create index bulk_rebuild_item_state on bulk_rebuild_item (bulk_rebuild_id, state, position)",
  "create index operation_bulk_rebuild on operation (bulk_rebuild_id, id) where bulk_rebuild_id is not null",

  // Events about several environments at once (a bulk rebuild) name none.
  "alter table event alter environment_id drop not null",
  "alter table event alter service_id drop not null",
];
