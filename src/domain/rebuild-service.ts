import { z } from "zod";
import { UserInputError } from "../errors.js";
import type { Transaction } from "../storage/transaction.js";
import type { Actor } from "./actor.js";
import { assertComplete } from "./bind.js";
import { renderOne } from "./desired.js";
import type { Drivers } from "./drivers.js";
import { assertThere, enqueueOperation, knownOperation, type PlannedState } from "./enqueue-operation.js";
import { findRevision, findService, loadEnvironment, loadRecipe } from "./find.js";
import { gitRef } from "./git-names.js";
import type { Operation } from "./operation.js";
import { parseInput } from "./parse-spec.js";
import type { Recipe, RecipeRevision } from "./recipe.js";
import { commitHash, type Source } from "./recipe-spec.js";
import type { Service } from "./service.js";
import { ingredientsOf } from "./set-desired.js";
import { loadSpecs } from "./spec-store.js";

const wishes = z.object({
  revision: z.int().min(1, "must be 1 or more").nullable().default(null),
  branch: gitRef.nullable().default(null),
  commit: commitHash.nullable().default(null),
});
type Wishes = z.output<typeof wishes>;

export interface RebuildServiceInput {
  service: string;
  /** A revision of the recipe instead of the newest: the service is then held at it. */
  revision?: number | null;
  /** A branch instead of the one it follows: it follows this one from then on. */
  branch?: string | null;
  /** A commit instead of the branch's newest: the service is then held at it. */
  commit?: string | null;
  idempotencyKey?: string | null;
}

/**
 * Queues a rebuild: the recipe loaded again, the newest commit of the branch, replaced without downtime. What is asked
 * for instead becomes what the service should run once the rebuild has succeeded, and not before. A rebuild without
 * any wish ends the holding.
 * @param bulkRebuildId which it is part of; null: of none
 * @throws UserInputError NOT_FOUND, CONFLICT, INVALID; UserInputErrors MISSING_INPUT, UNKNOWN_COMPUTED
 */
export async function rebuildService(
  tx: Transaction,
  input: RebuildServiceInput,
  actor: Actor,
  drivers: Drivers,
  bulkRebuildId: string | null = null,
): Promise<Operation> {
  const asked = parseInput(wishes, input, []);
  const service = await findService(tx, input.service, "update");
  const { idempotencyKey } = input;
  const request = { kind: "REBUILD", idempotencyKey, bulkRebuildId } as const;
  const known = await knownOperation(tx, service, request);
  if (known) {
    return known;
  }
  assertThere(service);
  const recipe = await loadRecipe(tx, service.recipeId);
  const something = asked.revision !== null || asked.branch !== null || asked.commit !== null;
  if (!something) {
    await assertRunnable(tx, service, recipe);
    return enqueueOperation(tx, service, request, actor);
  }
  const plan = await planState(tx, service, recipe, asked, drivers);
  return enqueueOperation(tx, service, { ...request, plan }, actor);
}

/** One that is held is going to be rendered anew, and is looked at then. */
async function assertRunnable(tx: Transaction, service: Service, recipe: Recipe): Promise<void> {
  if (service.desiredRevision === recipe.currentRevision) {
    const { base } = (await loadSpecs(tx.manager, [service.desiredSpec])).get(service.desiredSpec)!;
    assertComplete(base, service.inputs);
  }
}

async function planState(
  tx: Transaction,
  service: Service,
  recipe: Recipe,
  asked: Wishes,
  drivers: Drivers,
): Promise<PlannedState> {
  const revision = await findRevision(tx, recipe, asked.revision ?? recipe.currentRevision);
  const source = ownSource(service, revision, asked);
  const environment = await loadEnvironment(tx, service.environmentId);
  const desired = await renderOne(tx, ingredientsOf({ ...service, source }, environment, revision), drivers);
  assertComplete(desired.base, service.inputs);
  return {
    spec: desired.spec,
    fingerprint: desired.fingerprint,
    toRevision: revision.number,
    commit: asked.commit,
    image: null,
    source: source ?? {},
    holds: asked.commit !== null || revision.number !== recipe.currentRevision,
    heldRevision: recipe.currentRevision,
  };
}

/** A branch that is asked for counts more than a commit that recipe or service have pinned. */
function ownSource(service: Service, { spec }: RecipeRevision, asked: Wishes): Partial<Source> | null {
  const field = asked.branch !== null ? "branch" : "commit";
  if (!spec.source && asked[field] !== null) {
    const message = `The recipe has no source, so that there is no ${field} to take.`;
    throw new UserInputError("INVALID", message, [field]);
  }
  if (asked.branch === null) {
    return service.source;
  }
  const pinned = spec.source?.commit || service.source?.commit;
  return { ...service.source, branch: asked.branch, ...(pinned ? { commit: null } : {}) };
}
