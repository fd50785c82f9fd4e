import fc from "fast-check";
import { render } from "../../src/domain/render.js";
import type { RenderedSpec } from "../../src/domain/rendered-spec.js";
import { recipeSpec } from "../domain/arbitraries.js";

const more = fc.record({
  mode: fc.constantFrom("REPLICATED" as const, "GLOBAL" as const),
  restart: fc.option(
    fc.record({
      condition: fc.constantFrom("NONE" as const, "ON_FAILURE" as const),
      maxAttempts: fc.option(fc.nat(9)),
    }),
  ),
  resources: fc.option(
    fc.record({
      memory: fc.option(fc.integer({ min: 1 << 24, max: 1 << 30 })),
      cpus: fc.constantFrom(null, 0.25, 1),
    }),
  ),
  placement: fc.constantFrom<string[]>(
    [],
    ["node.role == manager"],
    ["node.platform.os != windows", "node.labels.a!=b"],
  ),
  endpointMode: fc.constantFrom(null, "VIP" as const, "DNSRR" as const),
  workingDir: fc.constantFrom(null, "/srv", "/a b"),
  rollout: fc.record({
    order: fc.constantFrom("START_FIRST" as const, "STOP_FIRST" as const),
    parallelism: fc.integer({ min: 1, max: 9 }),
    monitor: fc.nat(30),
    deadline: fc.integer({ min: 1, max: 999 }),
    drain: fc.nat(99),
  }),
});

/** A spec as no driver has projected it yet, with all kinds of fields set or not. */
export const anySpec: fc.Arbitrary<RenderedSpec> = fc.tuple(recipeSpec, more).map(([recipe, fields]) => {
  const rendered = render(recipe, { mode: fields.mode, source: null, ports: null, inputs: [], values: [] });
  return { ...rendered, ...fields };
});
