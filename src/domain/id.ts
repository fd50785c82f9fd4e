import { randomFillSync } from "node:crypto";

/** The kinds of things that have an id of their own; the kind is the first part of the id. */
export const idPrefixes = {
  environment: "env",
  recipe: "rcp",
  revision: "rev",
  service: "svc",
  update: "upd",
  operation: "opn",
  token: "tok",
  credential: "crd",
  bulkRebuild: "blk",
} as const;

export type IdKind = keyof typeof idPrefixes;

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * A new globally unique id such as `svc_01j9x3…`: prefix, then a ULID (48 bits of milliseconds and 80
 * random bits in Crockford's base 32), so that ids of one kind sort by creation.
 * Source: https://github.com/ulid/spec
 */
export function newId(kind: IdKind): string {
  return `${idPrefixes[kind]}_${encodeTime(Date.now())}${encodeRandom()}`;
}

/** The kind an id speaks of, or null when it is none of ours. */
export function kindOf(id: string): IdKind | null {
  const match = /^([a-z]{3})_[0-9a-hjkmnp-tv-z]{26}$/.exec(id);
  const found = Object.entries(idPrefixes).find(([, prefix]) => prefix === match?.[1]);
  return found ? (found[0] as IdKind) : null;
}

function encodeTime(milliseconds: number): string {
  let rest = milliseconds;
  let text = "";
  for (let i = 0; i < 10; i++) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

const pool = new Uint8Array(4096);
let used = pool.length;

/** Taken from a pool, because a bump makes thousands of ids and each call of the generator costs more than its bytes. */
function encodeRandom(): string {
  if (used + 16 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let text = "";
  for (const end = used + 16; used < end; used++) {
    text += alphabet[pool[used]! & 31];
  }
  return text;
}
