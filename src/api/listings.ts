import type { DataSource, EntityTarget, ObjectLiteral } from "typeorm";
import { type BulkItemState, BulkRebuild } from "../domain/bulk-rebuild.js";
import { Credential } from "../domain/credential.js";
import { Environment } from "../domain/environment.js";
import { Operation } from "../domain/operation.js";
import { Recipe, RecipeRevision } from "../domain/recipe.js";
import { Service } from "../domain/service.js";
import { Update } from "../domain/update.js";
import type { LogStream } from "../operations/driver.js";
import { encodeKey } from "./paging.js";

/** A part of a WHERE clause about the table `t`; each `?` stands for the next of the values. */
export interface Condition {
  sql: string;
  values: unknown[];
}

/** A table that can be read in pages, in the order of a unique key. */
export interface Listing<T> {
  table: string;
  /** Column a list's parent is in, for lists below something. */
  parentColumn: string | null;
  keyColumn: "id" | "seq" | "position";
  keyType: "text" | "bigint";
  keyPattern: RegExp;
  keyOf(node: T): string;
  toNode(row: ObjectLiteral): T;
}

export interface LogLine {
  seq: string;
  cursor: string;
  at: Date;
  stream: LogStream;
  instance: number | null;
  line: string;
}

/** A service of a bulk rebuild. */
export interface BulkItem {
  position: number;
  state: BulkItemState;
  message: string | null;
  serviceId: string;
  operationId: string | null;
}

/**
 * Turns rows into entities by their columns alone. A fraction of what TypeORM's own hydration takes, which
 * matters for pages of a hundred.
 */
export function hydrator<T extends ObjectLiteral>(source: DataSource, target: EntityTarget<T>) {
  const metadata = source.getMetadata(target);
  const columns = metadata.columns.map((column) => [column.propertyName, column.databaseName] as const);
  return (row: ObjectLiteral): T => {
    const entity = metadata.create() as ObjectLiteral;
    for (const [property, column] of columns) {
      entity[property] = row[column];
    }
    return entity as T;
  };
}

function byId<T extends ObjectLiteral & { id: string }>(
  source: DataSource,
  target: EntityTarget<T>,
  parentColumn: string | null = null,
): Listing<T> {
  return {
    table: source.getMetadata(target).tableName,
    parentColumn,
    keyColumn: "id",
    keyType: "text",
    keyPattern: /^[a-z]{3}_[0-9a-z]{26}$/,
    keyOf: (node) => node.id,
    toNode: hydrator(source, target),
  };
}

/** Every list of the API. */
export function createListings(source: DataSource) {
  return {
    environments: byId(source, Environment),
    credentials: byId(source, Credential),
    recipes: byId(source, Recipe),
    revisions: byId(source, RecipeRevision, "recipe_id"),
    services: byId(source, Service),
    servicesOfEnvironment: byId(source, Service, "environment_id"),
    servicesOfRecipe: byId(source, Service, "recipe_id"),
    updates: byId(source, Update),
    updatesOfEnvironment: byId(source, Update, "environment_id"),
    updatesOfRecipe: byId(source, Update, "recipe_id"),
    operations: byId(source, Operation),
    operationsOfService: byId(source, Operation, "service_id"),
    bulkRebuilds: byId(source, BulkRebuild),
    bulkRebuildItems: {
      table: "bulk_rebuild_item",
      parentColumn: "bulk_rebuild_id",
      keyColumn: "position",
      keyType: "bigint",
      keyPattern: /^\d{1,9}$/,
      keyOf: (item) => String(item.position),
      toNode: ({ position, state, message, service_id, operation_id }) => ({
        ...{ position, state, message, serviceId: service_id, operationId: operation_id },
      }),
    } satisfies Listing<BulkItem> as Listing<BulkItem>,
    log: {
      table: "operation_log",
      parentColumn: "operation_id",
      keyColumn: "seq",
      keyType: "bigint",
      keyPattern: /^\d{1,18}$/,
      keyOf: (line) => line.seq,
      toNode: (row) => ({ ...row, cursor: encodeKey(row.seq) }) as LogLine,
    } satisfies Listing<LogLine> as Listing<LogLine>,
  };
}
export type Listings = ReturnType<typeof createListings>;
