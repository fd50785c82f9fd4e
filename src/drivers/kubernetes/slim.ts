import type { ContainerSpec, KubeObject, Pod, PodSpec, ReplicaSet } from "./api-types.js";

/**
 * What is kept of objects of which there are many: a namespace may have ten thousand services, each with pods and some
 * sets. Of a set it is what it needs besides its image; the whole of it is asked for when it is put back.
 */
export function slimSet({ metadata, spec, status }: ReplicaSet): ReplicaSet {
  const revision = metadata.annotations?.[revisionAnnotation];
  const template = spec.template;
  return {
    metadata: {
      ...slimMeta({ metadata }),
      ...(revision !== undefined && { annotations: { [revisionAnnotation]: revision } }),
    },
    spec: {
      replicas: spec.replicas,
      ...(template && {
        template: { metadata: { labels: template.metadata?.labels }, spec: references(template.spec) },
      }),
    },
    status: { replicas: status?.replicas, conditions: status?.conditions },
  };
}

/** Where the cluster notes the order of the sets of a Deployment. */
export const revisionAnnotation = "deployment.kubernetes.io/revision";

export function slimPod({ metadata, spec, status }: Pod): Pod {
  const named = ({ name, ports, restartPolicy }: ContainerSpec): ContainerSpec => ({
    ...{ name, ports },
    ...(restartPolicy !== undefined && { restartPolicy }),
  });
  return {
    metadata: { ...slimMeta({ metadata }), labels: metadata.labels },
    spec: {
      nodeName: spec.nodeName,
      containers: spec.containers.map(named),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(named) }),
    },
    status,
  };
}

export function withoutManagers<T extends KubeObject>(object: T): T {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function slimMeta({ metadata }: KubeObject): KubeObject["metadata"] {
  const { name, namespace, uid, resourceVersion, creationTimestamp, ownerReferences } = metadata;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  return {
    ...{ name, namespace, uid, resourceVersion, creationTimestamp, ownerReferences },
    ...(deletionTimestamp !== undefined && { deletionTimestamp, deletionGracePeriodSeconds }),
  };
}

/** The ConfigMaps and Secrets that pods use. */
function references({ volumes, imagePullSecrets, containers, initContainers }: PodSpec): PodSpec {
  const referring = ({ name, env }: ContainerSpec): ContainerSpec => ({
    name,
    env: env?.filter(({ valueFrom }) => valueFrom?.secretKeyRef),
  });
  const content = volumes?.filter((volume) => "configMap" in volume || "secret" in volume);
  return {
    volumes: content,
    imagePullSecrets,
    containers: containers.map(referring),
    initContainers: initContainers?.map(referring),
  };
}
