import { kubernetesConnection } from "../../../src/domain/kubernetes-connection.js";
import type { WorkloadSpec } from "../../../src/drivers/kubernetes/api-types.js";
import { createKubernetesDriver, type KubernetesDriver } from "../../../src/drivers/kubernetes/index.js";
import { annotations, labels } from "../../../src/drivers/kubernetes/names.js";
import type { Target } from "../../../src/operations/driver.js";
import { silent } from "../../support/silent.js";
import { newRef, type SpecFields, specOf, targetOf } from "../bench.js";
import { taken } from "../losing.js";
import { type PodFacts, podOf } from "./pod-fixture.js";
import { ScriptedApi } from "./scripted-api.js";

const template = { spec: { containers: [{ name: "app" }] } };

/** A service on a scripted cluster, with an operation under way: an earlier claim had the cluster take it. */
export class ScriptedService {
  readonly ref = newRef("orders", "env_1");
  readonly driver: KubernetesDriver;
  /** As whom the cluster is spoken to from now on. */
  token = "old";
  readonly target: Target;
  private readonly kind: "Deployment" | "DaemonSet";

  private constructor(
    readonly api: ScriptedApi,
    fields: SpecFields,
  ) {
    const spec = specOf({ command: ["x"], rollout: { monitor: 0 }, ...fields });
    this.target = taken(targetOf(this.ref, spec, { image: "shop@sha256:1", replicas: 2 }));
    this.kind = spec.mode === "GLOBAL" ? "DaemonSet" : "Deployment";
    this.driver = createKubernetesDriver({
      installation: "i1",
      connections: {
        environments: async () => ["env_1"],
        of: async () => kubernetesConnection.parse({ server: api.url, token: this.token, namespace: "shop" }),
      },
      log: silent,
    });
  }

  static async open(fields: SpecFields = {}): Promise<ScriptedService> {
    return new ScriptedService(await ScriptedApi.open(), fields);
  }

  async close(): Promise<void> {
    await this.driver.close();
    await this.api.close();
  }

  /** @param before what the operation has replaced, besides its template */
  deploy(before: Partial<WorkloadSpec>, status: object = {}): void {
    const { ref, kind, target } = this;
    const replicas = kind === "Deployment" ? { replicas: 2 } : {};
    const remembered = { spec: { ...replicas, ...before, template }, owners: [], leaving: [] };
    const facts = {
      metadata: {
        ...{ uid: "u1", generation: 1, labels: { [labels.serviceId]: ref.serviceId } },
        annotations: {
          [annotations.operation]: target.stamp.operationId,
          [annotations.applied]: JSON.stringify(replicas),
          [annotations.before]: JSON.stringify(remembered),
        },
      },
      ...{ spec: { ...replicas, selector: {}, template }, status },
    };
    this.api.put(kind === "Deployment" ? "deployments" : "daemonsets", ref.name, facts);
    if (kind === "Deployment") {
      const metadata = { uid: "u2", ownerReferences: [ownerOf("u1", kind)] };
      this.api.put("replicasets", "orders-1", { metadata });
    }
  }

  /** A pod of what was there before. */
  putPod(name: string, facts: PodFacts = { ready: true }): void {
    const owner = this.kind === "Deployment" ? ownerOf("u2", "ReplicaSet") : ownerOf("u1", this.kind);
    const pod = podOf("opn_old", facts);
    const marks = { ...pod.metadata.labels, [labels.serviceId]: this.ref.serviceId };
    const metadata = { ...pod.metadata, name, labels: marks, ownerReferences: [owner] };
    this.api.put("pods", name, { ...pod, metadata });
  }
}

function ownerOf(uid: string, kind: string) {
  const name = kind === "ReplicaSet" ? "orders-1" : "orders";
  return { uid, kind, name, controller: true, apiVersion: "apps/v1" };
}
