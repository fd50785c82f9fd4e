/**
 * What stands between words: everything of ASCII but letters and digits, and the punctuation of other scripts. Given
 * as a class of code points, because PostgreSQL (migrations/0002-whole-api.ts) has to split by the very same one.
 */
const separators =
  /[\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u2000-\u206f\u3000-\u303f\ufeff\p{Surrogate}]+/u;

/** The words of a text, in lower case: `Order-service, new` has three. */
export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(separators)
    .filter((word) => word !== "");
}

/** Whether each of the words that are looked for is the beginning of a word of one of the texts. */
export function hasWords(texts: readonly string[], wanted: readonly string[]): boolean {
  const words = texts.flatMap(wordsOf);
  return wanted.every((start) => words.some((word) => word.startsWith(start)));
}
