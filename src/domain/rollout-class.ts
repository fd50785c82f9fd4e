import type { Transaction } from "../storage/transaction.js";
import { missingOf } from "./bind.js";
import { type Ingredients, renderAll } from "./desired.js";
import { type Drivers, driverFor } from "./drivers.js";
import { contentHash } from "./fingerprint.js";
import type { RecipeSpec } from "./recipe-spec.js";
import type { RenderedBase, RenderedSpec } from "./rendered-spec.js";
import type { LockedService } from "./set-desired.js";
import { loadBases, partsOf, type SpecId } from "./spec-store.js";

/** What a rebuild would do to a service: nothing, replace it without downtime, or not without. */
export const rolloutClasses = ["NO_OP", "ROLLING", "DOWNTIME"] as const;
export type RolloutClass = (typeof rolloutClasses)[number];

/** A service as a change would leave it. */
export interface Classified {
  serviceId: string;
  class: RolloutClass;
  /** Why it cannot be done without downtime; null when it can. */
  why: string | null;
  /** Required inputs it has no value for yet: it cannot be rebuilt before it has. */
  missingInputs: string[];
  base: RenderedBase;
  of: Ingredients;
  fingerprint: string;
  deployedFingerprint: string | null;
  deployedSpec: SpecId | null;
}

/**
 * What rebuilding each of these services would come to.
 * @throws UserInputErrors as `renderAll`
 */
export async function classify(
  tx: Pick<Transaction, "manager">,
  services: readonly Pick<LockedService, "id" | "deployedSpec" | "deployedFingerprint">[],
  ingredients: readonly Ingredients[],
  drivers: Drivers,
): Promise<Classified[]> {
  const { groups, fingerprints } = renderAll(ingredients, drivers);
  const rows = new Map(services.map((service) => [service.id, service]));
  const running = await loadBases(
    tx.manager,
    services.flatMap(({ deployedSpec }) => deployedSpec ?? []),
  );
  const found = groups.flatMap(({ members, base }) => {
    const driver = driverFor(drivers, members[0]!.environment.driver);
    const why = remembered((hash: string) => driver.downtime(plain(running.get(hash)!), plain(base)));
    return members.map((of): Classified => {
      const { deployedSpec, deployedFingerprint } = rows.get(of.service.id)!;
      const fingerprint = fingerprints.get(of)!;
      const sentence =
        deployedSpec && fingerprint !== deployedFingerprint ? why(partsOf(deployedSpec).base) : null;
      return {
        serviceId: of.service.id,
        class: fingerprint === deployedFingerprint ? "NO_OP" : sentence ? "DOWNTIME" : "ROLLING",
        why: sentence,
        missingInputs: missingOf(base.inputs, of.service.inputs).map(({ name }) => name),
        ...{ base, of, fingerprint, deployedFingerprint, deployedSpec },
      };
    });
  });
  return found.sort((a, b) => (a.serviceId < b.serviceId ? -1 : 1));
}

function remembered<T>(find: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    if (!known.has(key)) {
      known.set(key, find(key));
    }
    return known.get(key)!;
  };
}

/** Whether there is downtime depends on neither variables nor files. */
function plain({ inputs: _inputs, values: _values, ...base }: RenderedBase): RenderedSpec {
  return { ...base, env: [], files: [] };
}

/** Names what a preview shows: equal as long as applying the change would do just that. */
export function digestOf(preview: {
  recipeId: string;
  /** Number of the revision it would make. */
  revision: number;
  spec: RecipeSpec;
  services: readonly Classified[];
}): string {
  const services = preview.services.map((one) => [
    one.serviceId,
    one.class,
    one.fingerprint,
    one.deployedFingerprint,
  ]);
  return contentHash([preview.recipeId, preview.revision, preview.spec, services]);
}
