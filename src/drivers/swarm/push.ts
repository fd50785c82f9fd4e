import { setTimeout as wait } from "node:timers/promises";
import { OperationFailure } from "../../errors.js";
import type { Reporter, ServiceRef, Target } from "../../operations/driver.js";
import { EngineAway, EngineRefusal } from "../engine/answers.js";
import { contentOf, differences } from "./comparable.js";
import type { Engine, PullsWith } from "./engine.js";
import type { EngineService, ServiceSpec } from "./engine-types.js";
import { refused } from "./failures.js";
import { labels } from "./names.js";
import { makeNetworks, makeObjects } from "./objects.js";
import type { Plan } from "./plan.js";
import { type Made, serviceSpecOf } from "./service-spec.js";

/** How often a change is tried again because somebody else, or the engine itself, was faster. */
const mostTries = 10;
/** A node tells of a network for as long as it has containers that end, in milliseconds. */
const networkPatience = 60_000;
const pauseMilliseconds = 500;

type Held = Pick<Reporter, "assertHeld">;

/** Which operation a service of the engine was last changed by; undefined when it was none of ours. */
export function stampOf(service: EngineService | null): string | undefined {
  return service?.Spec.Labels?.[labels.operation];
}

/**
 * Whether a service of the engine is as it was put, or seen, there: nobody else has had a hand in it. To have it started
 * anew by force changes nothing of it.
 */
export function isAsPut(put: ServiceSpec, found: ServiceSpec): boolean {
  return (
    contentOf(put) === contentOf(found) &&
    put.Labels?.[labels.operation] === found.Labels?.[labels.operation] &&
    put.Mode.Replicated?.Replicas === found.Mode.Replicated?.Replicas
  );
}

/**
 * Has the engine run `target` from now on: creates the service or changes it, unless its stamp says that this was done
 * before. `seen` is what was there when this was decided; what changed since is somebody's, and not written over.
 * @throws OperationFailure SPEC_INVALID, CHANGED_ON_ENGINE, PORT_TAKEN, ENGINE_REFUSED; EngineAway when it is not known whether it
 * was done: then to be called again
 */
export async function pushTarget(
  engine: Engine,
  target: Target,
  plan: Plan,
  seen: EngineService | null,
  installation: string,
  report: Held,
): Promise<EngineService> {
  if (target.image === null) {
    const message =
      "The recipe names no image, of which services on a swarm are made: give it one, then rebuild.";
    throw new OperationFailure("SPEC_INVALID", message);
  }
  const image = await imageFor(engine, target, plan);
  return change(engine, plan.name, seen, {
    isDone: (found) => stampOf(found) === target.stamp.operationId,
    mayTake: (found) => assertOurs(found, target.ref),
    pullsWith: target.registryCredential,
    report,
    next: async () => {
      const objects = await makeObjects(engine, plan, report);
      const networks = await makeNetworks(engine, plan, target.spec.networks, installation, report);
      return serviceSpecOf(target, plan, { objects, networks, image }, installation);
    },
  });
}

/** Puts a spec back that was there before, or the same with another number of replicas: tasks that fit it stay. */
export function pushSpec(
  engine: Engine,
  spec: ServiceSpec,
  seen: EngineService,
  pullsWith: PullsWith,
  report: Held,
): Promise<EngineService> {
  return change(engine, seen.ID, seen, {
    isDone: (found) => found !== null && isAsPut(spec, found.Spec),
    mayTake: () => {},
    pullsWith,
    report,
    next: async () => spec,
  });
}

interface Change {
  isDone(found: EngineService | null): boolean;
  mayTake(found: EngineService): void;
  next(): Promise<ServiceSpec>;
  /** For a service that is made anew, a credential. */
  pullsWith: PullsWith;
  report: Held;
}

