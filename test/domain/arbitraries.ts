import fc from "fast-check";
import { type RecipeSpec, recipeSpecSchema } from "../../src/domain/recipe-spec.js";

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const variable = fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/).filter((name) => !name.startsWith("REBAKE_"));
/** Anything an environment variable may hold. */
export const value = fc.string({ unit: "binary", maxLength: 30 }).map((text) => text.replaceAll("\0", ""));

const envVar = fc.oneof(
  fc.record({ name: variable, kind: fc.constant("STATIC"), value }),
  fc.record({ name: variable, kind: fc.constant("INPUT"), default: value, required: fc.boolean() }),
  fc.record({
    name: variable,
    kind: fc.constant("COMPUTED"),
    value: fc.constantFrom(
      "$REBAKE_PORT",
      "v-${REBAKE_COMMIT}",
      "$REBAKE_SERVICE.$REBAKE_ENVIRONMENT",
      "plain",
    ),
  }),
);
const probe = fc.oneof(
  fc.record({
    httpGet: fc.record({ path: fc.constantFrom("/", "/healthz") }),
    period: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ exec: fc.record({ command: fc.array(value, { minLength: 1, maxLength: 3 }) }) }),
);

/** A valid recipe spec, with all kinds of fields set or not. */
export const recipeSpec: fc.Arbitrary<RecipeSpec> = fc
  .record({
    image: fc.option(
      fc.record({ name: fc.constantFrom("node", "library/nginx"), tag: fc.constantFrom("20", "1.22") }),
    ),
    source: fc.option(
      fc.record({
        repository: fc.constant("https://git.example/shop.git"),
        branch: fc.constantFrom("main", "dev"),
      }),
    ),
    command: fc.option(fc.array(value, { minLength: 1, maxLength: 3 })),
    ports: fc.uniqueArray(fc.record({ name: label, target: fc.integer({ min: 1, max: 65535 }) }), {
      selector: (port) => port.name,
      maxLength: 4,
    }),
    env: fc.uniqueArray(envVar, { selector: (item) => item.name, maxLength: 6 }),
    files: fc.uniqueArray(
      fc.record({
        path: label.map((name) => `/etc/${name}`),
        content: value.map((text) => text.replaceAll("$", "")),
      }),
      { selector: (file) => file.path, maxLength: 3 },
    ),
    readiness: fc.option(probe),
    volumes: fc.uniqueArray(
      fc.record({
        source: label,
        target: label.map((name) => `/srv/${name}`),
        readOnly: fc.boolean(),
        shared: fc.boolean(),
      }),
      { selector: (volume) => volume.target, maxLength: 3 },
    ),
    networks: fc.uniqueArray(label, { maxLength: 3 }),
    labels: fc.uniqueArray(fc.record({ name: label, value }), {
      selector: (item) => item.name,
      maxLength: 3,
    }),
    rollout: fc.record({ drain: fc.integer({ min: 0, max: 60 }) }),
  })
  .map((spec) => ({ ...spec, readiness: spec.ports.length > 0 ? spec.readiness : null }))
  .map((spec) => recipeSpecSchema.parse(spec));
