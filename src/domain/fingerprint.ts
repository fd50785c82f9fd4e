import { createHash } from "node:crypto";
import { bindText, bindValues, bindVariable, inputValues, isInput } from "./bind.js";
import type { NamedValue } from "./environment.js";
import type { RenderedBase, RenderedSpec } from "./rendered-spec.js";
import type { InputValue } from "./service.js";

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

/** Hex SHA-256 of the canonical form. */
export function contentHash(value: unknown): string {
  return sha256([canonicalJson(value)]);
}

/** A hash of what would run; secrets take part through their version ids. */
export function fingerprintOf(spec: RenderedSpec): string {
  const { env, files, ...rest } = spec;
  return sha256([canonicalJson(rest), ...env.map(canonicalJson), ...files.map(canonicalJson)]);
}

/**
 * Makes the fingerprints of many services that share a base: the same as `fingerprintOf` of the base with the
 * inputs and values put in, but what does not depend on the inputs is written only once.
 */
export function fingerprinter(
  base: RenderedBase,
  values: readonly NamedValue[],
): (inputs: readonly InputValue[]) => string {
  const { env, files, inputs: awaited, values: _used, ...rest } = bindValues(base, values);
  const fixed = canonicalJson(rest);
  const variables = env.map((item) => (item.value.some(isInput) ? item : canonicalJson(item)));
  const contents = files.map((item) => (item.content.some(isInput) ? item : canonicalJson(item)));
  return (inputs) => {
    const given = inputValues(awaited, inputs);
    return sha256([
      fixed,
      ...variables.flatMap((item) =>
        typeof item === "string" ? item : bindVariable(item, given).map(canonicalJson),
      ),
      ...contents.map((item) =>
        typeof item === "string" ? item : canonicalJson({ ...item, content: bindText(item.content, given) }),
      ),
    ]);
  };
}

/** No canonical text contains a line break, so that the pieces cannot run into one another. */
function sha256(pieces: string[]): string {
  return createHash("sha256").update(pieces.join("\n")).digest("hex");
}
