import { UserInputError, UserInputErrors } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import { type Drivers, driverFor, renderFor } from "./drivers.js";
import type { Environment, NamedValue } from "./environment.js";
import { contentHash, fingerprinter } from "./fingerprint.js";
import type { RecipeSpec } from "./recipe-spec.js";
import type { RenderedBase } from "./rendered-spec.js";
import type { PublishedPortChoice, Service } from "./service.js";
import { keepSourceHeads, type SourceHeadKey, sourceHeadOf } from "./source-head.js";
import { keepBases, keepValues, type SpecId, specIdOf } from "./spec-store.js";

/** A service and what it is to be rendered with. */
export interface Ingredients {
  service: Pick<Service, "id" | "name" | "mode" | "source" | "inputs">;
  /** Ports it publishes instead of what the recipe says. */
  ports: readonly PublishedPortChoice[] | null;
  environment: Environment;
  revision: { number: number; spec: RecipeSpec };
  /** Hash under which the service's inputs are kept. */
  inputsHash: string;
}

/** Services that share a base, and with it the environment's values. */
interface Group {
  members: Ingredients[];
  base: RenderedBase;
  /** Those of the environment's values that the base uses. */
  values: NamedValue[];
  sourceHead: SourceHeadKey | null;
}

/** What one service should run. */
export interface Desired<Of extends Ingredients = Ingredients> {
  of: Of;
  spec: SpecId;
  fingerprint: string;
  base: RenderedBase;
  /** Which row of `source_head` knows about its branch; null: it follows none. */
  sourceKey: string | null;
}

/** The same before anything is kept: pure. */
export interface Rendered {
  groups: Group[];
  fingerprints: Map<Ingredients, string>;
}

/**
 * Renders services, each group that differs in its inputs only once.
 * @throws UserInputErrors what cannot be rendered, each with the name of its service; DRIVER_UNAVAILABLE
 */
export function renderAll(all: readonly Ingredients[], drivers: Drivers): Rendered {
  const problems: UserInputError[] = [];
  const groups = groupBy(all, groupKey).flatMap((members) => {
    const base = attempt(members[0]!, problems, () => renderGroup(members[0]!, drivers));
    return base ? [{ members, base, ...surroundingsOf(members[0]!, base) }] : [];
  });
  if (problems.length > 0) {
    throw new UserInputErrors(problems.slice(0, 20));
  }
  const fingerprints = new Map<Ingredients, string>();
  for (const { members, base, values } of groups) {
    const fingerprint = fingerprinter(base, values);
    for (const member of members) {
      fingerprints.set(member, fingerprint(member.service.inputs));
    }
  }
  return { groups, fingerprints };
}

/** Keeps what was rendered, so that it can be referred to. */
export async function keepRendered(tx: Transaction, { groups, fingerprints }: Rendered): Promise<Desired[]> {
  const bases = await keepBases(
    tx,
    groups.map(({ base }) => base),
  );
  const values = await keepValues(
    tx,
    groups.map((group) => group.values),
  );
  await keepSourceHeads(
    tx,
    groups.flatMap(({ sourceHead }) => sourceHead ?? []),
  );
  return groups.flatMap(({ members, base, sourceHead }, n) =>
    members.map((of) => ({
      of,
      base,
      spec: specIdOf({ base: bases[n]!, inputs: of.inputsHash, values: values[n]! }),
      fingerprint: fingerprints.get(of)!,
      sourceKey: sourceHead?.key ?? null,
    })),
  );
}

/** Both, for one service. */
export async function renderOne(tx: Transaction, one: Ingredients, drivers: Drivers): Promise<Desired> {
  const [desired] = await keepRendered(tx, renderAll([one], drivers));
  return desired!;
}

function groupKey({ environment, service: { mode, source }, ports, revision }: Ingredients): string {
  const own = source || ports ? JSON.stringify([source, ports]) : "";
  return `${environment.id} ${mode} ${revision.number} ${contentKey(revision.spec)} ${own}`;
}

const specKeys = new WeakMap<RecipeSpec, number>();
let nextSpecKey = 0;

/** Tells specs apart by identity: those of one recipe's revision are one object. */
function contentKey(spec: RecipeSpec): number {
  let key = specKeys.get(spec);
  if (key === undefined) {
    key = nextSpecKey++;
    specKeys.set(spec, key);
  }
  return key;
}

function renderGroup({ environment, service, ports, revision }: Ingredients, drivers: Drivers): RenderedBase {
  const { mode, source } = service;
  const surroundings = { mode, source, ports, values: environment.values };
  return renderFor(driverFor(drivers, environment.driver), revision.spec, surroundings);
}

function surroundingsOf({ environment }: Ingredients, base: RenderedBase) {
  return {
    values: environment.values
      .filter(({ name }) => base.values.includes(name))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    sourceHead: sourceHeadOf(base.source, environment),
  };
}

/** What cannot be rendered is noted with the name of the service, and all of it told at once. */
function attempt<T>(
  { environment, service }: Ingredients,
  problems: UserInputError[],
  work: () => T,
): T | null {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof UserInputErrors)) {
      throw error;
    }
    const name = `${environment.code}/${service.name}`;
    problems.push(
      ...error.errors.map((each) => new UserInputError(each.code, `${name}: ${each.message}`, each.field)),
    );
    return null;
  }
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    group ? group.push(item) : groups.set(key, [item]);
  }
  return [...groups.values()];
}

/** Names a set of inputs as they are kept. */
export const inputsHashOf = (inputs: Service["inputs"]): string => contentHash(inputs);
