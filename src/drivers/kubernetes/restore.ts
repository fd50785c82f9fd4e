import { setTimeout as wait } from "node:timers/promises";
import type { RenderedSpec } from "../../domain/rendered-spec.js";
import { OperationFailure } from "../../errors.js";
import type { Reporter, Target } from "../../operations/driver.js";
import type { Patience } from "../engine/patience.js";
import type { Restored } from "../engine/undoing.js";
import type { ManagedFields, Pod, ReplicaSet, Workload, WorkloadSpec } from "./api-types.js";
import { applyService, removeServiceOf } from "./apply-service.js";
import { changedService } from "./changed-service.js";
import type { KubernetesContext } from "./context.js";
import { nodesWanted } from "./daemon-sets.js";
import { appliedSpec, contentOf, isDrifted } from "./drift.js";
import { isHeldUp } from "./held-up.js";
import { Insistence } from "./insistence.js";
import { type Manifest, manifestOf } from "./manifest.js";
import { annotations, labels, type WorkloadKind } from "./names.js";
import { givingBack, overwriting, ownersOf, rememberedOf, type Wanted } from "./overwrite.js";
import { objectPath } from "./paths.js";
import { hasEnded, isGoing, isReady, operationOf } from "./pods.js";
import { changedByHand, pushTarget, readWorkload, stampOf, unlessFaster } from "./push.js";
import { removeWhole } from "./remove.js";
import { revisionAnnotation } from "./slim.js";

const lookMilliseconds = 500;
const mostTries = 10;
/** For how long it is waited each time for what runs there to be known, in milliseconds. */
const readyMilliseconds = 10_000;
/** Before what the cluster itself notes. */
const controllers = "deployment.kubernetes.io/";

export interface Undoing {
  context: KubernetesContext;
  current: Target | null;
  target: Target;
  manifest: Manifest;
  patience: Patience;
  report: Reporter;
  /** What was there before, if this server has seen it. */
  before: Workload | null;
  /** What this server has put there. */
  put: Workload | null;
}

/**
 * Puts back what a service ran before an operation, and waits until nothing of the new one is left.
 * @throws OperationFailure CHANGED_ON_ENGINE when somebody has changed it since: that is theirs; ENGINE_REFUSED when the
 * cluster does not let it be undone
 */
export async function restore(undoing: Undoing): Promise<Restored> {
  const { context, current, target, manifest, report, put } = undoing;
  const { kind, name } = manifest;
  const patience = new Insistence(report, target.spec.rollout.deadline);
  await patience.untilBack(() => context.mirror.ready(AbortSignal.timeout(readyMilliseconds)));
  const found = await patience.untilBack(() => readWorkload(context, kind, name));
  if (!found) {
    if (!current) {
      // Its Service is made first.
      await putServiceBack(undoing, null);
    }
    return { touched: false, lacks: null };
  }
  const isBack = stampOf(found) !== target.stamp.operationId;
  const pods = context.mirror.podsOf(found);
  // Which pods of earlier ones were leaving before was noted on what was put there, and is gone with it.
  const known = isBack && !put ? pods.filter((pod) => operationOf(pod) === stampOf(found)) : pods;
  const touched = hasReplaced(known, put ?? found, target);
  if (isBack) {
    // An earlier server may have put it back, and not seen the end of it; or it was never changed.
    await putServiceBack(undoing, found);
    return { touched, lacks: await settled({ ...undoing, patience }, found) };
  }
  if (put ? contentOf(put) !== contentOf(found) : isDrifted(found)) {
    throw changedByHand(found, put ?? found);
  }
  return { touched, lacks: await putBack({ ...undoing, patience }, found) };
}

/** Whether some of the old ones were told to go since the operation began; `pushed`: the workload as it was put there then. */
export function hasReplaced(pods: readonly Pod[], pushed: Workload, { stamp }: Target): boolean {
  const leaving = new Set(rememberedOf(pushed)?.leaving);
  return pods.some(
    (pod) => operationOf(pod) !== stamp.operationId && isGoing(pod) && !leaving.has(pod.metadata.uid),
  );
}

/** What does not stand again, in a sentence. */
async function putBack(undoing: Undoing, found: Workload): Promise<string | null> {
  const { context, current, target, patience, report } = undoing;
  const { before } = undoing;
  const earlier = before
    ? earlierOf(before)
    : await patience.untilBack(() => remembered(context, found, current, target));
  if (earlier) {
    await putServiceBack(undoing, found);
    const put = await patience.untilBack(() => patchBack(undoing, found, earlier));
    const lacks = await settled(undoing, put);
    if (!earlier.spec.paused) {
      return lacks;
    }
    if (lacks !== null) {
      return `${lacks} It had been paused by hand, and is not any more.`;
    }
    await patience.untilBack(() => pauseAgain(undoing, put, earlier));
    return null;
  }
  if (current) {
    // Nothing of it is on the cluster any more.
    const manifest = manifestOf(current, context.programs, context.features);
    const put = await patience.untilBack(() => pushTarget(context, current, manifest, found, report));
    return settled(undoing, put);
  }
  if (target.ref.adopted === null) {
    await report.assertHeld();
    await removeWhole(context, target.ref, target.spec.rollout.drain, patience);
  }
  return null;
}

