import type { Target } from "../../operations/driver.js";
import type { Programs } from "../engine/deployer.js";
import type { Engine } from "./engine.js";
import type { ServiceSpec } from "./engine-types.js";
import { labels, networkName } from "./names.js";
import { planOf } from "./plan.js";
import { imageOf } from "./push.js";
import { serviceSpecOf } from "./service-spec.js";

/**
 * The spec that Rebake put on the engine for what is deployed, made anew from what it has kept: with the ids of what is
 * there, which is compared by its names.
 */
export async function putByRebake(
  engine: Engine,
  deployed: Target,
  programs: Programs,
): Promise<ServiceSpec> {
  const plan = planOf(deployed, programs);
  const names = (kind: "config" | "secret") =>
    plan.mounts.filter(({ object }) => object.kind === kind).map(({ object }) => object.name);
  const objects = new Map<string, string>();
  for (const kind of ["config", "secret"] as const) {
    for (const { ID, Spec } of await engine.objects(kind, { name: names(kind) })) {
      objects.set(Spec.Name, ID);
    }
  }
  const wanted = deployed.spec.networks.length > 0 ? deployed.spec.networks : ["default"];
  const scoped = (name: string) => networkName(plan.scope, name);
  const there = await engine.networks({ name: wanted.flatMap((name) => [name, scoped(name)]) });
  const networks = new Map(
    wanted.flatMap((name) => {
      const own = there.find(({ Name }) => Name === scoped(name));
      const given = there.find(({ Name, Labels }) => Name === name && !Labels?.[labels.installation]);
      const found = own ?? given;
      return found ? [[name, { id: found.Id, own: found === own }] as const] : [];
    }),
  );
  const image = await imageOf(engine, deployed, plan);
  return serviceSpecOf(deployed, plan, { objects, networks, image }, programs.installation);
}
