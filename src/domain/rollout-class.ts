import type { Transaction } from "../storage/transaction.js";
import type { AfterBump } from "./after-bump.js";
import { missingOf } from "./bind.js";
import { renderAll } from "./desired.js";
import { type Drivers, driverFor } from "./drivers.js";
import type { Environment } from "./environment.js";
import { contentHash } from "./fingerprint.js";
import type { RecipeSpec } from "./recipe-spec.js";
import type { RenderedBase, RenderedSpec } from "./rendered-spec.js";
import type { LockedService } from "./set-desired.js";
import { loadBases, loadSpecs, partsOf, type StoredSpec } from "./spec-store.js";

/** What a rebuild would do to a service: nothing, replace it without downtime, or not without. */
export const rolloutClasses = ["NO_OP", "ROLLING", "DOWNTIME"] as const;
export type RolloutClass = (typeof rolloutClasses)[number];

/** A service and what it should run after a bump. */
interface Candidate {
  service: LockedService;
  next: StoredSpec;
  fingerprint: string;
  /** Whether it stays held at what was asked for. */
  held: boolean;
}

/** A service as a bump would leave it. */
export interface Classified extends Candidate {
  class: RolloutClass;
  /** Why it cannot be done without downtime; null when it can. */
  why: string | null;
  /** Required inputs it has no value for yet: it cannot be rebuilt before it has. */
  missingInputs: string[];
}

/**
 * What rebuilding each of these services would come to after a bump, in the order of their ids.
 * @throws UserInputErrors as `renderAll`
 */
export async function classify(
  tx: Pick<Transaction, "manager">,
  services: readonly LockedService[],
  environments: ReadonlyMap<string, Environment>,
  { affected, staying }: AfterBump,
  drivers: Drivers,
): Promise<Classified[]> {
  const candidates = [...rendered(services, affected, drivers), ...(await asTheyAre(tx, staying))];
  const running = await loadBases(
    tx.manager,
    services.flatMap(({ deployedSpec }) => deployedSpec ?? []),
  );
  const downtime = remembered((environmentId: string, from: string, to: RenderedBase) => {
    const driver = driverFor(drivers, environments.get(environmentId)!.driver);
    return driver.downtime(plain(running.get(from)!), plain(to), environmentId);
  });
  const found = candidates.map((candidate): Classified => {
    const { service, next, fingerprint } = candidate;
    const { deployedSpec, deployedFingerprint, environmentId } = service;
    const same = fingerprint === deployedFingerprint;
    const why =
      deployedSpec === null || same ? null : downtime(environmentId, partsOf(deployedSpec).base, next.base);
    const missingInputs = missingOf(next.base.inputs, next.inputs).map(({ name }) => name);
    return { ...candidate, class: same ? "NO_OP" : why ? "DOWNTIME" : "ROLLING", why, missingInputs };
  });
  return inOrder(found);
}

/** In the order of the services' ids. */
export function inOrder(services: readonly Classified[]): Classified[] {
  return [...services].sort((a, b) => (a.service.id < b.service.id ? -1 : 1));
}

function rendered(
  services: readonly LockedService[],
  affected: AfterBump["affected"],
  drivers: Drivers,
): Candidate[] {
  const rows = new Map(services.map((service) => [service.id, service]));
  const { groups, fingerprints } = renderAll(affected, drivers);
  return groups.flatMap(({ members, base, values }) =>
    members.map((of) => {
      const service = rows.get(of.service.id)!;
      const next = { base, inputs: of.service.inputs, values };
      return { service, next, fingerprint: fingerprints.get(of)!, held: false };
    }),
  );
}

/** A state that was asked for may have been brought by an older version: it is taken as it is kept. */
async function asTheyAre(
  tx: Pick<Transaction, "manager">,
  staying: readonly LockedService[],
): Promise<Candidate[]> {
  const specs = await loadSpecs(
    tx.manager,
    staying.map(({ desiredSpec }) => desiredSpec),
  );
  return staying.map((service) => ({
    service,
    next: specs.get(service.desiredSpec)!,
    fingerprint: service.desiredFingerprint,
    held: true,
  }));
}

/** Thousands of services differ in few pairs of bases. */
function remembered<T>(find: (environmentId: string, from: string, to: RenderedBase) => T) {
  const known = new Map<RenderedBase, Map<string, T>>();
  return (environmentId: string, from: string, to: RenderedBase): T => {
    const answers = known.get(to) ?? new Map<string, T>();
    known.set(to, answers);
    const key = `${environmentId} ${from}`;
    if (!answers.has(key)) {
      answers.set(key, find(environmentId, from, to));
    }
    return answers.get(key)!;
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
  /** In the order of their ids. */
  services: readonly Classified[];
}): string {
  const services = preview.services.map((one) => [
    one.service.id,
    one.class,
    one.held,
    one.fingerprint,
    one.service.deployedFingerprint,
  ]);
  return contentHash([preview.recipeId, preview.revision, preview.spec, services]);
}