/**
 * The old ones are reached as before. Where there was nothing of Rebake's, its Service goes. What somebody has made of it
 * since it was applied stands. A new one without ports has left it where it was.
 */
async function putServiceBack(
  { context, current, target, patience, report }: Undoing,
  found: Workload | null,
): Promise<void> {
  const reach = ({ ports, endpointMode }: RenderedSpec) => JSON.stringify([ports, endpointMode]);
  if (current && reach(current.spec) === reach(target.spec)) {
    return;
  }
  const isPut = found !== null && stampOf(found) === target.stamp.operationId;
  const changes = isPut ? await patience.untilBack(() => changedService(context, target.ref, found)) : [];
  if (changes.length > 0) {
    return;
  }
  const isNeeded = current !== null && current.spec.ports.length > 0;
  if (!isNeeded) {
    await report.assertHeld();
    await patience.untilBack(() => removeServiceOf(context, target.ref));
  } else if (target.spec.ports.length > 0) {
    await patience.untilBack(() => applyService(context, current, found, report));
  }
}

/** What is put back: with a spec as the API itself has it, so that pods which fit it stay. */
interface Earlier extends Wanted {
  owners: ManagedFields[];
}

function earlierOf(before: Workload): Earlier {
  const { labels: marks = {}, annotations: notes = {} } = before.metadata;
  return { labels: marks, annotations: notes, spec: before.spec, owners: ownersOf(before) };
}

/**
 * What this server has not seen: the operation has written it down, but for what the cluster keeps itself in the set by
 * which a Deployment ran it, with the annotations that it had then. Null: nobody knows it any more, as of a DaemonSet
 * that was too large to be written down.
 */
async function remembered(
  { cluster, namespace, mirror }: KubernetesContext,
  found: Workload,
  current: Target | null,
  target: Target,
): Promise<Earlier | null> {
  const written = rememberedOf(found);
  const { selector } = found.spec;
  if (written?.spec.template) {
    const { labels: marks = {}, annotations: notes = {}, spec, owners } = written;
    return {
      labels: marks,
      annotations: notes,
      spec: { ...spec, template: written.spec.template, selector },
      owners,
    };
  }
  const known = earlierSet(mirror.setsOf(found), current, target);
  const path = known && objectPath("ReplicaSet", namespace, known.metadata.name);
  const set = path ? await cluster.get<ReplicaSet>("replicaset", path) : null;
  if (!set?.spec.template) {
    return null;
  }
  const { metadata, spec } = set.spec.template;
  const { "pod-template-hash": _hash, ...own } = metadata?.labels ?? {};
  const notes = set.metadata.annotations ?? {};
  const said = written?.spec ?? (JSON.parse(notes[annotations.applied] ?? "{}") as Partial<WorkloadSpec>);
  return {
    labels: found.metadata.labels ?? {},
    annotations: notes,
    spec: { ...found.spec, ...said, template: { metadata: { ...metadata, labels: own }, spec } },
    owners: written?.owners ?? [],
  };
}

function earlierSet(
  sets: readonly ReplicaSet[],
  current: Target | null,
  target: Target,
): ReplicaSet | undefined {
  const operationOfSet = (set: ReplicaSet) => set.spec.template?.metadata?.labels?.[labels.operation];
  const revisionOf = (set: ReplicaSet) => Number(set.metadata.annotations?.[revisionAnnotation] ?? 0);
  const others = sets
    .filter((set) => operationOfSet(set) !== target.stamp.operationId)
    .sort((a, b) => revisionOf(b) - revisionOf(a));
  return others.find((one) => operationOfSet(one) === current?.stamp.operationId) ?? others[0];
}

/** By the API's own compare-and-set: what somebody changes meanwhile is not written over. */
async function patchBack(
  { context, manifest, report }: Undoing,
  seen: Workload,
  earlier: Earlier,
): Promise<Workload> {
  const { cluster, namespace, mirror } = context;
  const { kind, name } = manifest;
  const path = objectPath(kind, namespace, name);
  for (let tries = 0; tries < mostTries; tries++) {
    const found = await readWorkload(context, kind, name);
    if (found && stampOf(found) !== stampOf(seen) && stampOf(found) === stampOfEarlier(earlier)) {
      return found;
    }
    if (!found || contentOf(found) !== contentOf(seen)) {
      throw changedByHand(found ?? seen, seen);
    }
    await report.assertHeld();
    const put = await unlessFaster(() =>
      cluster.patch<Workload>(kind.toLowerCase(), path, backwards(found, earlier)),
    );
    if (put) {
      mirror.take(kind, put);
      return giveBack(context, put, kind, earlier);
    }
  }
  throw new OperationFailure(
    "CHANGED_ON_ENGINE",
    `${kind} ${name} is changed all the time by somebody else: it could not be put back.`,
  );
}

