import { readFileSync } from "node:fs";
import type { KubernetesObject, V1ClusterRole, V1PolicyRule } from "@kubernetes/client-node";
import { loadAll } from "js-yaml";

/** The objects of deploy/kubernetes.yaml, anew for each caller, who may change them. */
export function deployManifests(): KubernetesObject[] {
  return loadAll(readFileSync("deploy/kubernetes.yaml", "utf8")) as KubernetesObject[];
}

/** What a ClusterRole of deploy/kubernetes.yaml allows. */
export function rulesOf(role: "rebake-environment" | "rebake-cluster"): V1PolicyRule[] {
  const found = deployManifests().find(
    ({ kind, metadata }) => kind === "ClusterRole" && metadata?.name === role,
  );
  return (found as V1ClusterRole).rules!;
}

/** Rules one by one, e.g. `list apps/deployments`, in an order that does not depend on how they are put together. */
export function grantsOf(rules: readonly V1PolicyRule[]): string[] {
  const grants = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups!.flatMap((group) =>
      resources!.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
    ),
  );
  return grants.sort();
}
