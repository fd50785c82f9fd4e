import type { DriverHealth } from "../../operations/driver.js";
import { EngineAway, EngineRefusal } from "../engine/answers.js";
import type { KubeNode } from "./api-types.js";
import type { Cluster } from "./cluster.js";
import type { Site } from "./clusters.js";
import { featuresOf, shortVersion, type Version } from "./version.js";

/** Something that Rebake has to be allowed. */
interface Permission {
  group: string;
  resource: string;
  verbs: readonly string[];
  /** What cannot be done when it is not allowed; absent: it is needed. */
  otherwise?: string;
  /** Of the whole cluster, not of the namespace alone. */
  isClusterWide?: true;
}

const all = ["get", "list", "watch", "create", "patch", "delete"] as const;

/** What the role of docs/kubernetes-driver.md grants; a test compares the two. */
export const permissions: readonly Permission[] = [
  { group: "apps", resource: "deployments", verbs: all },
  { group: "apps", resource: "daemonsets", verbs: all },
  { group: "apps", resource: "replicasets", verbs: ["get", "list", "watch"] },
  { group: "", resource: "pods", verbs: ["list", "watch"] },
  { group: "", resource: "pods/log", verbs: ["get"] },
  { group: "", resource: "events", verbs: ["list"] },
  {
    group: "",
    resource: "pods/proxy",
    verbs: ["get"],
    otherwise: "what a pod that is not ready answers to its probe is told only if its node does",
  },
  { group: "", resource: "services", verbs: ["get", "list", "watch", "create", "patch", "delete"] },
  { group: "", resource: "configmaps", verbs: ["list", "create", "patch", "delete"] },
  { group: "", resource: "secrets", verbs: ["list", "create", "patch", "delete"] },
  { group: "", resource: "persistentvolumeclaims", verbs: ["get", "create"] },
  { group: "autoscaling", resource: "horizontalpodautoscalers", verbs: ["list"] },
  {
    group: "",
    resource: "namespaces",
    verbs: ["get", "create"],
    otherwise: "a namespace that is missing has to be made by hand",
    isClusterWide: true,
  },
  {
    group: "",
    resource: "nodes",
    verbs: ["list"],
    otherwise: "nodes are not counted, and ports of nodes are shown with the address within the cluster",
    isClusterWide: true,
  },
];

/** How a cluster is, what its user may not do, and why it cannot be used when it cannot. */
export async function healthOf({ cluster, namespace }: Site): Promise<DriverHealth> {
  try {
    const version = (await cluster.get<Version>("version", "/version")) ?? { gitVersion: "" };
    const [missing, nodes] = await Promise.all([missingOf(cluster, namespace), nodesOf(cluster)]);
    const needed = missing.filter(({ otherwise }) => otherwise === undefined);
    const without = missing.flatMap(({ otherwise, verb, resource }) =>
      otherwise === undefined ? [] : [`The connection's user may not ${verb} ${resource}: ${otherwise}.`],
    );
    return {
      reachable: true,
      version: `Kubernetes ${shortVersion(version)}, namespace ${namespace}`,
      nodes: nodes?.length ?? 0,
      limitations: [...without, ...limitationsOf(version)],
      error: needed.length === 0 ? null : notAllowed(needed, namespace),
    };
  } catch (error) {
    if (!(error instanceof EngineAway || error instanceof EngineRefusal)) {
      throw error;
    }
    const message =
      error instanceof EngineRefusal && error.status === 401
        ? `The cluster at ${cluster.where} does not know the connection's user (${error.message}): correct the environment's connection.`
        : `The cluster at ${cluster.where} cannot be reached (${error.message}): start it, or correct the environment's connection.`;
    return { reachable: false, version: null, nodes: 0, limitations: [], error: message };
  }
}

/** Null when they may not be seen. */
export async function nodesOf(cluster: Cluster): Promise<KubeNode[] | null> {
  try {
    return (await cluster.list<KubeNode>("nodes", "/api/v1/nodes")).items;
  } catch (error) {
    if (error instanceof EngineRefusal && error.status === 403) {
      return null;
    }
    throw error;
  }
}

interface Missing {
  verb: string;
  resource: string;
  group: string;
  otherwise: string | undefined;
}

/** Source: https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/self-subject-access-review-v1/ */
async function missingOf(cluster: Cluster, namespace: string): Promise<Missing[]> {
  const asked = permissions.flatMap(({ verbs, ...rest }) => verbs.map((verb) => ({ ...rest, verb })));
  const answers = await Promise.all(
    asked.map(async ({ group, resource: name, verb, otherwise, isClusterWide }): Promise<Missing[]> => {
      const [resource, subresource] = name.split("/");
      const place = isClusterWide ? {} : { namespace };
      const resourceAttributes = { group, resource, verb, ...(subresource && { subresource }), ...place };
      const { status } = await cluster.create<{ status: { allowed: boolean } }>(
        "selfsubjectaccessreview",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        {
          apiVersion: "authorization.k8s.io/v1",
          kind: "SelfSubjectAccessReview",
          spec: { resourceAttributes },
        },
      );
      return status.allowed ? [] : [{ verb, resource: name, group, otherwise }];
    }),
  );
  return answers.flat();
}

function notAllowed(missing: readonly Missing[], namespace: string): string {
  const byResource = new Map<string, string[]>();
  for (const { verb, resource, group } of missing) {
    const name = group ? `${resource}.${group}` : resource;
    byResource.set(name, [...(byResource.get(name) ?? []), verb]);
  }
  const listed = [...byResource].map(([name, verbs]) => `${verbs.join(", ")} ${name}`).join("; ");
  return `The connection's user may not, in namespace ${namespace}: ${listed}. Grant it the role of docs/kubernetes-driver.md.`;
}

function limitationsOf(version: Version): string[] {
  const { daemonSurge } = featuresOf(version);
  return [
    "REBAKE_INSTANCE is the pod's name: pods have no numbers. Files may not have it in them.",
    "What was fetched and installed is kept as long as its pod: each pod prepares its own.",
    "Networks and restart conditions do not apply: pods of a namespace reach each other, and are always started anew.",
    ...(daemonSurge
      ? []
      : [
          "GLOBAL services are updated node by node with downtime: DaemonSets start the new one first from Kubernetes 1.22 on.",
        ]),
  ];
}
