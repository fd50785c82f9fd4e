import type { FieldChange } from "../../domain/changes.js";
import { OperationFailure } from "../../errors.js";
import type { Reporter, Target } from "../../operations/driver.js";
import { EngineAway } from "../engine/answers.js";
import type { KubeObject, KubeService, Pod, Workload } from "./api-types.js";
import { applyService, assertServiceFree } from "./apply-service.js";
import { ApiRefusal, type Cluster } from "./cluster.js";
import type { KubernetesContext } from "./context.js";
import { type AppliedSpec, appliedSpec, contentOf, differences, differencesFrom } from "./drift.js";
import { refused } from "./failures.js";
import { type Manifest, typeOf } from "./manifest.js";
import { annotations, labels, serviceName, type WorkloadKind } from "./names.js";
import { bytesOf, memoryOf, overwriting, type Wanted } from "./overwrite.js";
import { bearsId } from "./owned.js";
import type { Part } from "./parts.js";
import { type Kind, listPath, objectPath } from "./paths.js";

/** How often a change is tried again because the cluster itself was faster: it writes down how it is doing all the time. */
const mostTries = 10;

/** What the API takes of annotations in all, less some that others may add, in bytes. */
const annotationBytes = 240 * 1024;

export type Held = Pick<Reporter, "assertHeld">;

/** Which operation a workload was last changed by; undefined when it was none of ours. */
export function stampOf(workload: Workload | null): string | undefined {
  return workload?.metadata.annotations?.[annotations.operation];
}

/** @throws ApiRefusal, EngineAway */
export function readWorkload(
  { cluster, namespace }: Pick<KubernetesContext, "cluster" | "namespace">,
  kind: WorkloadKind,
  name: string,
): Promise<Workload | null> {
  return cluster.get<Workload>(kind.toLowerCase(), objectPath(kind, namespace, name));
}

/**
 * Has the cluster run `target` from now on, unless its stamp says that this was done before. `seen` is what was there when
 * this was decided; what changed since is somebody's, and not written over. Where the name is somebody else's nothing is
 * touched.
 * @throws OperationFailure CHANGED_ON_ENGINE, PORT_TAKEN, ENGINE_REFUSED; EngineAway when it is not known whether it was
 * done: then to be called again
 */
export async function pushTarget(
  context: KubernetesContext,
  target: Target,
  manifest: Manifest,
  seen: Workload | null,
  report: Held,
): Promise<Workload> {
  const { cluster, namespace, mirror } = context;
  const { kind, name } = manifest;
  try {
    let found = await readWorkload(context, kind, name);
    const isDone = () => stampOf(found) === target.stamp.operationId;
    if (!isDone()) {
      assertUnchanged(seen, found);
      assertNobodyElses(context, target, manifest, found);
      await makeNamespace(cluster, namespace, report);
      await applyParts(context, manifest.parts, target, report);
      await makeClaims(context, target, report);
    }
    const autoscaler = seen ? await autoscalerOf(context, kind, name) : "NONE";
    for (let tries = 0; tries < mostTries; tries++) {
      if (isDone()) {
        return found!;
      }
      assertUnchanged(seen, found);
      assertNobodyElses(context, target, manifest, found);
      const service = await applyService(context, target, found, report);
      await report.assertHeld();
      const isAutoscaled = autoscaler === "SOME" || (autoscaler === "UNKNOWN" && mayBeAutoscaled(found));
      const pushed = await unlessFaster(() => write(context, manifest, found, { isAutoscaled, service }));
      if (pushed) {
        mirror.take(kind, pushed);
        return pushed;
      }
      found = await readWorkload(context, kind, name);
    }
  } catch (error) {
    throw error instanceof ApiRefusal ? refused(error) : error;
  }
  const message = `The cluster refused ${mostTries} times to change ${kind} ${name}: somebody else changes it all the time; try again when they are done.`;
  throw new OperationFailure("CHANGED_ON_ENGINE", message);
}

/** @throws OperationFailure CHANGED_ON_ENGINE */
export function assertUnchanged(seen: Workload | null, found: Workload | null): void {
  if (seen && (!found || found.metadata.uid !== seen.metadata.uid)) {
    throw removedByHand();
  }
  if (seen && found && contentOf(seen) !== contentOf(found)) {
    throw changedByHand(found, seen);
  }
}

export function removedByHand(): OperationFailure {
  return new OperationFailure(
    "CHANGED_ON_ENGINE",
    "Somebody removed the service from its cluster meanwhile: rebuild it once that is settled.",
  );
}

