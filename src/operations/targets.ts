import type { EntityManager } from "typeorm";
import { bind, missingOf } from "../domain/bind.js";
import { Environment } from "../domain/environment.js";
import { Recipe } from "../domain/recipe.js";
import type { RenderedBase, RenderedSpec, Text } from "../domain/rendered-spec.js";
import { secretContext } from "../domain/seal-inputs.js";
import type { InputValue, Service } from "../domain/service.js";
import { loadSpecs, type SpecId } from "../domain/spec-store.js";
import { OperationFailure } from "../errors.js";
import type { SecretBox } from "../storage/secrets.js";
import type { ServiceRef, Target } from "./driver.js";
import { loadGitCredential, loadRegistryCredential, registryCredentialIfRight } from "./open-credential.js";

/** What is to run, or runs: kept with the service when deployed and with the operation when intended. */
export interface Intent {
  spec: SpecId;
  fingerprint: string;
  commit: string | null;
  /** As it was pinned. */
  image: string | null;
  operationId: string;
  fence: number;
}

/**
 * Gathers everything a driver needs to run a service, secrets opened.
 * @throws OperationFailure INPUT_MISSING, CREDENTIAL_MISSING, CREDENTIAL_MISMATCH
 */
export function buildTarget(
  manager: EntityManager,
  secretBox: SecretBox,
  service: Service,
  intent: Intent,
): Promise<Target> {
  return gather(manager, secretBox, service, intent, loadRegistryCredential);
}

/**
 * As `buildTarget`, for what is deployed: its image was pulled once, so that a registry credential that is not right
 * any more must not keep it from being replaced.
 * @throws OperationFailure INPUT_MISSING, CREDENTIAL_MISSING for git
 */
export function buildDeployed(
  manager: EntityManager,
  secretBox: SecretBox,
  service: Service,
  deployed: Intent,
): Promise<Target> {
  return gather(manager, secretBox, service, deployed, registryCredentialIfRight);
}

async function gather(
  manager: EntityManager,
  secretBox: SecretBox,
  service: Service,
  intent: Intent,
  registryCredential: typeof loadRegistryCredential,
): Promise<Target> {
  const { base, inputs, values } = (await loadSpecs(manager, [intent.spec])).get(intent.spec)!;
  assertComplete(base, inputs);
  const spec = bind(base, { inputs, values });
  return {
    ref: await refOf(manager, service),
    stamp: { operationId: intent.operationId, fence: intent.fence },
    spec,
    fingerprint: intent.fingerprint,
    recipe: (await manager.findOneByOrFail(Recipe, { id: service.recipeId })).name,
    replicas: service.replicas,
    commit: intent.commit,
    image: intent.image,
    registryCredential: await registryCredential(manager, secretBox, spec.image),
    secrets: await openSecrets(manager, secretBox, service.id, spec),
    gitCredential: await loadGitCredential(manager, secretBox, spec.source?.credential ?? null),
  };
}

function assertComplete({ inputs: awaited }: RenderedBase, inputs: readonly InputValue[]): void {
  const names = missingOf(awaited, inputs).map(({ name }) => name);
  if (names.length > 0) {
    const message = `The recipe asks for inputs that the service has no value for: ${names.join(", ")}. Give them with setServiceInputs, then rebuild.`;
    throw new OperationFailure("INPUT_MISSING", message);
  }
}

/**
 * What of a service is deployed.
 * @throws OperationFailure NOTHING_DEPLOYED
 */
export function deployedOf(service: Service): Intent {
  const deployed = deployedIntent(service);
  if (!deployed) {
    const message = `Nothing of service ${service.name} is deployed: rebuild it first.`;
    throw new OperationFailure("NOTHING_DEPLOYED", message);
  }
  return deployed;
}

/** What of a service is deployed, null when it never ran. */
export function deployedIntent(service: Service): Intent | null {
  return service.deployedSpec && service.deployedFingerprint && service.deployedOperationId
    ? {
        spec: service.deployedSpec,
        fingerprint: service.deployedFingerprint,
        commit: service.deployedCommit,
        image: service.deployedImage,
        operationId: service.deployedOperationId,
        fence: 0,
      }
    : null;
}

export async function refOf(manager: EntityManager, service: Service): Promise<ServiceRef> {
  const environment = await manager.findOneByOrFail(Environment, { id: service.environmentId });
  return {
    serviceId: service.id,
    environmentId: service.environmentId,
    environment: environment.code,
    name: service.name,
    adopted: service.adopted,
  };
}

async function openSecrets(
  manager: EntityManager,
  secretBox: SecretBox,
  serviceId: string,
  spec: RenderedSpec,
) {
  const versions = secretVersions(spec);
  const rows: { version: string; ciphertext: Buffer }[] = await manager.query(
    "select version, ciphertext from service_secret where version = any($1)",
    [versions],
  );
  return new Map(
    rows.map((row) => [
      row.version,
      secretBox.decrypt(row.ciphertext, secretContext(serviceId, row.version)),
    ]),
  );
}

function secretVersions(spec: RenderedSpec): string[] {
  const texts: Text[] = [...spec.env.map((item) => item.value), ...spec.files.map((item) => item.content)];
  return texts.flat().flatMap((part) => (typeof part === "object" && "secret" in part ? [part.secret] : []));
}