/** By the engine's own compare-and-set. The engine changes the version by itself, too: what counts is the spec. */
async function change(
  engine: Engine,
  name: string,
  seen: EngineService | null,
  { isDone, mayTake, next, pullsWith, report }: Change,
): Promise<EngineService> {
  let why = "";
  const until = Date.now() + networkPatience;
  for (let tries = 0; tries < mostTries; ) {
    const found = await engine.service(name);
    if (found && isDone(found)) {
      return found;
    }
    assertUnchanged(seen, found);
    if (found) {
      mayTake(found);
    }
    try {
      const spec = await next();
      await report.assertHeld();
      if (found) {
        await engine.updateService(found.ID, found.Version.Index, spec, pullsWith);
      } else {
        await engine.createService(spec, typeof pullsWith === "string" ? null : pullsWith);
      }
    } catch (error) {
      if (!(error instanceof EngineRefusal)) {
        throw error;
      }
      why = error.message;
      // What was made for this service was cleaned up before it was there; a network that goes is told of for a while.
      const isGone = /(config|secret|network) \S+ not found/i.test(why) && Date.now() < until;
      if (isGone) {
        await wait(pauseMilliseconds);
      } else if (/out of sequence|name conflicts|already exists/i.test(why)) {
        tries += 1;
      } else {
        throw refused(error);
      }
    }
  }
  const message = `The engine refused ${mostTries} times to change the service: ${why}. Somebody else changes it all the time; try again when they are done.`;
  throw new OperationFailure("CHANGED_ON_ENGINE", message);
}

function assertUnchanged(seen: EngineService | null, found: EngineService | null): void {
  if (seen && !found) {
    throw new OperationFailure(
      "CHANGED_ON_ENGINE",
      "Somebody removed the service from its engine meanwhile: rebuild it once that is settled.",
    );
  }
  if (seen && found && !isAsPut(seen.Spec, found.Spec)) {
    throw changedByHand(seen.Spec, found.Spec);
  }
}

/** What to tell when somebody has changed a service while an operation was at it. */
export function changedByHand(put: ServiceSpec, found: ServiceSpec): OperationFailure {
  const names = differences(put, found).map(({ path }) => path.join("."));
  const fields = names.slice(0, 5).join(", ") + (names.length > 5 ? `, and ${names.length - 5} more` : "");
  return new OperationFailure(
    "CHANGED_ON_ENGINE",
    `Somebody changed the service on its engine meanwhile (${fields || "its labels"}): nothing of that was written over. Rebuild it to have what the recipe says.`,
  );
}

function assertOurs({ Spec }: EngineService, { serviceId, adopted }: ServiceRef): void {
  const owner = Spec.Labels?.[labels.serviceId];
  if (owner !== serviceId && !(adopted !== null && owner === undefined)) {
    throw new OperationFailure(
      "ENGINE_REFUSED",
      `The engine has a service ${Spec.Name} already, which is not this one: remove it there, or adopt it.`,
    );
  }
}

async function imageFor(engine: Engine, target: Target, plan: Plan): Promise<Made["image"]> {
  if (!needsImage(target, plan)) {
    return null;
  }
  const { image, registryCredential } = target;
  const known = await imageOf(engine, target, plan);
  const found =
    known ??
    (await engine
      .pull(image!, registryCredential, AbortSignal.timeout(target.spec.rollout.deadline * 1000))
      .then(() => imageOf(engine, target, plan))
      .catch((error) => {
        if (error instanceof EngineAway) {
          throw error;
        }
        return null;
      }));
  if (!found) {
    const message = `The image ${image} cannot be looked into, which a service with secret variables and without a command needs: name its command in the recipe.`;
    throw new OperationFailure("IMAGE_NOT_FOUND", message);
  }
  return found;
}

/** What an image starts by itself has to be known only where something else is started before it. */
function needsImage({ spec }: Target, { launcher }: Plan): boolean {
  return launcher === "shell" && spec.command === null;
}

/** What an image starts by itself, where that has to be known; null also when it is not on the node that is asked. */
export async function imageOf(engine: Engine, target: Target, plan: Plan): Promise<Made["image"]> {
  const found = needsImage(target, plan) ? await engine.image(target.image!) : null;
  const words = (value: string | string[] | undefined | null) => [value ?? []].flat();
  return found && { entrypoint: words(found.Config.Entrypoint), command: words(found.Config.Cmd) };
}
