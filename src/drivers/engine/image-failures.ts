import { OperationFailure } from "../../errors.js";

/** @param words what the registry, or the engine that asked it, says of it; without anything secret */
export function imageNotFound(reference: string, words: string): OperationFailure {
  return new OperationFailure(
    "IMAGE_NOT_FOUND",
    `There is no image ${reference} (${words}): check its name and tag.`,
  );
}

/** @param words as for `imageNotFound` */
export function registryRefused(reference: string, words: string): OperationFailure {
  return new OperationFailure(
    "REGISTRY_REFUSED",
    `The registry refuses ${reference} (${words}): check the image's name and credential.`,
  );
}
