import { setTimeout as wait } from "node:timers/promises";
import { LeaseLost } from "../../errors.js";
import type { Outcome, Reporter, ServiceRef } from "../../operations/driver.js";
import { EngineAway, unreachable } from "../engine/answers.js";
import { Patience } from "../engine/patience.js";
import type { Pod, Workload } from "./api-types.js";
import { removeServiceOf } from "./apply-service.js";
import type { KubernetesContext } from "./context.js";
import { engineName, type WorkloadKind } from "./names.js";
import { bearsId, type Owned, ownedOf, workloadKinds } from "./owned.js";
import { objectPath } from "./paths.js";
import { isGone, terminationPatience } from "./pods.js";
import { readWorkload } from "./push.js";
import { removeParts } from "./remove-unused.js";

const lookMilliseconds = 250;

/**
 * Ends all of a service and waits until nothing of it is left, but for pods of nodes that are away. Data that its recipe keeps
 * in volumes stays.
 */
export async function removeService(
  context: KubernetesContext,
  ref: ServiceRef,
  report: Reporter,
): Promise<Outcome> {
  const patience = new Patience(report);
  const { cluster, mirror } = context;
  let owned: Owned[];
  try {
    owned = await patience.briefly(async () => {
      await mirror.ready(AbortSignal.timeout(10_000));
      return readOwned(context, ref);
    });
  } catch (error) {
    if (report.signal.reason instanceof LeaseLost) {
      throw report.signal.reason;
    }
    if (!(error instanceof EngineAway)) {
      throw error;
    }
    return { verdict: "FAILED", cause: unreachable(cluster.where, error).cause };
  }
  const uids = new Set(podsOf(context, ref, owned).map(({ metadata }) => metadata.uid));
  const left = () => podsOf(context, ref, owned, uids).length;
  const of = left();
  await report.step({ step: "TERMINATE_OLD", state: "RUNNING", done: 0, of });
  await report.assertHeld();
  await removeWorkloads(context, ref, owned, patience);
  for (let now = of, told = 0; now > 0; ) {
    await wait(lookMilliseconds);
    now = await patience.untilBack(async () => {
      mirror.assertFresh();
      return left();
    });
    if (of - now > told && now > 0) {
      told = of - now;
      await report.step({ step: "TERMINATE_OLD", state: "RUNNING", done: told, of });
    }
    if (report.signal.reason instanceof LeaseLost) {
      throw report.signal.reason;
    }
  }
  await patience.untilBack(() => removeParts(context, ref, report));
  await report.step({ step: "TERMINATE_OLD", state: "DONE", done: of, of });
  return { verdict: "SUCCEEDED", cause: null };
}

/** Ends a service that never served, and waits until its pods are gone, at most for its drain and a while. */
export async function removeWhole(
  context: KubernetesContext,
  ref: ServiceRef,
  drainSeconds: number,
  patience: Patience,
): Promise<void> {
  const owned = await patience.untilBack(() => readOwned(context, ref));
  const uids = new Set(podsOf(context, ref, owned).map(({ metadata }) => metadata.uid));
  await removeWorkloads(context, ref, owned, patience);
  const until = Date.now() + drainSeconds * 1000 + terminationPatience;
  while (Date.now() < until && podsOf(context, ref, owned, uids).length > 0) {
    await wait(lookMilliseconds);
  }
}

/** As the cluster itself says: what is watched is taken as known for a while after it has fallen silent. */
async function readOwned(context: KubernetesContext, ref: ServiceRef): Promise<Owned[]> {
  const found = new Map<WorkloadKind, Workload | null>();
  for (const kind of workloadKinds) {
    found.set(kind, await readWorkload(context, kind, engineName(ref)));
  }
  return ownedOf(context.mirror, ref, (kind) => found.get(kind) ?? null);
}

async function removeWorkloads(
  context: KubernetesContext,
  ref: ServiceRef,
  owned: readonly Owned[],
  patience: Patience,
): Promise<void> {
  const { cluster, namespace } = context;
  // Nobody is sent to pods that are about to end.
  await patience.untilBack(() => removeServiceOf(context, ref));
  for (const { kind, workload } of owned) {
    const path = objectPath(kind, namespace, engineName(ref));
    const preconditions = { uid: workload.metadata.uid };
    await patience.untilBack(() => cluster.remove(kind.toLowerCase(), path, { preconditions }));
  }
}

/** Pods of a service that have not ended, and those of `known` that are still there: what controlled them may be gone already. */
function podsOf(
  { mirror }: KubernetesContext,
  ref: ServiceRef,
  owned: readonly Owned[],
  known: ReadonlySet<string> = new Set(),
): Pod[] {
  const controlled = new Set(owned.flatMap(({ workload }) => mirror.podsOf(workload)));
  const isOfService = (pod: Pod) => bearsId(pod, ref) || known.has(pod.metadata.uid);
  return mirror.allPods().filter((pod) => !isGone(pod) && (controlled.has(pod) || isOfService(pod)));
}
