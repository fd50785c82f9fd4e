import type fc from "fast-check";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import type { ServiceSpec } from "../../../src/drivers/swarm/engine-types.js";
import { planOf } from "../../../src/drivers/swarm/plan.js";
import { project } from "../../../src/drivers/swarm/project.js";
import { serviceSpecOf } from "../../../src/drivers/swarm/service-spec.js";
import { newRef, type SpecFields, specOf, targetOf } from "../bench.js";
import { anySpec } from "../spec-arbitraries.js";

/** A projected spec, with all kinds of fields set or not. */
export const renderedSpec: fc.Arbitrary<RenderedSpec> = anySpec.map((spec) => project(spec).spec);

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
