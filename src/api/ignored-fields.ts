import { renderBase } from "../domain/render.js";
import type { Service } from "../domain/service.js";
import { UserInputErrors } from "../errors.js";
import type { RequestContext } from "./context.js";

/** What a service's driver will not apply of the spec it should run; none when this server lacks the driver. */
export async function ignoredFields(context: RequestContext, service: Service): Promise<string[]> {
  const { loaders, deps } = context;
  const [environment, revision] = await Promise.all([
    loaders.environment.load(service.environmentId),
    loaders.revisionByNumber.load({ recipeId: service.recipeId, number: service.desiredRevision }),
  ]);
  const driver = deps.drivers.get(environment!.driver);
  try {
    const base = driver && renderBase(revision!.spec, { ...service, values: environment!.values });
    return base ? driver.project({ ...base, env: [], files: [] }).ignored : [];
  } catch (error) {
    // The environment's values may have changed since; the next rebuild says so.
    if (error instanceof UserInputErrors) {
      return [];
    }
    throw error;
  }
}
