import { get } from "node:http";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import type { Driver, ServiceRef } from "../../../src/operations/driver.js";
import { GitHttpServer } from "../../support/git-http-server.js";
import { until } from "../bench.js";
import type { Ground } from "../row.js";
import type { Cluster, Thing } from "./cluster.js";
import { Numbering } from "./numbering.js";

/** For how long the cluster may keep what is ending and what belongs to nothing any more. */
const settleMilliseconds = 45_000;
/** In seconds, on a busy machine. */
const nodeDeadline = 20;
/** Seconds in which a namespace has to be gone. */
const namespaceDeadline = 120;
/** How long to wait for an answer that must not come: an address that nobody has may say nothing at all. */
const silenceMilliseconds = 2_000;

export interface KubernetesGroundOptions {
  /** Namespace of an environment's services. */
  namespaceOf(environmentId: string): string;
  /** Environments that the cases use. */
  environmentIds: string[];
  /** Namespace of somebody else. */
  others: string;
  /** Address of this host as pods see it. */
  hostAddress: string;
  /** A driver for the same cluster. */
  create(): Driver;
}

/** A cluster: services are reached at their addresses in it, repositories are cloned from this host. */
export class KubernetesGround implements Ground {
  private repositories: GitHttpServer | null = null;

  private constructor(
    private readonly cluster: Cluster,
    private readonly numbers: Numbering,
    private readonly driver: Pick<Driver, "inspect">,
    private readonly options: KubernetesGroundOptions,
  ) {}

  /** Makes the namespaces of the run. */
  static async open(
    cluster: Cluster,
    driver: Pick<Driver, "inspect">,
    options: KubernetesGroundOptions,
  ): Promise<KubernetesGround> {
    const numbers = await Numbering.open(options.hostAddress);
    const ground = new KubernetesGround(cluster, numbers, driver, options);
    const { namespaces } = ground;
    try {
      await Promise.all(namespaces.map((name) => cluster.createNamespace(name)));
    } catch (error) {
      await Promise.allSettled([numbers.close(), ...namespaces.map((name) => cluster.deleteNamespace(name))]);
      throw error;
    }
    return ground;
  }

  /**
   * Its first port, on its address in the cluster. Nodes hear of the first replicas that are ready within a second or two
   * of the API server: that is waited for.
   */
  async url(ref: ServiceRef): Promise<string> {
    const { ports } = await this.driver.inspect(ref);
    const url = `http://${ports[0]!.address}`;
    await until(`the node knows ${url}`, async () => (await statusOf(`${url}/about`)) === 200, nodeDeadline);
    return url;
  }

  async serve(folder: string): Promise<string> {
    this.repositories = await GitHttpServer.open(folder, this.options.hostAddress);
    return this.repositories.url;
  }

  async successor() {
    const driver = this.options.create();
    return { driver, close: () => driver.close() };
  }

  living(ref: ServiceRef): Promise<string[]> {
    return this.cluster.living(this.namespaceOf(ref), ref.serviceId);
  }

  async numbering() {
    return { NUMBERS_AT: this.numbers.newList() };
  }

  /** The cluster takes away a moment later what belongs to something that was deleted. */
  remains(ref: ServiceRef): Promise<string[]> {
    return this.settled(this.namespaceOf(ref), ref.serviceId);
  }

  changeByHand(ref: ServiceRef): Promise<void> {
    return this.cluster.addVariable(this.namespaceOf(ref), ref.serviceId);
  }

  async takePort(port: number) {
    const { others } = this.options;
    const name = await this.cluster.takeNodePort(others, port);
    return {
      fields: { ports: [{ name: "http", target: 3000, published: port }] },
      release: () => this.cluster.deleteService(others, name),
    };
  }

  async expectUnavailable(url: string): Promise<void> {
    expect(await accepts(url)).to.equal(false);
  }

  /** Whatever is where the cluster has no address any more: somebody else may answer there, but no replica. */
  async expectGone(url: string): Promise<void> {
    expect(await statusOf(`${url}/health`)).not.to.equal(200);
  }

  /** @throws Error naming what services have left; persistent volume claims may stay */
  async close(): Promise<void> {
    const { cluster } = this;
    try {
      const own = this.options.environmentIds.map(this.options.namespaceOf);
      const left = await Promise.all(own.map((name) => this.settled(name, null)));
      await Promise.all(this.namespaces.map((name) => cluster.deleteNamespace(name)));
      for (const name of this.namespaces) {
        const gone = async () => !(await cluster.hasNamespace(name));
        await until(`namespace ${name} is gone`, gone, namespaceDeadline, 200);
      }
      // Data of volumes, and the deployer that all services of a namespace share, until nobody has used it for a while.
      const kept = /^(persistentvolumeclaim|configmap rebake-deployer-)/;
      expect(left.flat().filter((line) => !kept.test(line))).to.deep.equal([]);
    } finally {
      await Promise.all([this.numbers.close(), this.repositories?.close()]);
    }
  }

  private get namespaces(): string[] {
    const { environmentIds, namespaceOf, others } = this.options;
    return [...environmentIds.map(namespaceOf), others];
  }

  private namespaceOf({ environmentId }: ServiceRef): string {
    return this.options.namespaceOf(environmentId);
  }

  private async settled(namespace: string, serviceId: string | null): Promise<string[]> {
    const end = Date.now() + settleMilliseconds;
    for (;;) {
      const found = await this.cluster.things(namespace, serviceId);
      if (!found.some(({ ending }) => ending) || Date.now() > end) {
        return found.map(lineOf);
      }
      await wait(200);
    }
  }
}

function lineOf({ kind, name, ending }: Thing): string {
  return [kind, name, ending ? "(ending)" : []].flat().join(" ");
}

/** Whether somebody takes connections there. */
async function accepts(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), timeout: silenceMilliseconds });
  try {
    return await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
      socket.once("timeout", () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}

/** Status of the answer to a request on a connection of its own; null when there is none. */
function statusOf(url: string): Promise<number | null> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: silenceMilliseconds }, (response) => {
      resolve(response.statusCode!);
      response.destroy();
    });
    request.once("timeout", () => request.destroy(new Error("no answer")));
    request.once("error", () => resolve(null));
  });
}
