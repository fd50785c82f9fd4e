import { UserInputError, UserInputErrors } from "../errors.js";
import type { NamedValue } from "./environment.js";
import type { EnvVar, RecipeSpec, Source } from "./recipe-spec.js";
import { computedNames, type RenderedSpec, type Text } from "./rendered-spec.js";
import type { InputValue } from "./service.js";
import { computedText, expandComputed, expandFile, type Resolve } from "./template.js";

/** What a recipe's spec is rendered with. */
export interface Ingredients {
  mode: RenderedSpec["mode"];
  /** What the service's source differs in from the recipe's. */
  source: Partial<Source> | null;
  inputs: readonly InputValue[];
  /** The environment's own values. */
  values: readonly NamedValue[];
}

/**
 * Resolves a recipe spec for one service. Pure, and independent of the service's name and environment's code:
 * these stay references, so that services with the same ingredients share one rendered spec. Inputs the recipe
 * does not ask for (any more) are passed over.
 * @throws UserInputErrors MISSING_INPUT or UNKNOWN_COMPUTED, one for each variable
 */
export function render(spec: RecipeSpec, ingredients: Ingredients): RenderedSpec {
  const problems: UserInputError[] = [];
  const facts = factsOf(spec, ingredients, problems);
  const env = spec.env.flatMap((variable) => renderVariable(variable, ingredients, facts, problems));
  const files = spec.files.map((file) => renderFile(file, env, facts, problems));
  if (problems.length > 0) {
    throw new UserInputErrors(problems);
  }
  return {
    ...spec,
    source: mergeSource(spec.source, ingredients.source),
    mode: ingredients.mode,
    env: sortBy(env, (item) => item.name),
    files: sortBy(files, (item) => item.path),
    ports: sortPorts(spec.ports),
    volumes: sortBy(spec.volumes, (item) => item.target),
    networks: [...spec.networks].sort(),
    labels: sortBy(spec.labels, (item) => item.name),
    annotations: sortBy(spec.annotations, (item) => item.name),
    placement: [...spec.placement].sort(),
  };
}

/**
 * Finds what is wrong with a spec's references before any service uses it.
 * @throws UserInputErrors UNKNOWN_COMPUTED, naming the variable and the reference
 */
export function checkReferences(spec: RecipeSpec): void {
  const problems: UserInputError[] = [];
  const resolve: Resolve = (name) => (name.startsWith("REBAKE_VALUE_") ? [] : computedText(name, spec));
  spec.env.forEach((variable, index) => {
    if (variable.kind === "COMPUTED") {
      const { unknown } = expandComputed(variable.value ?? "", resolve);
      problems.push(...unknown.map((name) => unknownComputed(name, ["env", String(index), "value"])));
    }
  });
  spec.files.forEach((file, index) => {
    const known: Resolve = (name) => (spec.env.some((item) => item.name === name) ? [] : resolve(name));
    const { unknown } = expandFile(file.content, known);
    problems.push(...unknown.map((name) => unknownComputed(name, ["files", String(index), "content"])));
  });
  if (problems.length > 0) {
    throw new UserInputErrors(problems);
  }
}

function unknownComputed(name: string, field: string[]): UserInputError {
  const known = Object.keys(computedNames).map((item) => `$${item}`);
  const message = `$${name} is no computed variable. There are: ${known.join(", ")}, $REBAKE_PORT_<port name> and $REBAKE_VALUE_<name of an environment's value>.`;
  return new UserInputError("UNKNOWN_COMPUTED", message, ["spec", ...field]);
}

function factsOf(spec: RecipeSpec, { values }: Ingredients, problems: UserInputError[]): Resolve {
  return (name) => {
    if (!name.startsWith("REBAKE_VALUE_")) {
      return computedText(name, spec);
    }
    const wanted = name.slice("REBAKE_VALUE_".length);
    const found = values.find((item) => item.name === wanted);
    if (!found) {
      const message = `The environment has no value ${wanted}, which $${name} refers to: set it there, or take it out of the recipe.`;
      problems.push(new UserInputError("UNKNOWN_COMPUTED", message, ["spec", "env"]));
    }
    return [found?.value ?? ""];
  };
}

function renderVariable(
  variable: EnvVar,
  ingredients: Ingredients,
  facts: Resolve,
  problems: UserInputError[],
) {
  const { name, kind } = variable;
  if (kind === "STATIC") {
    return [{ name, value: literal(variable.value!) }];
  }
  if (kind === "COMPUTED") {
    const { text, unknown } = expandComputed(variable.value!, facts);
    problems.push(...unknown.map((reference) => unknownComputed(reference, ["env", name])));
    return [{ name, value: text }];
  }
  const input = ingredients.inputs.find((item) => item.name === name);
  const value = input ? inputText(input) : variable.default === null ? null : literal(variable.default);
  if (value === null && variable.required) {
    const message = `${name} needs a value${variable.label ? ` (${variable.label})` : ""}: give it as an input.`;
    problems.push(new UserInputError("MISSING_INPUT", message, ["inputs", name]));
  }
  return value === null ? [] : [{ name, value }];
}

function renderFile(
  file: RecipeSpec["files"][number],
  env: RenderedSpec["env"],
  facts: Resolve,
  problems: UserInputError[],
) {
  const resolve: Resolve = (name) => env.find((item) => item.name === name)?.value ?? facts(name);
  const { text, unknown } = expandFile(file.content, resolve);
  problems.push(...unknown.map((name) => unknownComputed(name, ["files", file.path])));
  return { ...file, content: text };
}

function mergeSource(source: Source | null, override: Partial<Source> | null): Source | null {
  return source && override ? { ...source, ...override } : source;
}

/** By name, except that the first TCP port stays first: it is the one $REBAKE_PORT means. */
function sortPorts(ports: RecipeSpec["ports"]): RecipeSpec["ports"] {
  const main = ports.find((port) => port.protocol === "TCP");
  const rest = sortBy(
    ports.filter((port) => port !== main),
    (port) => port.name,
  );
  return main ? [main, ...rest] : rest;
}

function inputText(input: InputValue): Text {
  return "secret" in input ? [{ secret: input.secret }] : literal(input.value);
}

function literal(value: string): Text {
  return value === "" ? [] : [value];
}

function sortBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
