import { UserInputError, UserInputErrors } from "../errors.js";
import { bind, type Given } from "./bind.js";
import type { NamedValue } from "./environment.js";
import { gitServerOf } from "./git-names.js";
import type { EnvVar, RecipeSpec, Source } from "./recipe-spec.js";
import { computedNames, type RenderedBase, type RenderedSpec } from "./rendered-spec.js";
import type { PublishedPortChoice } from "./service.js";
import { computedText, expandComputed, expandFile, joinText, type Resolve } from "./template.js";

/** What a recipe's spec is rendered with, but for what is given by service and environment. */
export interface Surroundings {
  mode: RenderedSpec["mode"];
  /** What the service's source differs in from the recipe's. */
  source: Partial<Source> | null;
  /** Ports the service publishes instead of what the recipe says. */
  ports: readonly PublishedPortChoice[] | null;
  /** The environment's own values: only their names matter here. */
  values: readonly NamedValue[];
}
export type Ingredients = Surroundings & Given;

/**
 * Resolves a recipe spec for one service. Pure, and independent of the service's name and environment's code:
 * these stay references.
 * @throws UserInputErrors UNKNOWN_COMPUTED, one for each variable
 */
export function render(spec: RecipeSpec, ingredients: Ingredients): RenderedSpec {
  return bind(renderBase(spec, ingredients), ingredients);
}

/**
 * Resolves all of a recipe spec but the service's inputs and the environment's values.
 * @throws UserInputErrors UNKNOWN_COMPUTED, one for each reference
 */
export function renderBase(spec: RecipeSpec, surroundings: Surroundings): RenderedBase {
  const problems: UserInputError[] = [];
  const facts = factsOf(spec, surroundings, problems);
  const env = spec.env.map((variable) => renderVariable(variable, facts, problems));
  const files = spec.files.map((file) => renderFile(file, env, facts, problems));
  if (problems.length > 0) {
    throw new UserInputErrors(problems);
  }
  return {
    ...spec,
    source: mergeSource(spec.source, surroundings.source),
    mode: surroundings.mode,
    env: sortBy(env, (item) => item.name),
    files: sortBy(files, (item) => item.path),
    ports: sortPorts(publishAs(spec.ports, surroundings.ports ?? [])),
    volumes: sortBy(spec.volumes.map(renderVolume), (item) => item.target),
    networks: [...spec.networks].sort(),
    labels: sortBy(spec.labels, (item) => item.name),
    annotations: sortBy(spec.annotations, (item) => item.name),
    placement: [...spec.placement].sort(),
    inputs: spec.env.filter(isInput).map(({ name, label, required, default: text }) => {
      return { name, label, required, default: text };
    }),
    values: usedValues(env, files),
  };
}

function usedValues(env: RenderedBase["env"], files: RenderedBase["files"]): string[] {
  const parts = [...env.flatMap((item) => item.value), ...files.flatMap((item) => item.content)];
  const names = parts.flatMap((part) => (typeof part === "object" && "value" in part ? [part.value] : []));
  return [...new Set(names)].sort();
}

/** A choice for a port that the recipe does not have (any more) is passed over. */
function publishAs(ports: RecipeSpec["ports"], choices: readonly PublishedPortChoice[]): RecipeSpec["ports"] {
  return ports.map((port) => {
    const choice = choices.find(({ name }) => name === port.name);
    return choice ? { ...port, published: choice.published } : port;
  });
}

const isInput = ({ kind }: EnvVar) => kind === "INPUT" || kind === "SECRET";

/**
 * Finds what is wrong with a spec's references before any service uses it.
 * @throws UserInputErrors UNKNOWN_COMPUTED, naming the variable and the reference; INVALID for a probe of a port
 * that is not there
 */
export function checkReferences(spec: RecipeSpec): void {
  const problems: UserInputError[] = unknownProbePorts(spec);
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

/** Such a probe would fail only when its deadline has passed. */
function unknownProbePorts({ readiness, liveness, ports }: RecipeSpec): UserInputError[] {
  const names = ports.filter((item) => item.protocol === "TCP").map((item) => item.name);
  return Object.entries({ readiness, liveness }).flatMap(([probe, value]) => {
    const way = value?.httpGet ? "httpGet" : "tcp";
    const asked = value?.[way];
    if (!asked || (asked.port === null ? names.length > 0 : names.includes(asked.port))) {
      return [];
    }
    const what = asked.port === null ? "no TCP port to ask" : `no TCP port ${asked.port}`;
    const message = `${probe}.${way}.port: the recipe has ${what}; it has ${names.join(", ") || "none"}.`;
    return [new UserInputError("INVALID", message, ["spec", probe, way, "port"])];
  });
}

function unknownComputed(name: string, field: string[]): UserInputError {
  const known = Object.keys(computedNames).map((item) => `$${item}`);
  const message = `$${name} is no computed variable. There are: ${known.join(", ")}, $REBAKE_PORT_<port name> and $REBAKE_VALUE_<name of an environment's value>.`;
  return new UserInputError("UNKNOWN_COMPUTED", message, ["spec", ...field]);
}

function factsOf(spec: RecipeSpec, { values }: Surroundings, problems: UserInputError[]): Resolve {
  return (name) => {
    if (!name.startsWith("REBAKE_VALUE_")) {
      return computedText(name, spec);
    }
    const wanted = name.slice("REBAKE_VALUE_".length);
    if (!values.some((item) => item.name === wanted)) {
      const message = `The environment has no value ${wanted}, which $${name} refers to: set it there, or take it out of the recipe.`;
      problems.push(new UserInputError("UNKNOWN_COMPUTED", message, ["spec", "env"]));
    }
    return [{ value: wanted }];
  };
}

function renderVariable(
  variable: EnvVar,
  facts: Resolve,
  problems: UserInputError[],
): RenderedBase["env"][number] {
  const { name, kind } = variable;
  if (isInput(variable)) {
    return { name, value: [{ input: name }] };
  }
  if (kind === "STATIC") {
    return { name, value: joinText([variable.value!]) };
  }
  const { text, unknown } = expandComputed(variable.value!, facts);
  problems.push(...unknown.map((reference) => unknownComputed(reference, ["env", name])));
  return { name, value: text };
}

function renderVolume({ shared, ...volume }: RecipeSpec["volumes"][number]): RenderedBase["volumes"][number] {
  return shared ? { ...volume, shared } : volume;
}

function renderFile(
  file: RecipeSpec["files"][number],
  env: RenderedBase["env"],
  facts: Resolve,
  problems: UserInputError[],
) {
  const resolve: Resolve = (name) => env.find((item) => item.name === name)?.value ?? facts(name);
  const { text, unknown } = expandFile(file.content, resolve);
  problems.push(...unknown.map((name) => unknownComputed(name, ["files", file.path])));
  return { ...file, content: text };
}

/** A recipe's credential goes with its git server: an override that names another server has to name its own. */
function mergeSource(source: Source | null, override: Partial<Source> | null): Source | null {
  if (!source || !override) {
    return source;
  }
  const { repository = source.repository } = override;
  const credential = gitServerOf(repository) === gitServerOf(source.repository) ? source.credential : null;
  return { ...source, credential, ...override };
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

function sortBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
