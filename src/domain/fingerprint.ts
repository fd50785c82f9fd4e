import { createHash } from "node:crypto";
import type { RenderedSpec } from "./rendered-spec.js";

/**
 * Raised when rendering or projecting changes what the same ingredients come to. At start everything is then
 * rendered anew on both sides, so that a new version of Rebake makes nobody outdated.
 */
export const fingerprintVersion = 1;

/** JSON with the keys of every object sorted by code point: the same value always gives the same text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item) =>
    item && typeof item === "object" && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

/** A hash (hex SHA-256) of what would run; secrets take part through their version ids. */
export function fingerprintOf(spec: RenderedSpec): string {
  return createHash("sha256").update(canonicalJson(spec)).digest("hex");
}
