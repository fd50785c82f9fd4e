import type { EntityManager } from "typeorm";
import type { Transaction } from "../storage/transaction.js";
import { bind } from "./bind.js";
import type { NamedValue } from "./environment.js";
import { contentHash } from "./fingerprint.js";
import type { RenderedBase, RenderedSpec } from "./rendered-spec.js";
import type { InputValue } from "./service.js";

/**
 * Names a rendered spec by its content, for ever: hash of its base, a dot, hash of the inputs; and, when the base
 * uses any of the environment's values, a dot and the hash of those. Services, operations and events hold these
 * instead of specs, so that ten thousand of them cost no more than a few bases.
 */
export type SpecId = string;

/** The hashes a spec id is made of. */
export interface SpecParts {
  base: string;
  inputs: string;
  /** Null: the base uses none of the environment's values. */
  values: string | null;
}

export function specIdOf({ base, inputs, values }: SpecParts): SpecId {
  return values === null ? `${base}.${inputs}` : `${base}.${inputs}.${values}`;
}

export function partsOf(id: SpecId): SpecParts {
  const [base, inputs, values] = id.split(".") as [string, string, string?];
  return { base, inputs, values: values ?? null };
}

/** Keeps bases; returns their hashes in the same order. */
export async function keepBases(tx: Transaction, bases: readonly RenderedBase[]): Promise<string[]> {
  return keep(tx, "rendered_base", bases);
}

/** Keeps a service's inputs as they are now; returns their hash. */
export async function keepInputs(tx: Transaction, inputs: readonly InputValue[]): Promise<string> {
  const [hash] = await keep(tx, "input_set", [inputs]);
  return hash!;
}

/** Keeps sets of an environment's values; returns their hashes in the same order, null for an empty one. */
export async function keepValues(
  tx: Transaction,
  sets: readonly (readonly NamedValue[])[],
): Promise<(string | null)[]> {
  const filled = sets.filter((values) => values.length > 0);
  const hashes = filled.length > 0 ? await keep(tx, "input_set", filled) : [];
  return sets.map((values) => (values.length > 0 ? hashes.shift()! : null));
}

async function keep(tx: Transaction, table: "rendered_base" | "input_set", contents: readonly unknown[]) {
  const hashes = contents.map(contentHash);
  // In one order everywhere: two transactions that keep the same must not wait for each other in a circle.
  const distinct = [...new Map(hashes.map((hash, index) => [hash, contents[index]]))].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  await tx.query(
    `insert into ${table} (hash, content) select h, c::jsonb from unnest($1::text[], $2::text[]) as t(h, c)
     on conflict do nothing`,
    [distinct.map(([hash]) => hash), distinct.map(([, content]) => JSON.stringify(content))],
  );
  return hashes;
}

/** A rendered spec as it is kept: what many share, and what is put into it. */
export interface StoredSpec {
  base: RenderedBase;
  inputs: InputValue[];
  values: NamedValue[];
}

/** The specs kept under these ids, in parts. Whoever holds an id from the database knows that it is there. */
export async function loadSpecs(
  manager: EntityManager,
  ids: readonly SpecId[],
): Promise<Map<SpecId, StoredSpec>> {
  const parts = ids.map(partsOf);
  const bases = await load<RenderedBase>(manager, "rendered_base", new Set(parts.map(({ base }) => base)));
  const sets = await load<unknown>(
    manager,
    "input_set",
    new Set(parts.flatMap(({ inputs, values }) => (values === null ? [inputs] : [inputs, values]))),
  );
  return new Map(
    ids.map((id, n) => {
      const { base, inputs, values } = parts[n]!;
      const stored: StoredSpec = {
        base: bases.get(base)!,
        inputs: sets.get(inputs) as InputValue[],
        values: values === null ? [] : (sets.get(values) as NamedValue[]),
      };
      return [id, stored];
    }),
  );
}

/** Bases by their hashes. */
export async function loadBases(
  manager: EntityManager,
  ids: readonly SpecId[],
): Promise<Map<string, RenderedBase>> {
  return load(manager, "rendered_base", new Set(ids.map((id) => partsOf(id).base)));
}

/** One of them, inputs and values put in. */
export async function loadSpec(manager: EntityManager, id: SpecId): Promise<RenderedSpec> {
  const stored = (await loadSpecs(manager, [id])).get(id)!;
  return bind(stored.base, stored);
}

async function load<T>(manager: EntityManager, table: string, hashes: Set<string>): Promise<Map<string, T>> {
  const rows: { hash: string; content: T }[] = await manager.query(
    `select hash, content from ${table} where hash = any($1)`,
    [[...hashes]],
  );
  return new Map(rows.map((row) => [row.hash, row.content]));
}
