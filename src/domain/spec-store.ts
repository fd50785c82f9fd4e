import type { EntityManager } from "typeorm";
import type { Transaction } from "../storage/transaction.js";
import { bindInputs } from "./bind-inputs.js";
import { contentHash } from "./fingerprint.js";
import type { RenderedBase, RenderedSpec } from "./rendered-spec.js";
import type { InputValue } from "./service.js";

/**
 * Names a rendered spec by its content, for ever: hash of its base, a dot, hash of the inputs. Services, operations
 * and events hold these instead of specs, so that ten thousand of them cost no more than a few bases.
 */
export type SpecId = string;

export const specIdOf = (baseHash: string, inputsHash: string): SpecId => `${baseHash}.${inputsHash}`;

export function partsOf(id: SpecId): { base: string; inputs: string } {
  const [base, inputs] = id.split(".") as [string, string];
  return { base, inputs };
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

export interface StoredSpec {
  base: RenderedBase;
  inputs: InputValue[];
}

/** The specs kept under these ids, both parts. Whoever holds an id from the database knows that it is there. */
export async function loadSpecs(
  manager: EntityManager,
  ids: readonly SpecId[],
): Promise<Map<SpecId, StoredSpec>> {
  const parts = ids.map(partsOf);
  const [bases, inputs] = [
    await load<RenderedBase>(manager, "rendered_base", new Set(parts.map(({ base }) => base))),
    await load<InputValue[]>(manager, "input_set", new Set(parts.map((part) => part.inputs))),
  ];
  return new Map(
    ids.map((id, n) => [id, { base: bases.get(parts[n]!.base)!, inputs: inputs.get(parts[n]!.inputs)! }]),
  );
}

/** One of them, the inputs put in. */
export async function loadSpec(manager: EntityManager, id: SpecId): Promise<RenderedSpec> {
  const { base, inputs } = (await loadSpecs(manager, [id])).get(id)!;
  return bindInputs(base, inputs);
}

async function load<T>(manager: EntityManager, table: string, hashes: Set<string>): Promise<Map<string, T>> {
  const rows: { hash: string; content: T }[] = await manager.query(
    `select hash, content from ${table} where hash = any($1)`,
    [[...hashes]],
  );
  return new Map(rows.map((row) => [row.hash, row.content]));
}
