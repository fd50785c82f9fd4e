import { expect } from "chai";
import { newId } from "../../src/domain/id.js";
import type { RenderedSpec } from "../../src/domain/rendered-spec.js";
import type { CauseCode } from "../../src/errors.js";
import type { Driver, Outcome, ServiceRef, Target } from "../../src/operations/driver.js";
import { newRef, Recorder, type SpecFields, specOf, targetOf, until } from "./bench.js";

type Rollout = Partial<NonNullable<SpecFields["rollout"]>>;
export type Fields = Omit<SpecFields, "rollout"> & { rollout?: Rollout };

/** What all services of a trial have unless something else is said. */
export interface Defaults {
  driver: Driver;
  /** Pinned. */
  image: string;
  command: string[];
  rollout: Rollout;
}

/** What one case does on an engine, with services in an environment of its own. */
export abstract class EngineTrial {
  readonly environmentId = newId("environment");
  protected readonly services: { ref: ServiceRef; driver: Driver }[] = [];
  private readonly closers: (() => unknown)[] = [];

  protected constructor(private readonly defaults: () => Defaults) {}

  /** What tells one start of a service's replicas from another, of all that run. */
  protected abstract lives(ref: ServiceRef): Promise<string[]>;
  /** What became of a service, for whoever wants to know why a test failed. */
  protected abstract story(ref: ServiceRef): Promise<string>;

  /** Called when the case has ended and its services are gone, the last one first. */
  closing(close: () => unknown): void {
    this.closers.push(close);
  }

  protected async closeAll(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) {
      await close();
    }
  }

  ref(fields: Partial<ServiceRef> = {}, driver: Driver = this.defaults().driver): ServiceRef {
    const ref = { ...newRef("orders", this.environmentId), ...fields };
    this.services.push({ ref, driver });
    return ref;
  }

  /** A spec as the driver projects it; of the usual app, unless its fields say more. */
  spec(fields: Fields = {}): RenderedSpec {
    const { driver, command, rollout } = this.defaults();
    const whole = { command, ...fields, rollout: { ...rollout, ...fields.rollout } };
    return driver.project(specOf(whole)).spec;
  }

  target(ref: ServiceRef, spec: RenderedSpec, facts: Partial<Target> = {}): Target {
    return targetOf(ref, spec, { image: this.defaults().image, ...facts });
  }

  /** Deploys what must work. */
  async deploy(fields: Fields, facts: Partial<Target> = {}, ref = this.ref()): Promise<Target> {
    return this.change(null, fields, facts, ref);
  }

  /** Replaces it by something else that must work. */
  async rebuild(old: Target, fields: Fields, facts: Partial<Target> = {}): Promise<Target> {
    return this.change(old, fields, { replicas: old.replicas, image: old.image, ...facts }, old.ref);
  }

  private async change(old: Target | null, fields: Fields, facts: Partial<Target>, ref: ServiceRef) {
    const target = this.target(ref, this.spec(fields), facts);
    const { verdict, cause } = await this.replace(old, target);
    const isProven = target.spec.readiness !== null || target.replicas === 0;
    expect(verdict, JSON.stringify(cause)).to.equal(isProven ? "SUCCEEDED" : "UNPROVEN");
    return target;
  }

  replace(old: Target | null, target: Target, report = new Recorder()): Promise<Outcome> {
    return this.driverOf(target.ref).replace(old, target, report);
  }

  /** What is to take the old one's place must fail, and the old one go on. */
  async fails(code: CauseCode | CauseCode[], old: Target | null, target: Target): Promise<string> {
    const before = old && (await this.lives(old.ref));
    const { verdict, cause } = await this.replace(old, target);
    expect(cause?.code, JSON.stringify(cause)).to.be.oneOf([code].flat());
    expect(verdict, await this.story(target.ref)).to.equal("FAILED");
    if (old) {
      expect(await this.lives(old.ref)).to.deep.equal(before);
    }
    return cause!.message;
  }

  async remove(ref: ServiceRef): Promise<void> {
    const { verdict } = await this.driverOf(ref).remove(ref, new Recorder());
    expect(verdict).to.equal("SUCCEEDED");
  }

  until<T>(what: string, look: () => T | Promise<T>, seconds = 40) {
    return until(what, look, seconds, 100);
  }

  private driverOf(ref: ServiceRef): Driver {
    return this.services.find((one) => one.ref === ref)?.driver ?? this.defaults().driver;
  }
}
