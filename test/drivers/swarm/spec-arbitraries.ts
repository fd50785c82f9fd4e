import fc from "fast-check";
import { render } from "../../../src/domain/render.js";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import type { ServiceSpec } from "../../../src/drivers/swarm/engine-types.js";
import { planOf } from "../../../src/drivers/swarm/plan.js";
import { project } from "../../../src/drivers/swarm/project.js";
import { serviceSpecOf } from "../../../src/drivers/swarm/service-spec.js";
import { recipeSpec } from "../../domain/arbitraries.js";
import { newRef, type SpecFields, specOf, targetOf } from "../bench.js";

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

/** A projected spec, with all kinds of fields set or not. */
export const renderedSpec: fc.Arbitrary<RenderedSpec> = fc.tuple(recipeSpec, more).map(([recipe, fields]) => {
  const rendered = render(recipe, { mode: fields.mode, source: null, ports: null, inputs: [], values: [] });
  return project({ ...rendered, ...fields }).spec;
});

/** As it would be put on an engine that had made everything for it. */
export function serviceSpec(spec: SpecFields | RenderedSpec): ServiceSpec {
  const whole =
    "rollout" in spec && "mode" in spec && "liveness" in spec
      ? (spec as RenderedSpec)
      : specOf(spec as SpecFields);
  const target = targetOf(newRef(), whole, {
    image: `node:20@sha256:${"0".repeat(64)}`,
    commit: "0".repeat(40),
  });
  const plan = planOf(target, { installation: "i", deployer: "// deployer" });
  const objects = new Map(plan.mounts.map(({ object }, n) => [object.name, `object${n}`]));
  const networks = new Map(whole.networks.map((name, n) => [name, { id: `network${n}`, own: n % 2 === 0 }]));
  return serviceSpecOf(target, plan, { objects, networks, image: null }, "i");
}
