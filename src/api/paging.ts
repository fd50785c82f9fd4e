import { RequestError } from "../errors.js";
import type { RequestContext } from "./context.js";
import type { Condition, Listing } from "./listings.js";
import type { PageArgs } from "./types/connection.js";

export const maxPageSize = 100;
export const defaultPageSize = 20;
/** Most lines that can be asked for of what came last. */
export const longestTail = 1_000;

/** A stretch of a list: at most `limit` entries, from the front or from the end. */
export interface Stretch {
  limit: number;
  backward: boolean;
  /** Keys the stretch lies between, both excluded. */
  after: string | null;
  before: string | null;
}

/** Which rows: of one parent or of none, and what they must satisfy. */
export interface Selection {
  parent: string | null;
  where: Condition[];
}

/** @throws RequestError LIMIT_EXCEEDED or BAD_REQUEST */
export function stretchOf(args: PageArgs, listing: Pick<Listing<unknown>, "keyPattern">): Stretch {
  const { first = null, last = null, after = null, before = null } = args;
  if (first !== null && last !== null) {
    throw new RequestError("BAD_REQUEST", "A page takes first or last, not both.");
  }
  const limit = first ?? last ?? defaultPageSize;
  if (limit < 1 || limit > maxPageSize) {
    const name = last === null ? "first" : "last";
    throw new RequestError(
      "LIMIT_EXCEEDED",
      `${name} is ${limit}; a page may have 1 to ${maxPageSize} entries.`,
    );
  }
  return {
    limit,
    backward: last !== null,
    after: after === null ? null : decodeKey(after, "after", listing.keyPattern),
    before: before === null ? null : decodeKey(before, "before", listing.keyPattern),
  };
}

export function encodeKey(key: string): string {
  return Buffer.from(key).toString("base64url");
}

/** @throws RequestError BAD_REQUEST */
export function decodeKey(cursor: string, argument: string, pattern: RegExp): string {
  const key = Buffer.from(cursor, "base64url").toString();
  if (!pattern.test(key)) {
    throw new RequestError(
      "BAD_REQUEST",
      `${argument} is no cursor of this list; take one from its edges or pageInfo.`,
    );
  }
  return key;
}

/** A page of a list, from which connections are resolved; counts are asked for only when selected. */
export class Page<T> {
  readonly edges: { node: T; cursor: string }[];
  readonly pageInfo;

  constructor(
    private readonly listing: Listing<T>,
    private readonly selection: Selection,
    stretch: Stretch,
    /** In reading order, with one more than the limit when there are more. */
    rows: T[],
  ) {
    const more = rows.length > stretch.limit;
    const shown = more ? (stretch.backward ? rows.slice(1) : rows.slice(0, -1)) : rows;
    this.edges = shown.map((node) => ({ node, cursor: encodeKey(listing.keyOf(node)) }));
    this.pageInfo = {
      hasNextPage: stretch.backward ? stretch.before !== null : more,
      hasPreviousPage: stretch.backward ? more : stretch.after !== null,
      startCursor: this.edges[0]?.cursor ?? null,
      endCursor: this.edges.at(-1)?.cursor ?? null,
    };
  }

  totalCount(_args: object, context: RequestContext): Promise<number> {
    return context.loaders.count(this.listing, this.selection);
  }

  /** Of Updates: how many nobody has read. */
  unreadCount(_args: object, context: RequestContext): Promise<number> {
    const where = [...this.selection.where, { sql: "t.read_at is null", values: [] }];
    return context.loaders.count(this.listing, { ...this.selection, where });
  }
}

/** A page of a list that is at hand as a whole, in the order of its keys. */
export function pageOfList<T>(items: readonly T[], keyOf: (item: T) => string, stretch: Stretch) {
  const within = items.filter((item) => {
    const key = keyOf(item);
    return (
      (stretch.after === null || key > stretch.after) && (stretch.before === null || key < stretch.before)
    );
  });
  const shown = stretch.backward ? within.slice(-stretch.limit) : within.slice(0, stretch.limit);
  const more = within.length > shown.length;
  const edges = shown.map((node) => ({ node, cursor: encodeKey(keyOf(node)) }));
  return {
    edges,
    pageInfo: {
      hasNextPage: stretch.backward ? stretch.before !== null : more,
      hasPreviousPage: stretch.backward ? more : stretch.after !== null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: items.length,
  };
}
