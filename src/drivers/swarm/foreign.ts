import type { ForeignService } from "../../operations/driver.js";
import type { Engine } from "./engine.js";
import type { EngineService } from "./engine-types.js";
import { labels } from "./names.js";

/** Services of a swarm that this Rebake did not deploy. */
export async function foreignServices(engine: Engine, installation: string): Promise<ForeignService[]> {
  const all = await engine.services();
  return all
    .filter(({ Spec }) => Spec.Labels?.[labels.installation] !== installation)
    .map(asForeign)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function asForeign({ Spec, CreatedAt, ServiceStatus }: EngineService): ForeignService {
  return {
    name: Spec.Name,
    image: Spec.TaskTemplate.ContainerSpec?.Image.replace(/@sha256:.*$/, "") ?? null,
    mode: Spec.Mode.Global ? "GLOBAL" : "REPLICATED",
    replicas: Spec.Mode.Replicated?.Replicas ?? ServiceStatus?.DesiredTasks ?? 1,
    running: ServiceStatus?.RunningTasks ?? 0,
    createdAt: new Date(CreatedAt),
    installation: Spec.Labels?.[labels.installation] ?? null,
  };
}
