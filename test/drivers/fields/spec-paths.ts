import type { z } from "zod";
import { recipeSpecSchema } from "../../../src/domain/recipe-spec.js";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";

/** Of variables only these two are left when a recipe is rendered. */
const renderedAway = /^env\.(kind|default|label|help|required)$/;

/** Paths of all fields that a rendered spec has, e.g. `ports.target`. */
export function specPaths(): string[] {
  return ["mode", ...pathsIn([], recipeSpecSchema).filter((path) => !renderedAway.test(path))].sort();
}

function pathsIn(path: string[], type: z.core.$ZodType): string[] {
  const { def } = type._zod;
  const inner = ["innerType", "element", "in"].flatMap((key) =>
    key in def ? [(def as unknown as Record<string, z.core.$ZodType>)[key]!] : [],
  );
  if (def.type === "object") {
    const { shape } = def as unknown as { shape: Record<string, z.core.$ZodType> };
    return Object.entries(shape).flatMap(([name, field]) => pathsIn([...path, name], field));
  }
  return inner.length > 0 ? pathsIn(path, inner[0]!) : [path.join(".")];
}

/** What a spec has at a path, of all entries of its lists, as text. */
export function at(spec: RenderedSpec, path: string): string {
  const found = path.split(".").reduce<unknown[]>(
    (values, name) =>
      values.flatMap((value) => {
        const next = (value as Record<string, unknown> | null)?.[name];
        return next === undefined || next === null ? [] : next;
      }),
    [spec],
  );
  return JSON.stringify(found);
}
