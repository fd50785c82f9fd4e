import { wordsOf } from "../domain/search.js";
import { RequestError } from "../errors.js";
import type { Condition } from "./listings.js";

const mostCharacters = 200;
const mostWords = 10;

/**
 * The words that somebody looks for; none when the text has none, which then restricts nothing.
 * @throws RequestError LIMIT_EXCEEDED
 */
export function searchWords(search: string | null | undefined): string[] {
  const words = wordsOf(search ?? "");
  if ((search ?? "").length > mostCharacters || words.length > mostWords) {
    throw new RequestError(
      "LIMIT_EXCEEDED",
      `search may have at most ${mostWords} words and ${mostCharacters} characters.`,
    );
  }
  return words;
}

/**
 * A text for `to_tsquery('simple', …)` that finds what has words beginning like these. Words hold no character
 * that means something to it, and are quoted, so no text is an error.
 * @param names only in what things are called, not in titles and descriptions
 */
export function tsqueryOf(words: readonly string[], names = false): string {
  return words.map((word) => `'${word}':*${names ? "A" : ""}`).join(" & ");
}

/** Rows whose own words have all that are looked for. */
export function searchWhere(search: string | null | undefined): Condition[] {
  const words = searchWords(search);
  return words.length === 0
    ? []
    : [{ sql: "t.search @@ to_tsquery('simple', ?)", values: [tsqueryOf(words)] }];
}

const services = "t.service_id in (select id from service where search @@ to_tsquery('simple', ?))";
const recipes = "t.recipe_id in (select id from recipe where search @@ to_tsquery('simple', ?))";

/** Rows of services that have all words. */
export function serviceSearchWhere(search: string | null | undefined): Condition[] {
  const words = searchWords(search);
  return words.length === 0 ? [] : [{ sql: services, values: [tsqueryOf(words)] }];
}

/** Rows where each word is in the name of the service or of its recipe: what an Update's events know, too. */
export function namesSearchWhere(search: string | null | undefined): Condition[] {
  return searchWords(search).map((word) => {
    const query = tsqueryOf([word], true);
    return { sql: `(${services} or ${recipes})`, values: [query, query] };
  });
}
