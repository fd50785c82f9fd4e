import type { Condition } from "./listings.js";
import { searchIn } from "./search.js";
import type { BulkRebuildFilter } from "./types/bulk-rebuild.js";
import type { OperationFilter, RecipeFilter, ServiceFilter, UpdateFilter } from "./types/filters.js";

const inEnvironment = "t.environment_id = (select id from environment where code = ? and deleted_at is null)";
const ofRecipe = "t.recipe_id = (select id from recipe where name = ?)";
const hasUpdate = "exists (select 1 from service_update u where u.service_id = t.id)";
const newCodeOnly = "t.reasons = array['CODE']";

/** A condition unless there is nothing to compare with. */
function when(value: unknown, sql: string): Condition[] {
  return value === null || value === undefined ? [] : [{ sql, values: [value] }];
}

/** One of two conditions, or none. */
function either(value: boolean | null | undefined, sql: string): Condition[] {
  return value === null || value === undefined ? [] : [{ sql: value ? sql : `not (${sql})`, values: [] }];
}

export function recipesWhere(filter: RecipeFilter): Condition[] {
  return [
    ...when(filter.type, "t.type = ?"),
    ...when(filter.subtype, "t.subtype = ?"),
    ...either(filter.locked, "t.locked"),
    ...either(filter.archived ?? false, "t.archived_at is not null"),
    ...searchIn(filter.search, "t"),
  ];
}

/** Of the services that are there. */
export function servicesWhere(filter: ServiceFilter): Condition[] {
  return [
    { sql: "t.removed_at is null", values: [] },
    ...when(filter.environment, inEnvironment),
    ...when(filter.recipe, ofRecipe),
    ...when(filter.group, "t.group_name = ?"),
    ...when(filter.state, "t.state = ?"),
    ...either(filter.hasUpdate, hasUpdate),
    ...searchIn(filter.search, "t"),
  ];
}

export function updatesWhere(filter: UpdateFilter): Condition[] {
  return [
    ...when(filter.environment, inEnvironment),
    ...when(filter.recipe, ofRecipe),
    ...when(filter.service, "t.service_id = ?"),
    ...either(filter.kind && filter.kind === "UPDATE", newCodeOnly),
    ...when(filter.reason, "t.reasons @> array[?]"),
    ...either(filter.unread, "t.read_at is null"),
    ...searchIn(filter.search, "service"),
  ];
}

export function operationsWhere(filter: OperationFilter): Condition[] {
  return [
    ...when(filter.environment, inEnvironment),
    ...when(filter.service, "t.service_id = ?"),
    ...when(filter.kind, "t.kind = ?"),
    ...when(filter.state, "t.state = ?"),
    ...either(filter.active, "t.state in ('QUEUED', 'RUNNING')"),
    ...when(filter.requestedBy, "t.requested_by = ?"),
    ...searchIn(filter.search, "service"),
    ...when(filter.bulkRebuild, "t.bulk_rebuild_id = ?"),
  ];
}

export function bulkRebuildsWhere(filter: BulkRebuildFilter): Condition[] {
  return either(filter.active, "t.finished_at is null");
}
