import { z } from "zod";
import { gitRef, gitRepository, sourcePath } from "./git-names.js";
import { isStorable } from "./storable.js";

/** The largest a recipe spec may be, in bytes of its JSON. */
export const maxSpecBytes = 131_072;

/** Any text that can be stored and be an environment variable. */
export const plainText = (max: number) =>
  z
    .string()
    .max(max, `may have at most ${max} characters`)
    .refine(isStorable, "may not contain a NUL character or half of a surrogate pair");
const line = (max: number) =>
  plainText(max)
    .min(1, "may not be empty")
    .regex(/^[^\x00-\x1f\x7f]*$/, "may not contain control characters");
/** A lower-case DNS label (RFC 1123): what names of services, ports and networks are made of. */
export const dnsLabel = (max = 63) =>
  z
    .string()
    .max(max, `may have at most ${max} characters`)
    .regex(
      /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/,
      "must be a DNS label: lower-case letters, digits and dashes, starting and ending with a letter or digit",
    );
export const variableName = z
  .string()
  .max(255, "may have at most 255 characters")
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]*$/,
    "must be an identifier: letters, digits and underscores, not starting with a digit",
  );
/** A TCP or UDP port. */
export const portNumber = z.int().min(1, "must be 1 to 65535").max(65_535, "must be 1 to 65535");
const seconds = (min: number, max: number) =>
  z.int().min(min, `must be ${min} to ${max} seconds`).max(max, `must be ${min} to ${max} seconds`);
const nullable = <T extends z.ZodType>(type: T) => type.nullable().default(null);
const absolutePath = line(4096).regex(/^(?!.*\/\.\.(\/|$))\//, "must be an absolute path without `..`");

function uniqueBy<T>(key: (item: T) => string) {
  return (items: T[], context: z.RefinementCtx) => {
    const seen = new Set<string>();
    items.forEach((item, index) => {
      if (seen.has(key(item))) {
        context.addIssue({ code: "custom", path: [index], message: `occurs twice: ${key(item)}` });
      }
      seen.add(key(item));
    });
  };
}
const listOf = <T extends z.ZodType>(type: T, key: (item: z.output<T>) => string, max = 100) =>
  z
    .array(type)
    .max(max, `may have at most ${max} entries`)
    .superRefine(uniqueBy<z.output<T>>(key))
    .default([]);

const image = z.strictObject({
  prefix: nullable(line(255)),
  name: line(255).regex(
    /^[a-z0-9]+([._/-]+[a-z0-9]+)*$/,
    "must be an image name such as `node` or `library/nginx`",
  ),
  tag: line(128)
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, "must be an image tag")
    .default("latest"),
  pullPolicy: z.enum(["ALWAYS", "IF_NOT_PRESENT", "NEVER"]).default("IF_NOT_PRESENT"),
  credential: nullable(dnsLabel()),
});

/** A full commit hash, of SHA-1 or SHA-256. */
export const commitHash = z
  .string()
  .regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/, "must be a full commit hash in lower case");
const sourceSchema = z.strictObject({
  repository: gitRepository,
  branch: gitRef.default("master"),
  commit: nullable(commitHash),
  path: nullable(sourcePath),
  credential: nullable(dnsLabel()),
});
/** What a service's source differs in from its recipe's. No defaults: what is absent is as in the recipe. */
export const sourcePatchSchema = z
  .strictObject({
    repository: gitRepository,
    branch: gitRef,
    commit: commitHash.nullable(),
    path: sourcePath.nullable(),
    credential: dnsLabel().nullable(),
  })
  .partial();

const port = z.strictObject({
  name: dnsLabel(15),
  target: portNumber,
  protocol: z.enum(["TCP", "UDP"]).default("TCP"),
  published: nullable(portNumber),
  preserveClientIp: z.boolean().default(false),
});

export const envKinds = ["STATIC", "INPUT", "COMPUTED", "SECRET"] as const;
const envVar = z
  .strictObject({
    name: variableName,
    kind: z.enum(envKinds),
    value: nullable(plainText(65_536)),
    default: nullable(plainText(65_536)),
    label: nullable(line(255)),
    help: nullable(plainText(4096)),
    required: z.boolean().default(false),
  })
  .superRefine((variable, context) => {
    const given = variable.kind === "STATIC" || variable.kind === "COMPUTED";
    if (given && variable.value === null) {
      context.addIssue({ code: "custom", path: ["value"], message: `is needed for kind ${variable.kind}` });
    }
    if (!given && variable.value !== null) {
      const message = `is given per service for kind ${variable.kind}, not in the recipe`;
      context.addIssue({ code: "custom", path: ["value"], message });
    }
    if (variable.kind !== "INPUT" && variable.default !== null) {
      context.addIssue({ code: "custom", path: ["default"], message: "is for kind INPUT only" });
    }
  });

