import type { DataSource, EntityTarget, ObjectLiteral } from "typeorm";
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
  keyColumn: "id" | "seq";
  keyType: "text" | "bigint";
  keyPattern: RegExp;
  /** Those that nodes are made from. */
  columns: readonly string[];
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
    columns: columnNames(source, target),
    keyOf: (node) => node.id,
    toNode: hydrator(source, target),
  };
}

function withoutColumn<T>(listing: Listing<T>, column: string): Listing<T> {
  return { ...listing, columns: listing.columns.filter((name) => name !== column) };
}

function columnNames(source: DataSource, target: EntityTarget<ObjectLiteral>): string[] {
  return source.getMetadata(target).columns.map(({ databaseName }) => databaseName);
}

/** Every list of the API. */
export function createListings(source: DataSource) {
  return {
    environments: byId(source, Environment),
    recipes: byId(source, Recipe),
    revisions: byId(source, RecipeRevision, "recipe_id"),
    /** Without their specs. */
    revisionsOfRecipe: withoutColumn(byId(source, RecipeRevision, "recipe_id"), "spec"),
    services: byId(source, Service),
    servicesOfEnvironment: byId(source, Service, "environment_id"),
    servicesOfRecipe: byId(source, Service, "recipe_id"),
    updates: byId(source, Update),
    updatesOfEnvironment: byId(source, Update, "environment_id"),
    updatesOfRecipe: byId(source, Update, "recipe_id"),
    operations: byId(source, Operation),
    operationsOfService: byId(source, Operation, "service_id"),
    log: {
      table: "operation_log",
      parentColumn: "operation_id",
      keyColumn: "seq",
      keyType: "bigint",
      keyPattern: /^\d{1,18}$/,
      columns: ["seq", "at", "stream", "instance", "line"],
      keyOf: (line) => line.seq,
      toNode: (row) => ({ ...row, cursor: encodeKey(row.seq) }) as LogLine,
    } satisfies Listing<LogLine> as Listing<LogLine>,
  };
}
export type Listings = ReturnType<typeof createListings>;
