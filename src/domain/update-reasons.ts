import type { UpdateReason } from "../events/event-map.js";
import { fingerprinter } from "./fingerprint.js";
import type { SpecId, StoredSpec } from "./spec-store.js";

/** What a service runs against what it should run. */
export interface Compared {
  from: SpecId;
  to: SpecId;
  toFingerprint: string;
}

/**
 * Which ingredients make the difference: each one without whose change something else would be desired. At least
 * one, as long as the two fingerprints differ.
 */
export function reasonsOf(
  { from, to, toFingerprint }: Compared,
  specs: ReadonlyMap<SpecId, StoredSpec>,
): UpdateReason[] {
  const [old, next] = [specs.get(from)!, specs.get(to)!];
  const matters = (changed: Partial<StoredSpec>) => {
    const { base, inputs, values } = { ...next, ...changed };
    return fingerprinter(base, values)(inputs) !== toFingerprint;
  };
  const found: UpdateReason[] = [
    ...(matters({ base: old.base }) ? (["RECIPE"] as const) : []),
    ...(matters({ inputs: old.inputs }) ? (["INPUTS"] as const) : []),
    ...(matters({ values: old.values }) ? (["ENVIRONMENT"] as const) : []),
  ];
  // Changes that only matter together, such as a new variable and its value, begin with the recipe.
  return found.length > 0 ? found : ["RECIPE"];
}
