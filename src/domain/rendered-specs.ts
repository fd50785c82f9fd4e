import type { Transaction } from "../storage/transaction.js";
import type { Desired } from "./drivers.js";
import type { RenderedSpec } from "./rendered-spec.js";

/** Keeps rendered specs by content, so that services and events can name them by fingerprint for ever. */
export async function keepRenderedSpecs(tx: Transaction, specs: Iterable<Desired>): Promise<void> {
  const distinct = new Map([...specs].map((desired) => [desired.fingerprint, desired.spec]));
  if (distinct.size === 0) {
    return;
  }
  // In one order everywhere: two transactions that add the same specs must not wait for each other in a circle.
  const sorted = [...distinct].sort(([a], [b]) => (a < b ? -1 : 1));
  await tx.query(
    `insert into rendered_spec (fingerprint, spec)
     select f, s::jsonb from unnest($1::text[], $2::text[]) as t(f, s)
     on conflict do nothing`,
    [sorted.map(([fingerprint]) => fingerprint), sorted.map(([, spec]) => JSON.stringify(spec))],
  );
}

/** The spec kept under a fingerprint. Whoever holds a fingerprint from the database knows that it is there. */
export async function loadRenderedSpec(tx: Transaction, fingerprint: string): Promise<RenderedSpec> {
  const [row] = await tx.query<{ spec: RenderedSpec }>(
    "select spec from rendered_spec where fingerprint = $1",
    [fingerprint],
  );
  return row!.spec;
}
