import type { Condition } from "./listings.js";

/** How many words of a search count. */
const mostWords = 16;

/**
 * A search text as a query of PostgreSQL's text search: each word must be the beginning of a word. Nothing but letters
 * and digits gets into it, so that no text can break it. Null: there is no word in it.
 */
export function textQuery(search: string): string | null {
  const words = search.normalize("NFC").match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return words.length === 0
    ? null
    : words
        .slice(0, mostWords)
        .map((word) => `'${word.slice(0, 100)}':*`)
        .join(" & ");
}

/** A condition on a table's column `search`, or none when there is nothing to look for. */
export function searchIn(search: string | null | undefined, table: "t" | "service"): Condition[] {
  const query = search ? textQuery(search) : null;
  if (query === null) {
    return [];
  }
  return table === "t"
    ? [{ sql: "t.search @@ to_tsquery('simple', ?)", values: [query] }]
    : [
        {
          sql: "t.service_id in (select id from service where search @@ to_tsquery('simple', ?))",
          values: [query],
        },
      ];
}
