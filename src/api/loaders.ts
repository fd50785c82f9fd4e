import DataLoader from "dataloader";
import type { DataSource } from "typeorm";
import type { AccessToken } from "../domain/access-token.js";
import type { BulkRebuild } from "../domain/bulk-rebuild.js";
import type { Credential } from "../domain/credential.js";
import type { Environment } from "../domain/environment.js";
import type { Operation } from "../domain/operation.js";
import type { Recipe, RecipeRevision } from "../domain/recipe.js";
import { type Server, serversOf } from "../domain/server.js";
import type { Service } from "../domain/service.js";
import { loadSpecs, type SpecId, type StoredSpec } from "../domain/spec-store.js";
import type { Update } from "../domain/update.js";
import { type Waiting, waitingOf } from "../domain/waiting.js";
import type { Observed } from "../operations/driver.js";
import type { Reads } from "../storage/reads.js";
import { countRows, readStretches } from "./list-sql.js";
import type { Condition, Listing, Listings } from "./listings.js";
import { Page, type Selection, type Stretch } from "./paging.js";

interface PageKey {
  listing: Listing<unknown>;
  parent: string | null;
  where: Condition[];
  stretch: Stretch | null;
}

/** What can be read together: everything of the key but its parent. */
const groupOf = ({ listing, where, stretch }: PageKey) =>
  JSON.stringify([listing.table, listing.parentColumn, where, stretch]);

/** Reads rows of one table by one of its columns, all that are asked for in the same tick at once. */
function rowLoader<T extends object>(
  reads: Reads,
  listing: Listing<T>,
  column: string,
  keyOf: (node: T) => string,
  more = "",
): DataLoader<string, T | null> {
  return new DataLoader(async (keys) => {
    const rows = await reads.query<T>(
      `select ${listing.columns} from ${listing.table} t where ${column} = any($1::text[]) ${more}`,
      [keys],
    );
    const nodes = new Map(rows.map(listing.toNode).map((node) => [keyOf(node), node]));
    return keys.map((key) => nodes.get(key) ?? null);
  });
}

/** Runs `read` once for every group of keys that differ in their parent only. */
function groupedLoader<T>(read: (keys: readonly PageKey[]) => Promise<T[]>): DataLoader<PageKey, T, string> {
  const batch = async (keys: readonly PageKey[]): Promise<T[]> => {
    const groups = new Map<string, PageKey[]>();
    for (const key of keys) {
      const group = groupOf(key);
      groups.set(group, [...(groups.get(group) ?? []), key]);
    }
    const answers = new Map<PageKey, T>();
    const reading = [...groups.values()].map(async (group) => {
      const values = await read(group);
      group.forEach((key, index) => void answers.set(key, values[index]!));
    });
    await Promise.all(reading);
    return keys.map((key) => answers.get(key)!);
  };
  return new DataLoader(batch, { cacheKeyFn: (key) => `${key.parent}\n${groupOf(key)}` });
}

const parentsOf = (keys: readonly PageKey[]) =>
  keys[0]!.parent === null ? null : keys.map((key) => key.parent!);

/**
 * What one request has read: each thing once, all of a tick in one statement. Made anew for every request and
 * for every batch of events, because what is read does not change any more.
 */
export class Loaders {
  readonly environment: DataLoader<string, Environment | null>;
  readonly bulkRebuild: DataLoader<string, BulkRebuild | null>;
  readonly credential: DataLoader<string, Credential | null>;
  readonly accessToken: DataLoader<string, AccessToken | null>;
  readonly recipe: DataLoader<string, Recipe | null>;
  readonly recipeByName: DataLoader<string, Recipe | null>;
  readonly service: DataLoader<string, Service | null>;
  readonly operation: DataLoader<string, Operation | null>;
  readonly update: DataLoader<string, Update | null>;
  readonly revision: DataLoader<string, RecipeRevision | null>;
  readonly updateByService: DataLoader<string, Update | null>;
  readonly activeOperationByService: DataLoader<string, Operation | null>;
  readonly revisionByNumber: DataLoader<{ recipeId: string; number: number }, RecipeRevision | null, string>;
  readonly spec: DataLoader<SpecId, StoredSpec>;
  readonly waiting: DataLoader<string, Waiting | null>;
  readonly server: DataLoader<string, Server | null>;
  readonly sourceHead: DataLoader<string, SourceHead | null>;
  /** What a service's engine says, by service id; filled by whoever asks first. */
  readonly observed = new Map<string, Promise<Observed | null>>();
  private readonly pages: DataLoader<PageKey, unknown[], string>;
  private readonly counts: DataLoader<PageKey, number, string>;