/** What to tell when somebody has changed a service while an operation was at it; `before`: as it was. */
export function changedByHand(found: Workload, before: Workload): OperationFailure {
  const changes = differencesFrom(before.spec as AppliedSpec, found);
  const named = changes.length > 0 ? changes : differences(found);
  return changed(named);
}

/** As `changedByHand`, of the Service by which it is reached. */
export function serviceChangedByHand(changes: readonly FieldChange[]): OperationFailure {
  const isGone = changes.some(
    ({ path, after }) => path.join(".") === "service.metadata.name" && after === null,
  );
  return isGone
    ? new OperationFailure(
        "CHANGED_ON_ENGINE",
        `Somebody removed the Service ${changes[0]!.before} from the cluster meanwhile, by which the service is reached: rebuild it to have that made again.`,
      )
    : changed(changes);
}

function changed(changes: readonly FieldChange[]): OperationFailure {
  const names = changes.map(({ path }) => path.join("."));
  const fields = names.slice(0, 5).join(", ") + (names.length > 5 ? `, and ${names.length - 5} more` : "");
  return new OperationFailure(
    "CHANGED_ON_ENGINE",
    `Somebody changed the service on its cluster meanwhile (${fields || "its annotations"}): nothing of that was written over. Rebuild it to have what the recipe says.`,
  );
}

/**
 * Two may not share a name, whichever kind they are of. What was adopted may: its name says of which it is.
 * @throws OperationFailure ENGINE_REFUSED
 */
function assertNobodyElses(
  { mirror }: KubernetesContext,
  target: Target,
  { kind, name }: Manifest,
  found: Workload | null,
): void {
  const { ref } = target;
  const other = kind === "Deployment" ? "DaemonSet" : "Deployment";
  const there = found ?? (ref.adopted === null ? mirror.workload(other, name) : null);
  const isAdopted = ref.adopted !== null && there?.metadata.labels?.[labels.serviceId] === undefined;
  if (there && !bearsId(there, ref) && !isAdopted) {
    throw new OperationFailure(
      "ENGINE_REFUSED",
      `The namespace has a ${found ? kind : other} ${name} already, which is not this service: remove it there, or adopt it.`,
    );
  }
  assertServiceFree(mirror.service(serviceName(ref)), target);
}

/** What goes with a workload and is not of its manifest. */
interface Beside {
  /** Whether somebody has an autoscaler decide how many replicas there are. */
  isAutoscaled: boolean;
  /** As its Service was applied; null: it has none of Rebake's. */
  service: KubeService["spec"] | null;
}

/** What somebody changes meanwhile is not written over; replicas of an autoscaler stay its own. */
function write(
  { cluster, namespace, mirror }: KubernetesContext,
  manifest: Manifest,
  found: Workload | null,
  beside: Beside,
): Promise<Workload> {
  const { kind, name } = manifest;
  const wanted = wantedOf(manifest, found, beside, found ? mirror.podsOf(found) : []);
  if (found) {
    const path = objectPath(kind, namespace, name);
    return cluster.patch<Workload>(kind.toLowerCase(), path, overwriting(found, wanted));
  }
  const { spec, ...marks } = wanted;
  const body = { ...typeOf(kind), metadata: { name, ...marks }, spec };
  return cluster.create<Workload>(kind.toLowerCase(), listPath(kind, namespace), body);
}

function wantedOf(
  { workload }: Manifest,
  found: Workload | null,
  { isAutoscaled, service }: Beside,
  pods: readonly Pod[],
): Wanted {
  const { replicas, ...rest } = workload.spec;
  const applied: AppliedSpec = isAutoscaled || replicas === undefined ? rest : { ...rest, replicas };
  const selector = found?.spec.selector ?? selectorOf(workload.metadata.labels);
  const { template } = workload.spec;
  const notes = {
    ...workload.metadata.annotations,
    [annotations.applied]: JSON.stringify(applied),
    ...(service && { [annotations.appliedService]: JSON.stringify(service) }),
  };
  const taken = bytesOf({ ...found?.metadata.annotations, [annotations.before]: "", ...notes });
  return {
    labels: workload.metadata.labels,
    annotations: { ...notes, ...(found && memoryOf(found, pods, annotationBytes - taken)) },
    spec: {
      ...workload.spec,
      ...(isAutoscaled && { replicas: found?.spec.replicas ?? 1 }),
      selector,
      template: {
        ...template,
        // Of one that was adopted they are somebody else's, and cannot be changed.
        metadata: { ...template.metadata, labels: { ...selector.matchLabels, ...template.metadata?.labels } },
      },
    },
  };
}

/** Whether another number runs than Rebake has asked for. */
function mayBeAutoscaled(found: Workload | null): boolean {
  return found !== null && appliedSpec(found)?.replicas !== found.spec.replicas;
}

