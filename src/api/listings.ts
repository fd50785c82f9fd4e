import type { DataSource, EntityTarget, ObjectLiteral } from "typeorm";
import { AccessToken } from "../domain/access-token.js";
import { type BulkItemState, BulkRebuild } from "../domain/bulk-rebuild.js";
import { Credential } from "../domain/credential.js";
import { Environment } from "../domain/environment.js";
import { Operation } from "../domain/operation.js";
import { Recipe, RecipeRevision } from "../domain/recipe.js";
import { completeSpec } from "../domain/recipe-spec.js";
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
  /** What a statement selects of the table as `t`, so that its rows can be made nodes. */
  columns: string;
  keyOf(node: T): string;
  /** Makes a node of a row that has these columns; may be the same object. */
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

function byId<T extends ObjectLiteral & { id: string }>(
  source: DataSource,
  target: new () => T,
  parentColumn: string | null = null,
  without: (keyof T)[] = [],
): Listing<T> {
  return {
    table: source.getMetadata(target).tableName,
    parentColumn,
    keyColumn: "id",
    keyType: "text",
    keyPattern: /^[a-z]{3}_[0-9a-z]{26}$/,
    columns: columnsOf(source, target, without as string[]),
    keyOf: (node) => node.id,
    toNode: (row) => Object.setPrototypeOf(row, target.prototype),
  };
}

function revisionsWithSpecs(source: DataSource): Listing<RecipeRevision> {
  const listing = byId(source, RecipeRevision, "recipe_id");
  return { ...listing, toNode: (row) => listing.toNode({ ...row, spec: completeSpec(row.spec) }) };
}

function columnsOf(source: DataSource, target: EntityTarget<ObjectLiteral>, without: string[]): string {
  const columns = source
    .getMetadata(target)
    .columns.filter(({ propertyName }) => !without.includes(propertyName));
  return columns.map(({ propertyName, databaseName }) => `t.${databaseName} as "${propertyName}"`).join(", ");
}

/**
 * Every list of the API. Rows come under the names of an entity's properties and are made entities as they are:
 * TypeORM's own way takes longer than reading them.
 */
export function createListings(source: DataSource) {
  return {
    environments: byId(source, Environment),
    credentials: byId(source, Credential),
    accessTokens: byId(source, AccessToken, null, ["hash"]),
    recipes: byId(source, Recipe),
    revisions: revisionsWithSpecs(source),
    /** Without their specs. */
    revisionsOfRecipe: byId(source, RecipeRevision, "recipe_id", ["spec"]),
    services: byId(source, Service, null, ["drift"]),
    servicesOfEnvironment: byId(source, Service, "environment_id", ["drift"]),
    servicesOfRecipe: byId(source, Service, "recipe_id", ["drift"]),
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
      columns: `t.position, t.state, t.message, t.service_id as "serviceId", t.operation_id as "operationId"`,
      keyOf: (item) => String(item.position),
      toNode: (row) => row as BulkItem,
    } satisfies Listing<BulkItem> as Listing<BulkItem>,
    log: {
      table: "operation_log",
      parentColumn: "operation_id",
      keyColumn: "seq",
      keyType: "bigint",
      keyPattern: /^\d{1,18}$/,
      columns: "t.seq, t.at, t.stream, t.instance, t.line",
      keyOf: (line) => line.seq,
      toNode: (row) => ({ ...row, cursor: encodeKey(row.seq) }) as LogLine,
    } satisfies Listing<LogLine> as Listing<LogLine>,
  };
}
export type Listings = ReturnType<typeof createListings>;
