import { isDeepStrictEqual } from "node:util";
import { imageReference, repositoryOf } from "../../domain/image-reference.js";
import { OperationFailure } from "../../errors.js";
import type { ImageSpec, RegistryCredential } from "../../operations/driver.js";

import { EngineAway, EngineRefusal, unreachable } from "../engine/answers.js";
import { imageNotFound, registryRefused } from "../engine/image-failures.js";
import type { Engine } from "./engine.js";

/**
 * Pins an image by its digest, so that all tasks run the same, and no node asks the registry for what it has. The engine
 * does not do this by itself. What is only on the node that is asked is pinned by its id there.
 * @throws OperationFailure IMAGE_NOT_FOUND, REGISTRY_REFUSED, REGISTRY_UNREACHABLE, ENGINE_UNREACHABLE
 */
export async function pinImage(
  engine: Engine,
  image: ImageSpec,
  credential: RegistryCredential | null,
  signal: AbortSignal,
): Promise<string> {
  try {
    return await pin(engine, image, credential, signal);
  } catch (error) {
    throw error instanceof EngineAway ? unreachable(engine.where, error) : error;
  }
}

async function pin(
  engine: Engine,
  image: ImageSpec,
  credential: RegistryCredential | null,
  signal: AbortSignal,
): Promise<string> {
  const reference = imageReference(image);
  const local = image.pullPolicy === "ALWAYS" ? null : await engine.image(reference);
  if (image.pullPolicy === "NEVER") {
    if (!local) {
      const message = `The image ${reference} is not on the node at ${engine.where}, and its pull policy is NEVER: load it there, or allow it to be pulled.`;
      throw new OperationFailure("IMAGE_NOT_FOUND", message);
    }
    return local.Id;
  }
  const digest = local && digestIn(local.RepoDigests ?? [], image);
  if (digest) {
    return `${reference}@${digest}`;
  }
  try {
    return `${reference}@${(await engine.distribution(reference, credential, signal)).Descriptor.digest}`;
  } catch (error) {
    if (local && error instanceof EngineRefusal) {
      return local.Id;
    }
    throw error instanceof EngineRefusal ? failureOf(reference, error) : error;
  }
}

/** The digest under which the image's own repository has it. */
function digestIn(digests: readonly string[], image: ImageSpec): string | undefined {
  const repository = repositoryOf(image);
  return digests
    .map((one) => one.split("@") as [string, string])
    .find(([name]) => isDeepStrictEqual(repositoryOf({ prefix: null, name, tag: "x" }), repository))?.[1];
}

function failureOf(reference: string, { message, status }: EngineRefusal): OperationFailure {
  if (
    /unauthorized|authentication required|denied|no basic auth|incorrect username/i.test(message) ||
    status === 401
  ) {
    return registryRefused(reference, message);
  }
  if (status === 404 || /manifest unknown|not found|name unknown/i.test(message)) {
    return imageNotFound(reference, message);
  }
  return new OperationFailure(
    "REGISTRY_UNREACHABLE",
    `The registry of ${reference} cannot be asked (${message}): check its address and the engine's network.`,
  );
}
