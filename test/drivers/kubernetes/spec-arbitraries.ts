import type fc from "fast-check";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import { type Manifest, manifestOf } from "../../../src/drivers/kubernetes/manifest.js";
import { project } from "../../../src/drivers/kubernetes/project.js";
import type { ServiceRef, Target } from "../../../src/operations/driver.js";
import { newRef, type SpecFields, specOf, targetOf } from "../bench.js";
import { anySpec } from "../spec-arbitraries.js";

/** A projected spec, with all kinds of fields set or not. */
export const renderedSpec: fc.Arbitrary<RenderedSpec> = anySpec.map((spec) => project(spec).spec);

export const programs = { installation: "i1", deployer: "// deployer" };
export const image = `registry.example/shop@sha256:${"0".repeat(64)}`;
export const source = {
  repository: "https://git.example/shop.git",
  branch: "main",
  commit: null,
  path: null,
  credential: null,
};

/** Always the same service, unless another is given. */
export const orders: ServiceRef = { ...newRef("orders", "env_1"), serviceId: "svc_1" };

export function aTarget(fields: SpecFields | RenderedSpec, facts: Partial<Target> = {}): Target {
  const whole = "liveness" in fields && "rollout" in fields && "mode" in fields && "networks" in fields;
  const spec = whole ? (fields as RenderedSpec) : specOf(fields as SpecFields);
  return targetOf(orders, spec, {
    stamp: { operationId: "opn_1", fence: 1 },
    ...{ image, commit: spec.source && "c".repeat(40) },
    ...facts,
  });
}

export function manifest(
  fields: SpecFields | RenderedSpec,
  facts: Partial<Target> = {},
  features = { daemonSurge: false },
): Manifest {
  return manifestOf(aTarget(fields, facts), programs, features);
}
