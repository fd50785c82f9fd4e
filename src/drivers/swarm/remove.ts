import { setTimeout as wait } from "node:timers/promises";
import { LeaseLost } from "../../errors.js";
import type { Log } from "../../log.js";
import type { Outcome, Reporter, ServiceRef } from "../../operations/driver.js";
import { EngineAway, EngineRefusal, unreachable } from "../engine/answers.js";
import { Patience } from "../engine/patience.js";
import type { Engine } from "./engine.js";
import type { EngineService } from "./engine-types.js";
import { engineName } from "./names.js";
import { referredTo, removeUnused } from "./objects.js";
import { cacheVolumeOf } from "./service-spec.js";

const lookMilliseconds = 250;
/** For how long a volume may still be in use by a container that has just ended, in milliseconds. */
const volumePatience = 10_000;

/** Ends all of a service and waits until nothing of it is left. Data that its recipe keeps in volumes stays. */
export async function removeService(
  engine: Engine,
  { installation, log }: { installation: string; log: Log },
  ref: ServiceRef,
  report: Reporter,
): Promise<Outcome> {
  const patience = new Patience(report);
  const name = engineName(installation, ref);
  let found: EngineService | null;
  try {
    found = await patience.briefly(() => engine.service(name));
  } catch (error) {
    if (report.signal.reason instanceof LeaseLost) {
      throw report.signal.reason;
    }
    if (!(error instanceof EngineAway)) {
      throw error;
    }
    return { verdict: "FAILED", cause: unreachable(engine.where, error).cause };
  }
  const label = found ? [`com.docker.swarm.service.id=${found.ID}`] : [];
  const running = () => patience.untilBack(() => engine.containers({ label, status: ["running"] }));
  const of = found ? (await running()).length : 0;
  await report.step({ step: "TERMINATE_OLD", state: "RUNNING", done: 0, of });
  if (found) {
    await report.assertHeld();
    await patience.untilBack(() => engine.removeService(found.ID));
    for (let left = of, told = 0; left > 0; ) {
      await wait(lookMilliseconds);
      left = (await running()).length;
      if (of - left > told && left > 0) {
        told = of - left;
        await report.step({ step: "TERMINATE_OLD", state: "RUNNING", done: told, of });
      }
      if (report.signal.reason instanceof LeaseLost) {
        throw report.signal.reason;
      }
    }
    const formerly = [...referredTo(found.Spec), ...referredTo(found.PreviousSpec)];
    await patience.untilBack(() =>
      removeUnused(engine, installation, ref.environmentId, { service: name, formerly }),
    );
  }
  await removeVolume(engine, cacheVolumeOf({ name }), patience, log);
  await report.step({ step: "TERMINATE_OLD", state: "DONE", done: of, of });
  return { verdict: "SUCCEEDED", cause: null };
}

/** Ends a service that never served, and waits until its containers are gone, at most for `milliseconds`. */
export async function removeWhole(
  engine: Engine,
  { ID }: EngineService,
  milliseconds: number,
  patience: Patience,
): Promise<void> {
  const label = [`com.docker.swarm.service.id=${ID}`];
  const until = Date.now() + milliseconds;
  await patience.untilBack(() => engine.removeService(ID));
  while (Date.now() < until && (await patience.untilBack(() => engine.containers({ label }))).length > 0) {
    await wait(lookMilliseconds);
  }
}

/** The cache on the node that is asked; those of other nodes are theirs to prune. */
export async function removeVolume(
  engine: Engine,
  name: string,
  patience: Patience,
  log: Log,
): Promise<void> {
  const until = Date.now() + volumePatience;
  for (;;) {
    try {
      await patience.untilBack(() => engine.removeVolume(name));
      return;
    } catch (error) {
      if (!(error instanceof EngineRefusal)) {
        throw error;
      }
      if (Date.now() > until) {
        log.warn({ err: error, volume: name }, "a cache is still in use and stays");
        return;
      }
      await wait(lookMilliseconds);
    }
  }
}
