import type { FieldChange } from "../../domain/changes.js";
import type { KubeService, ServicePort, Workload } from "./api-types.js";
import { appliedSpec } from "./drift.js";
import { leavesOf } from "./leaves.js";
import { annotations, labels } from "./names.js";

type ServiceSpec = KubeService["spec"];

/** Which Service there has to be, and whose. */
export interface SaidService {
  name: string;
  serviceId: string;
  spec: ServiceSpec;
  /** Numbers of the pods' ports by their names: a Service may lead to either. */
  numbers: ReadonlyMap<string, number>;
}

/** The Service that was applied with a workload; null: none of Rebake's, or it is not known. */
export function saidService({ metadata, spec }: Workload, name: string): SaidService | null {
  const text = metadata.annotations?.[annotations.appliedService];
  if (text === undefined) {
    return null;
  }
  const applied = appliedSpec({ metadata, spec }) as Partial<Workload["spec"]> | null;
  return {
    name,
    serviceId: metadata.labels?.[labels.serviceId] ?? "",
    spec: parsed(text),
    numbers: numbersIn(applied ?? {}),
  };
}

/** Somebody may have put something else there: nothing of it can be believed. */
function parsed(text: string): ServiceSpec {
  try {
    return JSON.parse(text) as ServiceSpec;
  } catch {
    return {};
  }
}

export function numbersIn({ template }: Partial<Workload["spec"]>): ReadonlyMap<string, number> {
  const ports = template?.spec?.containers?.flatMap((container) => container.ports ?? []) ?? [];
  return new Map(ports.flatMap(({ name, containerPort }) => (name ? [[name, containerPort] as const] : [])));
}

/**
 * In what a Service is not as it was applied, in the API's own terms below `service`: by whom it is reached, at which
 * ports, and whose it is. What the API fills in, such as addresses and ports of nodes that nobody asked for, is none.
 */
export function serviceChanges(said: SaidService, found: KubeService | null): FieldChange[] {
  if (!found || found.metadata.deletionTimestamp !== undefined) {
    return [changeOf(["metadata", "name"], said.name, null)];
  }
  const owner = found.metadata.labels?.[labels.serviceId] ?? null;
  const whose = [changeOf(["metadata", "labels", labels.serviceId], said.serviceId, owner)];
  const [before, after] = [said.spec, found.spec].map((spec) => leavesOf({ spec: comparable(spec, said) }));
  const keys = [...new Set([...before!.keys(), ...after!.keys()])].sort();
  const changes = keys.map((key) => {
    const [old, next] = [before!.get(key), after!.get(key)];
    return changeOf((old ?? next)!.path, old?.value ?? null, next?.value ?? null);
  });
  return [...whose, ...changes].filter((one) => one.before !== one.after);
}

/** With ports by their numbers, as one of them may come and go. */
function comparable(spec: ServiceSpec, { spec: said, numbers }: SaidService): object {
  const { ports = [], ...rest } = narrowed(spec, said);
  const byNumber = ports.map(({ name, port, protocol, targetPort, nodePort }) => [
    keyOf({ port, protocol }),
    { name, targetPort: numbers.get(`${targetPort}`) ?? targetPort, nodePort },
  ]);
  return { ...rest, ports: Object.fromEntries(byNumber) };
}

/** What counts of a Service: whom it leads to, and of the rest what was said alone. */
export function narrowed(spec: ServiceSpec, said: ServiceSpec): ServiceSpec {
  const isOnNode = new Set((said.ports ?? []).filter(({ nodePort }) => nodePort).map(keyOf));
  return {
    type: spec.type ?? "ClusterIP",
    selector: spec.selector,
    ports: (spec.ports ?? []).map((one) => {
      const { name, port, protocol = "TCP", targetPort = port, nodePort } = one;
      return { name, protocol, port, targetPort, ...(isOnNode.has(keyOf(one)) && { nodePort }) };
    }),
    ...(said.clusterIP !== undefined && { clusterIP: spec.clusterIP }),
    ...(said.externalTrafficPolicy !== undefined && { externalTrafficPolicy: spec.externalTrafficPolicy }),
  };
}

function keyOf({ port, protocol = "TCP" }: ServicePort): string {
  return `${port}/${protocol}`;
}

function changeOf(path: string[], before: string | null, after: string | null): FieldChange {
  return { path: ["service", ...path], before, after, secret: false };
}