const configFile = z.strictObject({
  path: absolutePath
    .regex(/^(?!.*\/\.?(\/|$))/, "must name a file")
    .regex(/^(\/[^/]{1,80})*$/, "may have at most 80 characters between two slashes"),
  content: plainText(65_536),
  mode: z
    .string()
    .regex(/^0[0-7]{3}$/, "must be an octal mode such as 0644")
    .default("0644"),
});

const probe = z
  .strictObject({
    httpGet: nullable(
      z.strictObject({
        path: line(2048).regex(/^\//, "must begin with /").default("/"),
        port: nullable(dnsLabel(15)),
      }),
    ),
    tcp: nullable(z.strictObject({ port: nullable(dnsLabel(15)) })),
    exec: nullable(z.strictObject({ command: z.array(plainText(4096)).min(1).max(100) })),
    initialDelay: seconds(0, 3600).default(0),
    period: seconds(1, 3600).default(5),
    timeout: seconds(1, 3600).default(5),
    successThreshold: z.int().min(1).max(100).default(1),
    failureThreshold: z.int().min(1).max(100).default(3),
  })
  .refine(
    (value) => [value.httpGet, value.tcp, value.exec].filter((way) => way !== null).length === 1,
    "needs exactly one of httpGet, tcp and exec (null clears one)",
  );

const restart = z.strictObject({
  condition: z.enum(["NONE", "ON_FAILURE", "ALWAYS"]).default("ALWAYS"),
  maxAttempts: nullable(z.int().min(0).max(1_000_000)),
});
const resources = z.strictObject({
  memory: nullable(z.int().min(4 * 1024 * 1024, "must be at least 4 MiB, in bytes")),
  cpus: nullable(z.number().min(0.01).max(4096)),
});
const volume = z.strictObject({
  type: z.enum(["VOLUME", "BIND"]).default("VOLUME"),
  source: line(4096),
  target: absolutePath,
  readOnly: z.boolean().default(false),
  /** Several replicas may write to it at the same time. */
  shared: z.boolean().default(false),
});
const label = z.strictObject({ name: line(255), value: plainText(65_536) });
const rollout = z.strictObject({
  order: z.enum(["START_FIRST", "STOP_FIRST"]).default("START_FIRST"),
  parallelism: z.int().min(1).max(1000).default(1),
  monitor: seconds(0, 3600).default(5),
  deadline: seconds(1, 86_400).default(600),
  drain: seconds(0, 3600).default(30),
});
const words = z.array(plainText(65_536)).min(1, "may not be empty (null clears it)").max(1000);

type Files = z.output<typeof configFile>[];

function noFileInAnother(files: Files, context: z.RefinementCtx): void {
  files.forEach((file, index) => {
    const parent = files.find(({ path }) => file.path.startsWith(`${path}/`));
    if (parent) {
      context.addIssue({
        code: "custom",
        path: [index, "path"],
        message: `lies below the file ${parent.path}`,
      });
    }
  });
}

/**
 * The whole typed spec of a recipe, driver-neutral; parsing fills in every default, so that a stored spec
 * has all fields. Units: seconds and bytes.
 */
export const recipeSpecSchema = z.strictObject({
  image: nullable(image),
  source: nullable(sourceSchema),
  command: nullable(words),
  args: nullable(words),
  workingDir: nullable(line(4096)),
  ports: listOf(port, (item) => item.name, 50),
  env: listOf(envVar, (item) => item.name, 500),
  files: listOf(configFile, (item) => item.path).superRefine(noFileInAnother),
  readiness: nullable(probe),
  liveness: nullable(probe),
  restart: nullable(restart),
  resources: nullable(resources),
  volumes: listOf(volume, (item) => item.target),
  networks: listOf(dnsLabel(), (item) => item),
  labels: listOf(label, (item) => item.name),
  annotations: listOf(label, (item) => item.name),
  placement: listOf(line(1024), (item) => item),
  endpointMode: nullable(z.enum(["VIP", "DNSRR"])),
  serviceAccount: nullable(dnsLabel()),
  rollout: rollout.default(() => rollout.parse({})),
});

export type RecipeSpec = z.output<typeof recipeSpecSchema>;

const emptySpec: RecipeSpec = recipeSpecSchema.parse({});

/** A spec as it was stored, by whatever version: fields that are new since then get their default. */
export function completeSpec(stored: RecipeSpec): RecipeSpec {
  const spec = { ...emptySpec, ...stored };
  return { ...spec, volumes: spec.volumes.map((volume) => ({ ...volume, shared: volume.shared ?? false })) };
}

export type Source = z.output<typeof sourceSchema>;
export type EnvVar = RecipeSpec["env"][number];
export type Probe = NonNullable<RecipeSpec["readiness"]>;
export type PortSpec = RecipeSpec["ports"][number];
export type RolloutPolicy = RecipeSpec["rollout"];
export type RestartPolicy = NonNullable<RecipeSpec["restart"]>;
