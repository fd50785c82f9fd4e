import type { Cluster } from "../../../src/drivers/kubernetes/cluster.js";
import type { KubernetesContext } from "../../../src/drivers/kubernetes/context.js";
import { Mirror } from "../../../src/drivers/kubernetes/mirror.js";
import { silent } from "../../support/silent.js";
import { ScriptedApi } from "./scripted-api.js";
import { programs } from "./spec-arbitraries.js";

/** Where operations work on a cluster that a test makes up; what is there is put there first. */
export class Stage {
  private mirror: Mirror | null = null;

  private constructor(
    readonly api: ScriptedApi,
    private readonly cluster: Cluster,
  ) {}

  static async open(): Promise<Stage> {
    const api = await ScriptedApi.open();
    return new Stage(api, await api.cluster());
  }

  async context(): Promise<KubernetesContext> {
    const { cluster } = this;
    const nothing = () => {};
    this.mirror ??= new Mirror({
      ...{ cluster, namespace: "shop", changed: nothing, allChanged: nothing, trouble: nothing },
    });
    const { mirror } = this;
    await mirror.ready(AbortSignal.timeout(10_000));
    return { cluster, namespace: "shop", mirror, programs, features: { daemonSurge: false }, log: silent };
  }

  async close(): Promise<void> {
    const closed = this.mirror?.close();
    this.cluster.close();
    await closed;
    await this.api.close();
  }
}
