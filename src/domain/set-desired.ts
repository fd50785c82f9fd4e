import type { Transaction } from "../storage/transaction.js";
import { type Ingredients, keepRendered, type Rendered, renderAll } from "./desired.js";
import type { Drivers } from "./drivers.js";
import type { Environment } from "./environment.js";
import { assertPortsFree } from "./published-ports.js";
import type { RecipeSpec } from "./recipe-spec.js";
import type { RenderedBase } from "./rendered-spec.js";
import type { Service } from "./service.js";
import { settleUpdates } from "./settle-updates.js";
import { keepSourceHeads, sourceHeadOf } from "./source-head.js";
import { partsOf, type SpecId } from "./spec-store.js";

/** A service whose row is locked, with what it takes to render it. */
export type LockedService = Pick<
  Service,
  | "id"
  | "name"
  | "recipeId"
  | "environmentId"
  | "mode"
  | "source"
  | "inputs"
  | "ports"
  | "desiredRevision"
  | "desiredSpec"
  | "desiredFingerprint"
  | "deployedSpec"
  | "deployedFingerprint"
  | "heldAt"
>;

/**
 * The services that a condition on `service` names, locked in the order of their ids, as every transaction that
 * takes several does.
 */
export async function lockServices(
  tx: Transaction,
  condition: string,
  values: unknown[],
): Promise<LockedService[]> {
  return tx.query<LockedService>(
    `${selectServices} where ${condition} and removed_at is null order by id for update`,
    values,
  );
}

/** The same without a lock: for looking, not for changing. */
export async function readServices(
  tx: Pick<Transaction, "query">,
  condition: string,
  values: unknown[],
): Promise<LockedService[]> {
  return tx.query<LockedService>(
    `${selectServices} where ${condition} and removed_at is null order by id`,
    values,
  );
}

const selectServices = `select id, name, recipe_id as "recipeId", environment_id as "environmentId", mode, source, inputs, ports,
    desired_revision as "desiredRevision", desired_spec as "desiredSpec",
    desired_fingerprint as "desiredFingerprint", deployed_spec as "deployedSpec", deployed_fingerprint as "deployedFingerprint", held_at as "heldAt" from service`;

/** A service as it is, with a revision of its recipe and its environment as these are to be. */
export function ingredientsOf(
  service: LockedService,
  environment: Environment,
  revision: { number: number; spec: RecipeSpec },
): Ingredients {
  return {
    service,
    ports: service.ports,
    environment,
    revision,
    inputsHash: partsOf(service.desiredSpec).inputs,
  };
}

/**
 * Sets what services should run from now on, and settles their Updates. The caller has locked their rows.
 * @param options.release whether they are held no longer at a state that was asked for
 * @param options.hold whether they are held at it from now on
 * @throws UserInputErrors as `renderAll`; UserInputError PORT_TAKEN
 */
export async function setDesired(
  tx: Transaction,
  all: readonly Ingredients[],
  drivers: Drivers,
  options: { release: boolean; hold?: boolean },
): Promise<void> {
  const ids = all.map(({ service }) => service.id);
  const rendered = renderAll(all, drivers);
  const desired = await keepRendered(tx, rendered);
  await writeDesired(
    tx,
    desired.map(({ of, ...state }) => ({ ...state, id: of.service.id, revision: of.revision.number })),
    options,
  );
  if (options.hold) {
    await hold(tx, ids);
  }
  await assertPortsFree(tx, publishing(rendered));
  await settleUpdates(tx, ids);
}

/** What a service should run, as it is written to its row. */
interface DesiredState {
  id: string;
  revision: number;
  spec: SpecId;
  fingerprint: string;
  sourceKey: string | null;
}

/** The newest commit that is known belongs to the branch: with another branch it is another one. */
async function writeDesired(
  tx: Transaction,
  all: readonly DesiredState[],
  { release }: { release: boolean },
): Promise<void> {
  await tx.query(
    `update service set desired_revision = t.revision, desired_spec = t.spec, desired_fingerprint = t.fingerprint,
       head_commit = case when service.source_key is distinct from t.source_key
         then (select commit from source_head where key = t.source_key) else service.head_commit end,
       head_seen_at = case when service.source_key is distinct from t.source_key
         then (select checked_at from source_head where key = t.source_key) else service.head_seen_at end,
       source_key = t.source_key${release ? ", held_at = null, held_commit = null" : ""}
     from unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::text[])
       as t(id, revision, spec, fingerprint, source_key)
     where service.id = t.id`,
    [
      all.map(({ id }) => id),
      all.map(({ revision }) => revision),
      all.map(({ spec }) => spec),
      all.map(({ fingerprint }) => fingerprint),
      all.map(({ sourceKey }) => sourceKey),
    ],
  );
}

/**
 * Makes a state that was brought by an operation what the service should run, until something newer than what there
 * is now comes up. The caller has locked the service and settles its Update.
 */
export async function holdAt(
  tx: Transaction,
  environment: Environment,
  state: Omit<DesiredState, "sourceKey">,
  { source }: RenderedBase,
): Promise<void> {
  const head = sourceHeadOf(source, environment);
  await keepSourceHeads(tx, head ? [head] : []);
  await writeDesired(tx, [{ ...state, sourceKey: head?.key ?? null }], { release: false });
  await hold(tx, [state.id]);
}

/** Holds services at what they should run: what is newest now raises no Update. */
async function hold(tx: Transaction, ids: readonly string[]): Promise<void> {
  await tx.query("update service set held_at = now(), held_commit = head_commit where id = any($1)", [ids]);
}

/** Environments in which any of them publishes a port. */
function publishing({ groups }: Rendered): string[] {
  const concerned = groups.filter(({ base }) => base.ports.some((port) => port.published !== null));
  return [...new Set(concerned.map(({ members }) => members[0]!.environment.id))];
}
