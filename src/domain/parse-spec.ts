import type { z } from "zod";
import { UserInputError, UserInputErrors } from "../errors.js";
import { maxSpecBytes, type RecipeSpec, recipeSpecSchema } from "./recipe-spec.js";
import { checkReferences } from "./render.js";

/**
 * A JSON Merge Patch: what is absent stays, null clears, lists are replaced whole.
 * Source: https://www.rfc-editor.org/rfc/rfc7396
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) {
    return patch;
  }
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) {
      delete merged[field];
    } else if (value !== undefined) {
      merged[field] = mergePatch(merged[field], value);
    }
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A complete, valid recipe spec with every default filled in.
 * @throws UserInputErrors INVALID or UNKNOWN_COMPUTED with the path of each field, TOO_LARGE
 */
export function parseSpec(value: unknown): RecipeSpec {
  const bytes = Buffer.byteLength(JSON.stringify(value ?? {}));
  if (bytes > maxSpecBytes) {
    const message = `The spec has ${bytes} bytes of JSON; at most ${maxSpecBytes} are allowed.`;
    throw new UserInputError("TOO_LARGE", message, ["spec"]);
  }
  const spec = parseInput(recipeSpecSchema, value, ["spec"]);
  checkReferences(spec);
  return spec;
}

/**
 * Parses a part of an input with its zod schema.
 * @throws UserInputErrors INVALID, one for each field
 */
export function parseInput<T extends z.ZodType>(schema: T, value: unknown, at: string[]): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) {
    return parsed.data;
  }
  throw new UserInputErrors(
    parsed.error.issues.slice(0, 50).map((issue) => {
      const path = [...at, ...issue.path.map(String)];
      return new UserInputError("INVALID", `${path.join(".")}: ${issue.message}.`, path);
    }),
  );
}
