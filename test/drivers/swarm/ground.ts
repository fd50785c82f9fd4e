import { setTimeout as wait } from "node:timers/promises";
import { expect } from "chai";
import type { Driver, ServiceRef } from "../../../src/operations/driver.js";
import { GitHttpServer } from "../../support/git-http-server.js";
import { until } from "../bench.js";
import type { Ground } from "../row.js";
import type { Engine } from "./engine.js";
import type { Gateway } from "./gateway.js";

/** For how long the engine may keep containers that have ended and that nobody asks for any more. */
const settleMilliseconds = 15_000;

export interface SwarmGroundOptions {
  /** Stamped on all that the drivers of the run make. */
  installation: string;
  /** Address of this host as tasks see it. */
  hostAddress: string;
  /** An image that the engine has. */
  image: string;
  create(): Driver;
}

/** A swarm: services are reached through a gateway on their network, repositories are cloned from this host. */
export class SwarmGround implements Ground {
  private repositories: GitHttpServer | null = null;

  constructor(
    private readonly engine: Engine,
    private readonly gateway: Gateway,
    private readonly options: SwarmGroundOptions,
  ) {}

  async url(ref: ServiceRef): Promise<string> {
    return `${this.gateway.url}/${ref.name}`;
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
    return this.engine.living(ref);
  }

  async numbering() {
    return {};
  }

  /** The engine takes away containers a moment after they have ended. */
  remains(ref: ServiceRef): Promise<string[]> {
    return this.settled(ref.serviceId);
  }

  changeByHand(ref: ServiceRef): Promise<void> {
    return this.engine.addVariable(ref);
  }

  /** On the mesh, where the engine itself says who has a port. */
  async takePort(port: number) {
    const squatter = await this.engine.publish(port, this.options.image);
    return {
      fields: {
        ports: [{ name: "http", target: 3000, published: port }],
        endpointMode: "VIP" as const,
      },
      release: () => this.engine.remove(squatter),
    };
  }

  async expectUnavailable(url: string): Promise<void> {
    const { status } = await fetch(url);
    expect(status).to.be.oneOf([502, 503, 504]);
  }

  expectGone(url: string): Promise<void> {
    return this.expectUnavailable(url);
  }

  /** @throws Error naming services, configs and secrets that the cases have left; networks and volumes may stay. */
  async close(): Promise<void> {
    await this.gateway.remove();
    await this.repositories?.close();
    const left = await this.settled(this.options.installation);
    for (const line of left) {
      await until(`${line} can be removed`, () => this.engine.remove(line).then(() => true, isGone), 30, 200);
    }
    expect(left.filter((line) => !/^(network|volume) /.test(line))).to.deep.equal([]);
  }

  private async settled(id: string): Promise<string[]> {
    const end = Date.now() + settleMilliseconds;
    for (;;) {
      const found = await this.engine.bearing(id);
      if (!found.some((line) => / (exited|removing|dead)$/.test(line)) || Date.now() > end) {
        return found;
      }
      await wait(200);
    }
  }
}

function isGone(error: { statusCode?: number }): boolean {
  return error.statusCode === 404;
}
