import { type Drivers, driverFor } from "../domain/drivers.js";
import { Environment } from "../domain/environment.js";
import { loadEnvironment, loadRecipe, loadRevision } from "../domain/find.js";
import type { Operation } from "../domain/operation.js";
import type { RenderedSpec } from "../domain/rendered-spec.js";
import { Service } from "../domain/service.js";
import { ingredientsOf, setDesired } from "../domain/set-desired.js";
import { sourceHeadOf } from "../domain/source-head.js";
import { loadSpec } from "../domain/spec-store.js";
import type { SecretBox } from "../storage/secrets.js";
import type { Transactions } from "../storage/transaction.js";
import { holdClaim } from "./claim.js";
import type { Journal } from "./journal.js";
import { loadGitCredential, loadRegistryCredential } from "./open-credential.js";
import { deployedOf, type Intent } from "./targets.js";

/**
 * The commit that is pinned, else the one the branch points at now. Throws OperationFailure
 * REPOSITORY_UNREACHABLE or REF_NOT_FOUND.
 */
export type ResolveCommit = (request: {
  repository: string;
  branch: string;
  commit: string | null;
  credential: { username: string; password: string } | null;
  signal: AbortSignal;
}) => Promise<string>;

interface PinDeps {
  transactions: Transactions;
  drivers: Drivers;
  secretBox: SecretBox;
  resolveCommit: ResolveCommit;
}

/** An intent as it is written down: with the recipe's revision and the source that the service has of its own. */
export type PinnedIntent = Intent & { revision: number; source: Service["source"] };

/**
 * Decides what an operation is going to run, and has it written down before anything of it is made. What an earlier
 * claim wrote down stands, as does what was asked for.
 * @throws OperationFailure when the commit or the image cannot be had
 */
export async function pinIntent(
  service: Service,
  journal: Journal,
  signal: AbortSignal,
  deps: PinDeps,
): Promise<PinnedIntent> {
  const wanted = await wantedBy(service, journal, deps);
  const { manager } = deps.transactions.dataSource;
  const spec = await loadSpec(manager, wanted.spec);
  const environment = await manager.findOneByOrFail(Environment, { id: service.environmentId });
  const head = wanted.commit === null ? await newestCommit(spec, environment, signal, deps) : null;
  const intent = {
    ...wanted,
    commit: wanted.commit ?? head?.commit ?? null,
    image: wanted.image ?? (await pinImage(spec, environment, signal, deps)),
  };
  await journal.intend(intent, head?.sourceKey ?? null);
  return intent;
}

/** What an operation is going to run, as an earlier claim or whoever asked for it wrote it down; null: nobody did. */
export function intentOf(operation: Operation): PinnedIntent | null {
  const { spec, fingerprint, toRevision, commit, image, source } = operation;
  return spec !== null && fingerprint !== null && toRevision !== null
    ? { ...stampOf(operation), spec, fingerprint, commit, image, revision: toRevision, source }
    : null;
}

function stampOf({ id, fence }: Operation) {
  return { operationId: id, fence: Number(fence) };
}

async function wantedBy(service: Service, { operation }: Journal, deps: PinDeps): Promise<PinnedIntent> {
  const written = intentOf(operation);
  if (written) {
    return written;
  }
  const stamp = stampOf(operation);
  if (operation.kind === "RESTART") {
    const revision = service.deployedRevision!;
    return { ...deployedOf(service), ...stamp, revision, source: service.source };
  }
  const newest = service.heldAt ? await release(operation, deps) : service;
  return {
    ...stamp,
    spec: newest.desiredSpec,
    fingerprint: newest.desiredFingerprint,
    commit: null,
    image: null,
    revision: newest.desiredRevision,
    source: newest.source ?? {},
  };
}

/**
 * Ends the holding of an operation's service: it should run the newest again.
 * @throws LeaseLost when somebody else has the operation: its service may be held anew since
 */
async function release(operation: Operation, { transactions, drivers }: PinDeps): Promise<Service> {
  const id = operation.serviceId;
  return transactions.run(async (tx) => {
    const service = await tx.manager.findOneOrFail(Service, {
      where: { id },
      lock: { mode: "pessimistic_write" },
    });
    await holdClaim(tx, operation);
    const recipe = await loadRecipe(tx, service.recipeId);
    const revision = await loadRevision(tx, recipe.id, recipe.currentRevision);
    const environment = await loadEnvironment(tx, service.environmentId);
    await setDesired(tx, [ingredientsOf(service, environment, revision)], drivers, { release: true });
    return tx.manager.findOneByOrFail(Service, { id });
  });
}

/** The newest commit of the branch (or the one the recipe pins), and what knows about that branch. */
async function newestCommit(
  { source }: RenderedSpec,
  environment: Environment,
  signal: AbortSignal,
  { transactions, secretBox, resolveCommit }: PinDeps,
) {
  if (!source) {
    return null;
  }
  const { repository, branch, commit: pinned } = source;
  const credential = await loadGitCredential(transactions.dataSource.manager, secretBox, source.credential);
  const commit = await resolveCommit({ repository, branch, commit: pinned, credential, signal });
  return { commit, sourceKey: sourceHeadOf(source, environment)?.key ?? null };
}

/** What the image's tag points at now; null without one. */
async function pinImage(
  { image }: RenderedSpec,
  { id, driver }: Environment,
  signal: AbortSignal,
  { transactions, drivers, secretBox }: PinDeps,
): Promise<string | null> {
  if (!image) {
    return null;
  }
  const credential = await loadRegistryCredential(transactions.dataSource.manager, secretBox, image);
  return driverFor(drivers, driver).pinImage(id, image, credential, signal);
}