  constructor(source: DataSource, reads: Reads, listings: Listings) {
    const id = (node: { id: string }) => node.id;
    const ofService = (node: { serviceId: string }) => node.serviceId;
    this.environment = rowLoader(reads, listings.environments, "id", id);
    this.bulkRebuild = rowLoader(reads, listings.bulkRebuilds, "id", id);
    this.credential = rowLoader(reads, listings.credentials, "id", id);
    this.accessToken = rowLoader(reads, listings.accessTokens, "id", id);
    this.recipe = rowLoader(reads, listings.recipes, "id", id);
    this.recipeByName = rowLoader(reads, listings.recipes, "name", (recipe) => recipe.name);
    this.service = rowLoader(reads, listings.services, "id", id);
    this.operation = rowLoader(reads, listings.operations, "id", id);
    this.update = rowLoader(reads, listings.updates, "id", id);
    this.revision = rowLoader(reads, listings.revisions, "id", id);
    this.updateByService = rowLoader(reads, listings.updates, "service_id", ofService);
    // A queued one may wait behind the running one, which then comes last and wins.
    const active = "and state in ('QUEUED', 'RUNNING') order by (state = 'RUNNING')";
    this.activeOperationByService = rowLoader(reads, listings.operations, "service_id", ofService, active);
    this.revisionByNumber = revisionLoader(reads, listings.revisions);
    this.spec = specLoader(source);
    this.waiting = new DataLoader(async (ids) => {
      const found = await waitingOf(reads, ids);
      return ids.map((id) => found.get(id) ?? null);
    });
    this.server = new DataLoader(async (ids) => {
      const found = new Map((await serversOf(reads, ids)).map((server) => [server.id, server]));
      return ids.map((id) => found.get(id) ?? null);
    });
    this.sourceHead = sourceHeadLoader(reads);
    this.pages = groupedLoader(async (keys) => {
      const { listing, where, stretch } = keys[0]!;
      const found = await readStretches(reads, listing, parentsOf(keys), where, stretch!);
      return keys.map((key) => found.get(key.parent) ?? []);
    });
    this.counts = groupedLoader(async (keys) => {
      const { listing, where } = keys[0]!;
      const found = await countRows(reads, listing, parentsOf(keys), where);
      return keys.map((key) => found.get(key.parent) ?? 0);
    });
  }

  async page<T>(listing: Listing<T>, selection: Selection, stretch: Stretch): Promise<Page<T>> {
    const rows = await this.pages.load({ listing: listing as Listing<unknown>, ...selection, stretch });
    return new Page(listing, selection, stretch, rows as T[]);
  }

  count<T>(listing: Listing<T>, selection: Selection): Promise<number> {
    return this.counts.load({ listing: listing as Listing<unknown>, ...selection, stretch: null });
  }
}

function revisionLoader(reads: Reads, listing: Listing<RecipeRevision>) {
  const keyOf = (key: { recipeId: string; number: number }) => `${key.recipeId}/${key.number}`;
  return new DataLoader<{ recipeId: string; number: number }, RecipeRevision | null, string>(
    async (keys) => {
      const rows = await reads.query<RecipeRevision>(
        `select ${listing.columns} from recipe_revision t
         join unnest($1::text[], $2::int[]) as k(recipe_id, number) using (recipe_id, number)`,
        [keys.map((key) => key.recipeId), keys.map((key) => key.number)],
      );
      const found = new Map(rows.map(listing.toNode).map((revision) => [keyOf(revision), revision]));
      return keys.map((key) => found.get(keyOf(key)) ?? null);
    },
    { cacheKeyFn: keyOf },
  );
}

function specLoader(source: DataSource): DataLoader<SpecId, StoredSpec> {
  return new DataLoader(async (ids) => {
    const found = await loadSpecs(source.manager, ids);
    return ids.map((id) => found.get(id)!);
  });
}

/** What is known of a branch that services follow. */
export interface SourceHead {
  key: string;
  repository: string;
  branch: string;
  commit: string | null;
  error: string | null;
  checkedAt: Date | null;
}

function sourceHeadLoader(reads: Reads): DataLoader<string, SourceHead | null> {
  return new DataLoader(async (keys) => {
    const rows = await reads.query<SourceHead>(
      `select key, repository, branch, commit, error, checked_at as "checkedAt" from source_head
       where key = any($1::text[])`,
      [keys],
    );
    const found = new Map(rows.map((row) => [row.key, row]));
    return keys.map((key) => found.get(key) ?? null);
  });
}
