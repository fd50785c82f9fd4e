import type { Reporter, ServiceRef } from "../../../src/operations/driver.js";
import type { Desired, View } from "./engine-service.js";

const mostTries = 10;

/** Speaks to the engine; names on it carry installation and environment. */
export class EngineClient {
  constructor(
    private readonly url: string,
    private readonly installation: string,
  ) {}

  async find(ref: ServiceRef): Promise<View | null> {
    const response = await fetch(this.addressOf(ref), { headers: { "x-caller": `${process.pid}` } });
    const view = (await response.json()) as View;
    return response.status === 404 ? null : view;
  }

  async list(): Promise<View[]> {
    const all = (await (await fetch(this.url)).json()) as View[];
    return all.filter(({ name }) => name.startsWith(`${this.installation}-`));
  }

  put(ref: ServiceRef, desired: Desired, report: Reporter): Promise<void> {
    return this.change("PUT", ref, desired, report);
  }

  /** Fine when there is nothing. */
  async delete(ref: ServiceRef, report: Reporter): Promise<void> {
    const found = await this.find(ref);
    if (found) {
      await this.change("DELETE", ref, found.desired, report);
    }
  }

  /** The engine changes nothing when its version is not the one that was seen. */
  private async change(method: string, ref: ServiceRef, desired: Desired, report: Reporter): Promise<void> {
    for (let tries = 0; tries < mostTries; tries++) {
      const version = (await this.find(ref))?.version ?? 0;
      await report.assertHeld();
      const response = await fetch(`${this.addressOf(ref)}?version=${version}`, {
        method,
        headers: { "x-caller": `${process.pid}` },
        body: JSON.stringify(desired),
      });
      await response.arrayBuffer();
      if (response.status === 202) {
        return;
      }
    }
    throw new Error(`the engine refused ${mostTries} times to change ${ref.name}`);
  }

  private addressOf({ environmentId, serviceId, name }: ServiceRef): string {
    return `${this.url}/${this.installation}-${environmentId}-${serviceId}-${name}`;
  }
}
