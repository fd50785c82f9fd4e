import type { RecipeSpec } from "./recipe-spec.js";

/** The facts of a running instance that recipes can refer to; the list is documented in docs/recipes.md. */
export const computedNames = {
  REBAKE_ENVIRONMENT: "code of the environment, e.g. `DEV`",
  REBAKE_SERVICE: "name of the service",
  REBAKE_RECIPE: "name of the recipe",
  REBAKE_PORT: "port the first TCP port of the recipe must be listened on",
  REBAKE_BRANCH: "branch the source is taken from, empty without a source",
  REBAKE_COMMIT: "full commit hash that runs, empty without a source",
  REBAKE_INSTANCE: "number of the replica: 1, 2, 3…",
  REBAKE_REPLICAS: "how many replicas were asked for",
  REBAKE_OPERATION: "id of the operation that started this instance",
  REBAKE_FILES: "folder below which the recipe's files lie (empty where they lie at their own paths)",
} as const;
export type ComputedName = keyof typeof computedNames | `REBAKE_PORT_${string}`;

/**
 * A piece of a value: literal text, the version id of a secret, a fact known only at run time, or a required input
 * that nobody gave (such a spec never runs: it is what a service should run once its input is given).
 */
export type TextPart = string | { secret: string } | { computed: ComputedName } | { missing: string };
/** A value as a list of pieces to be joined; a value without secrets and facts has at most one. */
export type Text = TextPart[];

/** What of a service's inputs a base still waits for. */
export interface AwaitedInput {
  name: string;
  /** What the recipe calls it for people. */
  label: string | null;
  default: string | null;
  required: boolean;
}

/** As TextPart, or the value of an input, or one of the environment's values. */
export type BasePart = TextPart | { input: string } | { value: string };

/**
 * A rendered spec but for the service's inputs and the environment's values. Services of one recipe revision,
 * driver, mode, source and ports share one: thousands of services are affected by a bump, and only a few of these
 * are made.
 */
export type RenderedBase = Omit<RenderedSpec, "env" | "files"> & {
  env: { name: string; value: BasePart[] }[];
  files: { path: string; content: BasePart[]; mode: string }[];
  inputs: AwaitedInput[];
  /** Names of the environment's values that it uses, sorted. */
  values: string[];
};

/**
 * Recipe revision + environment + service inputs, resolved. What depends on the replica, the resolved commit
 * or allocated ports stays a reference, so that the same fingerprint always means that the same would run.
 * Lists whose order means nothing are sorted.
 */
export type RenderedSpec = Omit<RecipeSpec, "env" | "files" | "volumes"> & {
  mode: "REPLICATED" | "GLOBAL";
  /** `shared` is left out where it is not: so fingerprints from before it was there are what they were. */
  volumes: (Omit<RecipeSpec["volumes"][number], "shared"> & { shared?: boolean })[];
  env: { name: string; value: Text }[];
  files: { path: string; content: Text; mode: string }[];
};
