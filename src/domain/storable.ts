/**
 * Whether PostgreSQL takes this text as it is: it stores no NUL, and its JSON no half of a surrogate pair (what is
 * left of an emoji that was cut in two).
 */
export function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}

/** The same text, with the replacement character for what cannot be stored. */
export function storable(text: string): string {
  return text.replace(/[\0\p{Surrogate}]/gu, "\ufffd");
}
