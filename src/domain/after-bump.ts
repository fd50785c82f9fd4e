import { type Ingredients, renderAll } from "./desired.js";
import type { Drivers } from "./drivers.js";
import type { Environment } from "./environment.js";
import type { RecipeSpec } from "./recipe-spec.js";
import { ingredientsOf, type LockedService } from "./set-desired.js";

/** A revision as it is rendered. */
interface Revision {
  number: number;
  spec: RecipeSpec;
}

/** What the next revision of a recipe means for services made from it: each is in one of the two. */
export interface AfterBump {
  /** Those that should run the next revision. */
  affected: Ingredients[];
  /** Held ones for which it is nothing newer: they stay at what was asked for. */
  staying: LockedService[];
}

/**
 * Parts services by whether the next revision counts for them. For one that is held it does when it renders
 * differently from the current one.
 * @throws UserInputErrors as `renderAll`
 */
export function afterBump(
  services: readonly LockedService[],
  environments: ReadonlyMap<string, Environment>,
  { current, next }: { current: Revision; next: Revision },
  drivers: Drivers,
): AfterBump {
  const withRevision = (service: LockedService, revision: Revision) =>
    ingredientsOf(service, environments.get(service.environmentId)!, revision);
  const held = services.filter(({ heldAt }) => heldAt !== null);
  const before = held.map((service) => withRevision(service, current));
  const after = held.map((service) => withRevision(service, next));
  const [old, renewed] = [renderAll(before, drivers).fingerprints, renderAll(after, drivers).fingerprints];
  const staying = held.filter((_, n) => old.get(before[n]!) === renewed.get(after[n]!));
  const stays = new Set(staying);
  const affected = services.filter((service) => !stays.has(service));
  return { affected: affected.map((service) => withRevision(service, next)), staying };
}