function selectorOf(marks: Record<string, string>): { matchLabels: Record<string, string> } {
  return { matchLabels: { [labels.serviceId]: marks[labels.serviceId]! } };
}

/** Null when the cluster, or somebody, has changed it in between. */
export async function unlessFaster<T>(change: () => Promise<T>): Promise<T | null> {
  try {
    return await change();
  } catch (error) {
    const isFaster = error instanceof ApiRefusal && (error.status === 409 || isFailedTest(error));
    if (isFaster) {
      return null;
    }
    throw error;
  }
}

/** A JSON Patch whose `test` does not hold is refused so. */
function isFailedTest({ status, message }: ApiRefusal): boolean {
  return (
    status === 422 && /testing (path|value)|test operation|the server rejected our request/i.test(message)
  );
}

async function makeNamespace(cluster: Cluster, namespace: string, report: Held): Promise<void> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
  const found = await cluster.get<KubeObject>("namespace", path).catch((error) => {
    // Who may not look may still work in it.
    if (error instanceof ApiRefusal && error.status === 403) {
      return true;
    }
    throw error;
  });
  if (!found) {
    await report.assertHeld();
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await unlessFaster(() => cluster.create("namespace", "/api/v1/namespaces", body));
  }
}

/** What is there under a name is the same. */
async function applyParts(
  { cluster, namespace, programs }: KubernetesContext,
  parts: readonly Part[],
  { ref, stamp }: Target,
  report: Held,
): Promise<void> {
  for (const { kind, name, type, data, isShared } of parts) {
    await report.assertHeld();
    const marks = {
      [labels.installation]: programs.installation,
      ...(!isShared && {
        [labels.environmentId]: ref.environmentId,
        [labels.serviceId]: ref.serviceId,
        [labels.operation]: stamp.operationId,
      }),
    };
    const content =
      kind === "ConfigMap"
        ? { data }
        : {
            data: Object.fromEntries(
              Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
            ),
            ...(type !== undefined && { type }),
          };
    await cluster.apply(kind.toLowerCase(), objectPath(kind, namespace, name), {
      ...typeOf(kind),
      metadata: { name, labels: marks },
      ...content,
    });
  }
}

/** A volume of a recipe is a claim of that name: somebody's, or else one of this size, of the cluster's default class. */
const claimSize = "1Gi";

async function makeClaims(
  { cluster, namespace, programs }: KubernetesContext,
  { spec }: Target,
  report: Held,
): Promise<void> {
  for (const { source, shared } of spec.volumes.filter(({ type }) => type === "VOLUME")) {
    const kind: Kind = "PersistentVolumeClaim";
    if (await cluster.get("persistentvolumeclaim", objectPath(kind, namespace, source))) {
      continue;
    }
    await report.assertHeld();
    await unlessFaster(() =>
      cluster.create("persistentvolumeclaim", listPath(kind, namespace), {
        ...typeOf(kind),
        metadata: { name: source, labels: { [labels.installation]: programs.installation } },
        spec: {
          accessModes: [shared ? "ReadWriteMany" : "ReadWriteOnce"],
          resources: { requests: { storage: claimSize } },
        },
      }),
    );
  }
}

/** Whether somebody has an autoscaler decide how many replicas there are; `UNKNOWN`: it may not be seen. */
export type Autoscaling = "SOME" | "NONE" | "UNKNOWN";

/** What an API server has too much to do for, or lost while it was asked for page by page: asked again, it knows. */
const passing = [408, 410, 429];

/** @throws ApiRefusal, EngineAway */
export async function autoscalerOf(
  { cluster, namespace }: Pick<KubernetesContext, "cluster" | "namespace">,
  kind: WorkloadKind,
  name: string,
): Promise<Autoscaling> {
  const path = listPath("HorizontalPodAutoscaler", namespace);
  try {
    const { items } = await cluster.list<Autoscaler>("horizontalpodautoscalers", path);
    const isIts = ({ spec: { scaleTargetRef } }: Autoscaler) =>
      scaleTargetRef.kind === kind && scaleTargetRef.name === name;
    return items.some(isIts) ? "SOME" : "NONE";
  } catch (error) {
    const status = error instanceof ApiRefusal ? error.status : null;
    if (status === 404) {
      return "NONE";
    }
    // Who may not see them is told so by the environment's health.
    if (status === 403) {
      return "UNKNOWN";
    }
    throw status !== null && passing.includes(status) ? new EngineAway((error as Error).message) : error;
  }
}

interface Autoscaler extends KubeObject {
  spec: { scaleTargetRef: { kind: string; name: string } };
}
