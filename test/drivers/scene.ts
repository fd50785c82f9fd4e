import { expect } from "chai";
import { newId } from "../../src/domain/id.js";
import type { RenderedSpec } from "../../src/domain/rendered-spec.js";
import type { Driver, Outcome, ServiceRef, Target } from "../../src/operations/driver.js";
import { newRef, Recorder, type SpecFields, specOf, targetOf, until } from "./bench.js";
import { type TinyMode, tinyCommand } from "./tiny-app.js";

type Rollout = Partial<NonNullable<SpecFields["rollout"]>>;
export type Fields = Omit<SpecFields, "rollout" | "env"> & {
  rollout?: Rollout;
  env?: Record<string, string>;
};

const rollout = { monitor: 1, deadline: 60, drain: 1 };
/** Engines of tests are slow at times. */
export const pace = { period: 1, timeout: 10, failureThreshold: 2 };
export const httpProbe = { httpGet: { path: "/", port: null }, tcp: null, exec: null, ...pace };

/** What one case does on a real engine, with services and an environment of its own. */
export abstract class EngineScene<D extends Driver> {
  readonly environmentId = newId("environment");
  protected readonly refs: ServiceRef[] = [];
  private readonly closers: (() => unknown)[] = [];

  /** @param driver the server of this case; another one after a takeover */
  constructor(public driver: D) {}

  /** The image of its services, pinned. */
  protected abstract readonly image: string;
  /** What the specs of the engine's services have. */
  protected abstract readonly fields: SpecFields;

  /** Called when the case has ended, the last one first. */
  closing(close: () => unknown): void {
    this.closers.push(close);
  }

  protected async closeAll(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) {
      await close();
    }
  }

  readonly ref = (fields: Partial<ServiceRef> = {}): ServiceRef => {
    const made = { ...newRef("orders", this.environmentId), ...fields };
    this.refs.push(made);
    return made;
  };

  /** Spec of an app that does as its mode says. */
  readonly tiny = (mode: TinyMode | "" = "", { env = {}, ...fields }: Fields = {}): RenderedSpec =>
    this.spec({ command: tinyCommand, ...fields, env: { MODE: mode, ...env } });

  readonly spec = ({ env = {}, ...fields }: Fields): RenderedSpec =>
    this.driver.project(
      specOf({
        ports: [{ name: "http", target: 3000 }],
        ...this.fields,
        ...fields,
        env: Object.entries(env).map(([name, value]) => ({ name, value: [value] })),
        rollout: { ...rollout, ...fields.rollout },
      }),
    ).spec;

  readonly target = (ref: ServiceRef, spec: RenderedSpec, facts: Partial<Target> = {}): Target =>
    targetOf(ref, spec, { image: this.image, fingerprint: newId("revision"), ...facts });

  readonly replace = (
    current: Target | null,
    target: Target,
    report = new Recorder(),
    driver: Driver = this.driver,
  ): Promise<Outcome> => driver.replace(current, target, report);

  readonly deploy = async (target: Target): Promise<Target> => {
    const { verdict, cause } = await this.replace(null, target);
    expect(verdict, JSON.stringify(cause)).to.equal(target.spec.readiness ? "SUCCEEDED" : "UNPROVEN");
    return target;
  };

  readonly until = <T>(what: string, look: () => T | Promise<T>, seconds = 40) =>
    until(what, look, seconds, 100);
}
