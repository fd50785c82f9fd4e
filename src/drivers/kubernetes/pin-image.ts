import { imageReference, registryOf, repositoryOf, sameRegistry } from "../../domain/image-reference.js";
import type { OperationFailure } from "../../errors.js";
import type { ImageSpec, RegistryCredential } from "../../operations/driver.js";
import { imageNotFound, registryRefused } from "../engine/image-failures.js";
import { AwayRegistries } from "./away-registries.js";
import { digestOf, RegistryRefusal } from "./registry.js";
import { RegistryAway } from "./registry-http.js";

/** For how long a registry is waited for, all its answers together, in milliseconds. */
const patience = 4_000;
const awayOfThisServer = new AwayRegistries();

/**
 * As Driver.pinImage, but without an environment: asks the registry itself, since a cluster has nobody to ask for it.
 * The reference stays without a digest where only the nodes can tell: with NEVER, when the registry cannot be reached
 * from here or gives no clear answer, and with IF_NOT_PRESENT also when the nodes may have what the registry does not.
 * @param away registries that are not to be waited for
 * @throws OperationFailure IMAGE_NOT_FOUND, REGISTRY_REFUSED; the signal's reason when it aborts
 */
export async function pinImage(
  image: ImageSpec,
  credential: RegistryCredential | null,
  signal: AbortSignal,
  away = awayOfThisServer,
): Promise<string> {
  signal.throwIfAborted();
  const reference = imageReference(image);
  if (image.pullPolicy === "NEVER" || away.has(registryOf(image))) {
    return reference;
  }
  try {
    return `${reference}@${await askInTime(image, credential, signal)}`;
  } catch (error) {
    if (error instanceof RegistryAway) {
      if (error.costsTime) {
        away.add(registryOf(image));
      }
      return reference;
    }
    if (error instanceof RegistryRefusal) {
      if (mayBeOnNodes(image, credential, error)) {
        return reference;
      }
      throw failureOf(reference, error);
    }
    throw error;
  }
}

async function askInTime(
  image: ImageSpec,
  credential: RegistryCredential | null,
  signal: AbortSignal,
): Promise<string> {
  const deadline = new AbortController();
  const late = new RegistryAway(`no answer within ${patience / 1000} s`, true);
  const timer = setTimeout(() => deadline.abort(late), patience);
  try {
    const { registry, path } = repositoryOf(image);
    const isItsOwn = credential !== null && sameRegistry(credential.server) === registry;
    const both = AbortSignal.any([signal, deadline.signal]);
    return await digestOf({ registry, path, tag: image.tag }, isItsOwn ? credential : null, both);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Nodes have images that were loaded there, and some open registries by themselves. Whoever shows no credential is told
 * by many registries, Docker Hub among them, that it is refused what does not exist.
 */
function mayBeOnNodes(
  image: ImageSpec,
  credential: RegistryCredential | null,
  { reason }: RegistryRefusal,
): boolean {
  const isUncertain = reason === "NOT_FOUND" || (reason === "REFUSED" && credential === null);
  return image.pullPolicy === "IF_NOT_PRESENT" && isUncertain;
}

function failureOf(reference: string, { reason, message }: RegistryRefusal): OperationFailure {
  return (reason === "REFUSED" ? registryRefused : imageNotFound)(reference, message);
}
