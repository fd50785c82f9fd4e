import { setTimeout as wait } from "node:timers/promises";
import { OperationFailure } from "../../errors.js";
import type { Reporter, Target } from "../../operations/driver.js";
import type { Patience } from "../engine/patience.js";
import type { ReplicaSet, Workload, WorkloadSpec } from "./api-types.js";
import { ApiRefusal } from "./cluster.js";
import type { KubernetesContext } from "./context.js";
import { appliedSpec, contentOf, isDrifted } from "./drift.js";
import { refused } from "./failures.js";
import { type Manifest, manifestOf } from "./manifest.js";
import { annotations, labels } from "./names.js";
import { objectPath } from "./paths.js";
import { hasEnded, isGoing, isReady, operationOf } from "./pods.js";
import { changedByHand, pushTarget, readWorkload, stampOf, unlessFaster } from "./push.js";
import { removeWhole } from "./remove.js";
import { revisionAnnotation } from "./slim.js";

const lookMilliseconds = 500;
const mostTries = 10;

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
 * @returns whether some of the old ones had been told to go
 * @throws OperationFailure CHANGED_ON_ENGINE when somebody has changed it since: that is theirs
 */
export async function restore(undoing: Undoing): Promise<boolean> {
  const { context, target, manifest, patience, put } = undoing;
  const { kind, name } = manifest;
  const found = await patience.untilBack(() => readWorkload(context, kind, name));
  if (!found) {
    return false;
  }
  const touched = hasReplaced(context, found, target);
  if (stampOf(found) !== target.stamp.operationId) {
    // An earlier server may have put it back, and not seen the end of it.
    await settled(undoing, found);
    return touched;
  }
  if (put ? contentOf(put) !== contentOf(found) : isDrifted(found)) {
    throw changedByHand(found, put ?? found);
  }
  await putBack(undoing, found);
  return touched;
}

function hasReplaced({ mirror }: KubernetesContext, found: Workload, { stamp }: Target): boolean {
  return mirror.podsOf(found).some((pod) => operationOf(pod) !== stamp.operationId && isGoing(pod));
}

async function putBack(undoing: Undoing, found: Workload): Promise<void> {
  const { context, current, target, patience, report } = undoing;
  const earlier =
    undoing.before ?? (await patience.untilBack(() => fromSet(context, found, current, target)));
  if (earlier) {
    const put = await patience.untilBack(() => patchBack(undoing, found, earlier));
    return settled(undoing, put);
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
}

/** What is put back: a spec as the API itself has it, so that pods which fit it stay. */
interface Earlier {
  metadata: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: Partial<WorkloadSpec>;
}

/** The cluster keeps what a Deployment ran in the set it ran it by, with the annotations that it had then. */
async function fromSet(
  { cluster, namespace, mirror }: KubernetesContext,
  found: Workload,
  current: Target | null,
  target: Target,
): Promise<Earlier | null> {
  const operationOfSet = (set: ReplicaSet) => set.spec.template?.metadata?.labels?.[labels.operation];
  const revisionOf = (set: ReplicaSet) => Number(set.metadata.annotations?.[revisionAnnotation] ?? 0);
  const others = mirror
    .setsOf(found)
    .filter((set) => operationOfSet(set) !== target.stamp.operationId)
    .sort((a, b) => revisionOf(b) - revisionOf(a));
  const known = others.find((one) => operationOfSet(one) === current?.stamp.operationId) ?? others[0];
  const path = known && objectPath("ReplicaSet", namespace, known.metadata.name);
  const set = path ? await cluster.get<ReplicaSet>("replicaset", path) : null;
  if (!set?.spec.template) {
    return null;
  }
  const { "pod-template-hash": _hash, ...templateLabels } = set.spec.template.metadata?.labels ?? {};
  const kept = Object.entries(set.metadata.annotations ?? {}).filter(
    ([key]) => !key.startsWith("deployment.kubernetes.io/"),
  );
  const applied = (kept.find(([key]) => key === annotations.applied)?.[1] ?? null) as string | null;
  const { template: _template, ...rest } =
    applied === null ? {} : (JSON.parse(applied) as Partial<WorkloadSpec>);
  return {
    metadata: { labels: found.metadata.labels ?? {}, annotations: Object.fromEntries(kept) },
    spec: {
      ...rest,
      template: { ...set.spec.template, metadata: { ...set.spec.template.metadata, labels: templateLabels } },
    },
  };
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
    ).catch((error) => {
      throw error instanceof ApiRefusal ? refused(error) : error;
    });
    if (put) {
      mirror.take(kind, put);
      return put;
    }
  }
  throw new OperationFailure(
    "CHANGED_ON_ENGINE",
    `${kind} ${name} is changed all the time by somebody else: it could not be put back.`,
  );
}

function stampOfEarlier({ metadata }: Earlier): string | undefined {
  return metadata.annotations?.[annotations.operation];
}

/** An autoscaler's replicas, and what the cluster itself notes, stay as they are now. */
function backwards(found: Workload, earlier: Earlier): object[] {
  const isAutoscaled = !("replicas" in (appliedSpec(found) ?? { replicas: 0 }));
  const { replicas, ...spec } = { ...found.spec, ...earlier.spec };
  const own = Object.entries(found.metadata.annotations ?? {}).filter(([key]) =>
    key.startsWith("deployment.kubernetes.io/"),
  );
  const wanted = isAutoscaled ? found.spec.replicas : replicas;
  return [
    { op: "test", path: "/metadata/resourceVersion", value: found.metadata.resourceVersion },
    { op: "replace", path: "/spec", value: { ...spec, ...(wanted !== undefined && { replicas: wanted }) } },
    {
      op: "add",
      path: "/metadata/annotations",
      value: { ...earlier.metadata.annotations, ...Object.fromEntries(own) },
    },
    { op: "add", path: "/metadata/labels", value: earlier.metadata.labels ?? {} },
  ];
}

/** Waits until what was there before is ready again and nothing of the new one is left. */
async function settled({ context, current, target, patience }: Undoing, put: Workload): Promise<void> {
  const { mirror } = context;
  const until = Date.now() + (current ?? target).spec.rollout.deadline * 1000;
  for (;;) {
    const pods = await patience.untilBack(async () => {
      mirror.assertFresh();
      return mirror.podsOf(put);
    });
    const isNew = (pod: (typeof pods)[number]) => operationOf(pod) === target.stamp.operationId;
    const ready = pods.filter((pod) => !isNew(pod) && isReady(pod)).length;
    const left = pods.some((pod) => isNew(pod) && !hasEnded(pod));
    if ((ready >= (put.spec.replicas ?? 1) && !left) || Date.now() > until) {
      return;
    }
    await wait(lookMilliseconds);
  }
}