/** Only for what is told of it: what runs is right already. The cluster writes down how it is doing meanwhile. */
async function giveBack(
  context: KubernetesContext,
  put: Workload,
  kind: WorkloadKind,
  { owners }: Earlier,
): Promise<Workload> {
  const { cluster, namespace, mirror } = context;
  const { name, generation } = put.metadata;
  let found: Workload | null = owners.length > 0 ? put : null;
  for (let tries = 0; tries < mostTries && found?.metadata.generation === generation; tries++) {
    const patch = givingBack(found!, owners);
    const given = await unlessFaster(() =>
      cluster.patch<Workload>(kind.toLowerCase(), objectPath(kind, namespace, name), patch),
    );
    if (given) {
      mirror.take(kind, given);
      return given;
    }
    found = await readWorkload(context, kind, name);
  }
  return put;
}

function stampOfEarlier({ annotations: notes }: Earlier): string | undefined {
  return notes[annotations.operation];
}

/** Unless somebody has changed it meanwhile. */
async function pauseAgain(
  { context, manifest, report }: Undoing,
  put: Workload,
  earlier: Earlier,
): Promise<void> {
  const { cluster, namespace, mirror } = context;
  const { kind, name } = manifest;
  for (let tries = 0; tries < mostTries; tries++) {
    const found = await readWorkload(context, kind, name);
    if (!found || found.spec.paused || contentOf(found) !== contentOf(put)) {
      return;
    }
    await report.assertHeld();
    const paused = await unlessFaster(() =>
      cluster.patch<Workload>(kind.toLowerCase(), objectPath(kind, namespace, name), [
        { op: "test", path: "/metadata/resourceVersion", value: found.metadata.resourceVersion },
        { op: "add", path: "/spec/paused", value: true },
      ]),
    );
    if (paused) {
      mirror.take(kind, paused);
      await giveBack(context, paused, kind, earlier);
      return;
    }
  }
}

/**
 * An autoscaler's replicas, and what the cluster itself notes, stay as they are now. What is paused would not be started
 * again: that comes last.
 */
function backwards(found: Workload, earlier: Earlier): object[] {
  const isAutoscaled = !("replicas" in (appliedSpec(found) ?? { replicas: 0 }));
  const { replicas } = isAutoscaled ? found.spec : earlier.spec;
  const { paused: _paused, ...spec } = earlier.spec;
  const notes = Object.entries(earlier.annotations).filter(([key]) => !key.startsWith(controllers));
  return overwriting(found, {
    labels: earlier.labels,
    annotations: Object.fromEntries(notes),
    spec: { ...spec, ...(replicas !== undefined && { replicas }) },
  });
}

/**
 * Waits until what was there before is ready again and nothing of the new one is left.
 * @returns what is not so in time, in a sentence
 */
async function settled(undoing: Undoing, put: Workload): Promise<string | null> {
  const { context, current, target, patience } = undoing;
  const { mirror } = context;
  const { deadline } = (current ?? target).spec.rollout;
  let until = Date.now() + deadline * 1000;
  for (;;) {
    const pods = await patience.untilBack(async () => {
      await mirror.ready(AbortSignal.timeout(readyMilliseconds));
      return mirror.podsOf(put);
    });
    const isNew = (pod: (typeof pods)[number]) => operationOf(pod) === target.stamp.operationId;
    const ready = pods.filter((pod) => !isNew(pod) && isReady(pod)).length;
    const left = pods.filter((pod) => isNew(pod) && !hasEnded(pod)).length;
    const wanted = wantedOf(undoing, put);
    if (wanted !== null && ready >= wanted && left === 0) {
      return null;
    }
    const back = pods.filter((pod) => !isNew(pod) && !isGoing(pod) && !hasEnded(pod));
    if (isHeldUp(put, back, pods.filter(isNew), wanted ?? 1)) {
      until = Date.now() + deadline * 1000;
    }
    if (Date.now() > until) {
      const more = left > 0 ? `, and ${left} of the new one ${left === 1 ? "has" : "have"} not ended` : "";
      const asked = wanted === null ? "" : ` of ${wanted}`;
      return `What ran before was put back, but after ${deadline} s ${ready}${asked} of its pods are ready${more}: look at them on the cluster.`;
    }
    await wait(lookMilliseconds);
  }
}

/** How many pods there should be now; null: the cluster does not say yet. */
function wantedOf({ context, manifest: { kind, name } }: Undoing, put: Workload): number | null {
  const known = context.mirror.workload(kind, name);
  const generation = put.metadata.generation ?? 0;
  const now = known && (known.metadata.generation ?? 0) >= generation ? known : put;
  if (kind === "Deployment") {
    return now.spec.replicas ?? 1;
  }
  return nodesWanted(now);
}
