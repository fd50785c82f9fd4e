import type { WorkloadKind } from "./names.js";

/** Where the API keeps things of a namespace: https://kubernetes.io/docs/reference/using-api/api-concepts/ */
export const kinds = {
  Deployment: { apiVersion: "apps/v1", plural: "deployments" },
  DaemonSet: { apiVersion: "apps/v1", plural: "daemonsets" },
  ReplicaSet: { apiVersion: "apps/v1", plural: "replicasets" },
  Pod: { apiVersion: "v1", plural: "pods" },
  Service: { apiVersion: "v1", plural: "services" },
  ConfigMap: { apiVersion: "v1", plural: "configmaps" },
  Secret: { apiVersion: "v1", plural: "secrets" },
  Event: { apiVersion: "v1", plural: "events" },
  PersistentVolumeClaim: { apiVersion: "v1", plural: "persistentvolumeclaims" },
  HorizontalPodAutoscaler: { apiVersion: "autoscaling/v1", plural: "horizontalpodautoscalers" },
} as const;
export type Kind = keyof typeof kinds;

/** All of a kind in a namespace. */
export function listPath(kind: Kind, namespace: string): string {
  const { apiVersion, plural } = kinds[kind];
  const root = apiVersion === "v1" ? "/api/v1" : `/apis/${apiVersion}`;
  return `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`;
}

export function objectPath(kind: Kind, namespace: string, name: string): string {
  return `${listPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

/** The kind of workload that runs a mode. */
export function workloadKind(mode: "REPLICATED" | "GLOBAL"): WorkloadKind {
  return mode === "GLOBAL" ? "DaemonSet" : "Deployment";
}
