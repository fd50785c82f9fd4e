import type { RecipeSpec } from "./recipe-spec.js";
import { type BasePart, type ComputedName, computedNames } from "./rendered-spec.js";

/** What a reference in a template stands for, or null when there is no such thing. */
export type Resolve = (name: string) => BasePart[] | null;

const anyReference = /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/g;
const bracedReference = /\$\{()([A-Za-z_][A-Za-z0-9_]*)\}/g;

/**
 * Splits a COMPUTED value at its references `$NAME` and `${NAME}`.
 * @returns the names that stand for nothing, in `unknown`
 */
export function expandComputed(template: string, resolve: Resolve): { text: BasePart[]; unknown: string[] } {
  return expand(template, anyReference, resolve, () => true);
}

/**
 * Splits a file's content at its references `${NAME}`. Other programs use the same syntax, so a name stays as
 * it stands unless it is a variable of the recipe or begins with `REBAKE_`.
 */
export function expandFile(content: string, resolve: Resolve): { text: BasePart[]; unknown: string[] } {
  return expand(content, bracedReference, resolve, (name) => name.startsWith("REBAKE_"));
}

function expand(template: string, pattern: RegExp, resolve: Resolve, mustExist: (name: string) => boolean) {
  const parts: BasePart[] = [];
  const unknown: string[] = [];
  let end = 0;
  for (const match of template.matchAll(pattern)) {
    const name = match[1] || match[2]!;
    const value = resolve(name);
    if (value === null) {
      if (mustExist(name)) {
        unknown.push(name);
      }
      continue;
    }
    parts.push(template.slice(end, match.index), ...value);
    end = match.index + match[0].length;
  }
  parts.push(template.slice(end));
  return { text: joinText(parts), unknown };
}

/** The same text in its shortest form: no empty pieces, no two literal ones in a row. */
export function joinText<Part extends BasePart>(parts: readonly Part[]): Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === "string" && typeof last === "string") {
      joined[joined.length - 1] = (last + part) as Part;
    } else if (part !== "") {
      joined.push(part);
    }
  }
  return joined;
}

/** A fact of the running instance by its name, null when the list has no such name for this recipe. */
export function computedText(name: string, spec: Pick<RecipeSpec, "ports">): BasePart[] | null {
  if (Object.hasOwn(computedNames, name) || portNames(spec).includes(name)) {
    return [{ computed: name as ComputedName }];
  }
  return null;
}

function portNames(spec: Pick<RecipeSpec, "ports">): string[] {
  return spec.ports.map((port) => `REBAKE_PORT_${port.name.toUpperCase().replaceAll("-", "_")}`);
}
