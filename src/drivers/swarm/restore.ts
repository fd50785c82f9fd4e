import { setTimeout as wait } from "node:timers/promises";
import type { Log } from "../../log.js";
import type { Reporter, Target } from "../../operations/driver.js";
import type { Programs } from "../engine/deployer.js";
import type { Patience } from "../engine/patience.js";
import type { Restored } from "../engine/undoing.js";
import { isDrifted } from "./comparable.js";
import type { Engine } from "./engine.js";
import type { EngineService, EngineTask, ServiceSpec } from "./engine-types.js";
import { labels } from "./names.js";
import { type Plan, planOf } from "./plan.js";
import { changedByHand, isAsPut, pushSpec, pushTarget } from "./push.js";
import { putByRebake } from "./put-by-rebake.js";
import { removeVolume, removeWhole } from "./remove.js";
import { cacheVolumeOf } from "./service-spec.js";
import { hasEnded, hasReplaced, isHeldUp, isReady, operationOf } from "./tasks.js";

const lookMilliseconds = 500;
/** For how long a task may take to end beyond what it was given, in milliseconds. */
export const terminationPatience = 60_000;

/** An operation that is to be undone. */
export interface Undoing {
  engine: Engine;
  programs: Programs;
  log: Log;
  /** What ran before, as Rebake has kept it; null: nothing. */
  current: Target | null;
  target: Target;
  plan: Plan;
  patience: Patience;
  report: Reporter;
  /** What the engine had before; null: nothing, or it is not known. */
  before: ServiceSpec | null;
  /** What the operation has put there; null: it has not seen it there. */
  put: ServiceSpec | null;
  /** Tasks that were there when it began. */
  oldIds: ReadonlySet<string>;
}

/**
 * Puts back what was there before, and waits until nothing of the new one is left.
 * @throws OperationFailure CHANGED_ON_ENGINE when somebody has changed the service by hand: then it is theirs; and what
 * the engine refuses
 */
export async function restore(undoing: Undoing): Promise<Restored> {
  const { engine, programs, target, plan, patience } = undoing;
  const found = await patience.untilBack(() => engine.service(plan.name));
  if (!found) {
    return { touched: false, lacks: null };
  }
  const touched = async () =>
    hasReplaced(
      target.stamp.operationId,
      await patience.untilBack(() => engine.tasks(found.ID)),
      undoing.oldIds,
    );
  if (found.Spec.Labels?.[labels.operation] !== target.stamp.operationId) {
    // An earlier server may have put it back, and not seen the end of it.
    const lacks = await settled(undoing, found.ID, found.Spec);
    return { touched: await touched(), lacks };
  }
  if (undoing.put ? !isAsPut(undoing.put, found.Spec) : isDrifted(found.Spec)) {
    const put = undoing.put ?? (await patience.untilBack(() => putByRebake(engine, target, programs)));
    throw changedByHand(put, found.Spec);
  }
  return { touched: await touched(), lacks: await putBack(undoing, found) };
}

/** What does not stand again, in a sentence. */
async function putBack(undoing: Undoing, found: EngineService): Promise<string | null> {
  const { engine, programs, current, target, patience, report, log } = undoing;
  const before = undoing.before ?? earlierSpec(found, target);
  if (before) {
    const isKept = found.PreviousSpec !== undefined && isAsPut(before, found.PreviousSpec);
    const credential = current?.registryCredential ?? null;
    await patience.untilBack(() =>
      pushSpec(engine, before, found, isKept ? "previous-spec" : credential, report),
    );
    return settled(undoing, found.ID, before);
  }
  if (current) {
    // The engine keeps one earlier spec, and somebody has made it forget it by changing nothing.
    const plan = planOf(current, programs);
    const { Spec } = await patience.untilBack(() =>
      pushTarget(engine, current, plan, found, programs.installation, report),
    );
    return settled(undoing, found.ID, Spec);
  }
  if (target.ref.adopted === null) {
    await report.assertHeld();
    const grace = target.spec.rollout.drain * 1000 + terminationPatience;
    await removeWhole(engine, found, grace, patience);
    await removeVolume(engine, cacheVolumeOf(undoing.plan), patience, log);
  }
  return null;
}

/** What the engine had before it took an operation's spec. */
export function earlierSpec({ PreviousSpec }: EngineService, { stamp }: Target): ServiceSpec | null {
  return PreviousSpec && PreviousSpec.Labels?.[labels.operation] !== stamp.operationId ? PreviousSpec : null;
}

/** Waits until what was there before is ready again and nothing of the new one is left; says what is not so in the end. */
async function settled(
  { engine, current, target, patience }: Undoing,
  id: string,
  before: ServiceSpec,
): Promise<string | null> {
  const { deadline } = (current ?? target).spec.rollout;
  let until = Date.now() + deadline * 1000;
  const wanted = before.Mode.Replicated?.Replicas ?? 1;
  for (;;) {
    const tasks = await patience.untilBack(() => engine.tasks(id));
    const isNew = (task: EngineTask) => operationOf(task) === target.stamp.operationId;
    const back = tasks.filter((task) => !isNew(task) && !hasEnded(task));
    const ready = back.filter(isReady).length;
    const left = tasks.some((task) => isNew(task) && !hasEnded(task));
    if (ready >= wanted && !left) {
      return null;
    }
    if (isHeldUp(back, tasks.filter(isNew))) {
      until = Date.now() + deadline * 1000;
    }
    if (Date.now() > until) {
      const more = left ? ", and some of the new one have not ended" : "";
      return `What ran before was put back, but after ${deadline} s ${ready} of ${wanted} of its tasks are ready${more}: look at them on the engine.`;
    }
    await wait(lookMilliseconds);
  }
}
