import type { Trial } from "../trial.js";

export { env } from "../../fields/env.js";

/** A test of one field of a recipe's spec, or of a few that mean nothing without each other. */
export interface FieldCase {
  /** Paths of the fields, e.g. `image.tag`. */
  covers: string[];
  name: string;
  run(trial: Trial): Promise<void>;
  /** What this host does not have and it needs. */
  lacks?: string | null;
}

/** @param covers paths of the fields, with spaces between them */
export function field(covers: string, name: string, run: (trial: Trial) => Promise<void>): FieldCase {
  return { covers: covers.split(" "), name, run };
}
