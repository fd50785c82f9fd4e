import { OperationFailure } from "../../errors.js";

/** An engine answered, and said no. */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal";
  constructor(
    /** Of HTTP. */
    readonly status: number,
    /** The engine's own words. */
    message: string,
  ) {
    super(message);
  }
}

/** An engine cannot be reached, or went away before it answered: whether it did what it was asked is unknown. */
export class EngineAway extends Error {
  override readonly name = "EngineAway";
}

/** What to tell of an engine that cannot be asked. */
export function unreachable(where: string, error: Error): OperationFailure {
  return new OperationFailure(
    "ENGINE_UNREACHABLE",
    `The engine at ${where} cannot be reached (${error.message}): start it, or correct the environment's connection.`,
  );
}
