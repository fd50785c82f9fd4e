import { expect } from "chai";
import { newId } from "../../../src/domain/id.js";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import type { EngineService, EngineTask } from "../../../src/drivers/swarm/engine-types.js";
import type { SwarmDriver } from "../../../src/drivers/swarm/index.js";
import { engineName } from "../../../src/drivers/swarm/names.js";
import { hasEnded, isReady, operationOf } from "../../../src/drivers/swarm/tasks.js";
import type { CauseCode } from "../../../src/errors.js";
import type { Outcome, ServiceRef, Target } from "../../../src/operations/driver.js";
import { CuttableProxy } from "../../support/cuttable-proxy.js";
import { EngineProxy } from "../../support/engine-proxy.js";
import { newRef, Recorder, type SpecFields, specOf, targetOf, until } from "../bench.js";
import { type TinyMode, tinyCommand } from "./tiny-app.js";
import { connectionTo, dockerHost, type Yard } from "./yard.js";

type Rollout = Partial<NonNullable<SpecFields["rollout"]>>;
export type Fields = Omit<SpecFields, "rollout" | "env"> & {
  rollout?: Rollout;
  env?: Record<string, string>;
};

const rollout = { monitor: 1, deadline: 60, drain: 1 };
/** Engines of tests are slow at times. */
const pace = { period: 1, timeout: 10, failureThreshold: 2 };
const script = `exec 3<>/dev/tcp/127.0.0.1/3000 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && read -r line <&3 && case "$line" in *" 200 "*) ;; *) echo "$line"; exit 1;; esac`;
/** One that costs little. */
const shellProbe = { httpGet: null, tcp: null, exec: { command: ["bash", "-c", script] }, ...pace };
export const httpProbe = { httpGet: { path: "/", port: null }, tcp: null, exec: null, ...pace };

/** What one case does, with services and an environment of its own. */
export class Scene {
  readonly environmentId = newId("environment");
  /** The server of this case; another one after a takeover. */
  driver: SwarmDriver;
  private readonly refs: ServiceRef[] = [];
  private readonly closers: (() => unknown)[] = [];

  constructor(readonly yard: Yard) {
    this.driver = yard.driver;
  }

  async clear(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) {
      await close();
    }
    this.driver = this.yard.driver;
    this.yard.reach(this.environmentId, connectionTo(dockerHost));
    for (const ref of this.refs.splice(0)) {
      await this.driver.remove(ref, new Recorder());
    }
  }

  /** Called when the case has ended, the last one first. */
  closing(close: () => unknown): void {
    this.closers.push(close);
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
        readiness: shellProbe,
        endpointMode: "DNSRR",
        ...fields,
        env: Object.entries(env).map(([name, value]) => ({ name, value: [value] })),
        rollout: { ...rollout, ...fields.rollout },
      }),
    ).spec;

  readonly source = (path: string | null = null) => ({
    repository: `${this.yard.repositories}/app`,
    branch: "main",
    commit: null,
    path,
    credential: null,
  });

  readonly target = (ref: ServiceRef, spec: RenderedSpec, facts: Partial<Target> = {}): Target =>
    targetOf(ref, spec, { image: this.yard.image, fingerprint: newId("revision"), ...facts });

  readonly replace = (
    current: Target | null,
    target: Target,
    report = new Recorder(),
    driver = this.driver,
  ): Promise<Outcome> => driver.replace(current, target, report);

  readonly deploy = async (target: Target): Promise<Target> => {
    const { verdict, cause } = await this.replace(null, target);
    expect(verdict, JSON.stringify(cause)).to.equal(target.spec.readiness ? "SUCCEEDED" : "UNPROVEN");
    return target;
  };

  /** What the engine calls the service. */
  readonly named = (ref: ServiceRef): string => engineName(this.yard.installation, ref);

  readonly service = async (ref: ServiceRef): Promise<EngineService> => {
    const found = await this.yard.service(this.named(ref));
    return found ?? expect.fail(`there is no ${this.named(ref)}`);
  };

  /** That have not ended. */
  readonly living = async (ref: ServiceRef): Promise<EngineTask[]> =>
    (await this.yard.tasks(this.named(ref))).filter((task) => !hasEnded(task));

  /** Ids of those that serve. */
  readonly serving = async (ref: ServiceRef): Promise<string[]> =>
    (await this.living(ref))
      .filter(isReady)
      .map(({ ID }) => ID)
      .sort();

  /** What the engine says of the service's tasks, for messages of failures. */
  readonly history = async (ref: ServiceRef): Promise<string> =>
    (await this.yard.tasks(this.named(ref)))
      .map((task) =>
        [task.ID, task.Slot, operationOf(task), task.DesiredState, task.Status.State, task.Status.Timestamp]
          .concat(task.Status.Err ?? "")
          .join(" "),
      )
      .join("\n");

  /** What is done to the service by hand, e.g. `--env-add`, `X=1`. */
  readonly updateByHand = (ref: ServiceRef, ...flags: string[]): Promise<string> =>
    this.yard.docker(
      "service",
      "update",
      "--detach",
      "--quiet",
      "--no-resolve-image",
      ...flags,
      this.named(ref),
    );

  readonly until = <T>(what: string, look: () => T | Promise<T>, seconds = 40) =>
    until(what, look, seconds, 100);

  /** A server with something in front of its engine; this case goes on with it. */
  readonly behind = async (): Promise<EngineProxy> => {
    const proxy = await EngineProxy.open(dockerHost);
    this.yard.reach(this.environmentId, connectionTo(proxy.host));
    const driver = this.yard.newDriver();
    this.driver = driver;
    this.closing(() => proxy.close());
    this.closing(() => driver.close());
    return proxy;
  };

  /** A server whose line to its engine can be cut; `to`: what is at its other end. */
  readonly onLine = async (to: EngineProxy | null = null): Promise<CuttableProxy> => {
    const line = await CuttableProxy.start();
    line.target = to ? to.port : new URL(dockerHost).pathname;
    this.yard.reach(this.environmentId, connectionTo(line.url.replace("http:", "tcp:")));
    const driver = this.yard.newDriver();
    this.driver = driver;
    this.closing(() => line.close());
    this.closing(() => driver.close());
    return line;
  };

  /** Another server of the same installation, as it is started after a crash. */
  readonly successor = (): SwarmDriver => {
    const driver = this.yard.newDriver();
    this.closing(() => driver.close());
    return driver;
  };

  /**
   * `next` must fail with that cause, the old ones go on as if nothing had been, and nothing of the new be left.
   * Prints how long it took.
   */
  readonly failsWith = async (code: CauseCode, next: RenderedSpec, facts: Partial<Target> = {}) => {
    const ref = this.ref();
    const old = await this.deploy(this.target(ref, this.tiny("", { rollout: { monitor: 0 } })));
    const [before, remained] = [await this.serving(ref), await this.yard.remains(this.environmentId)];
    const target = this.target(ref, next, facts);
    const report = new Recorder();
    const begun = Date.now();
    const { verdict, cause } = await this.replace(old, target, report);
    const seconds = (Date.now() - begun) / 1000;
    console.log(`        ${code} after ${seconds.toFixed(1)} s: ${cause?.message}`);
    expect(cause, cause?.message).to.have.property("code", code);
    expect(verdict).to.equal("FAILED");
    expect(await this.serving(ref), await this.history(ref)).to.deep.equal(before);
    await this.expectStands(old);
    const left = await this.yard.remains(this.environmentId);
    // A failed task keeps the cache of sources in use for as long as the engine remembers it.
    expect(left.filter((one) => !one.startsWith("volume rebake-cache_"))).to.have.members(remained);
    const failed = report.steps.filter(({ state }) => state === "FAILED").map(({ step }) => step);
    return { seconds, cause: cause!, failed };
  };

  /** The engine has what was deployed, in all tasks, and nothing of another operation. */
  readonly expectStands = async ({ ref, stamp }: Target): Promise<void> => {
    const living = await this.living(ref);
    expect(living.map(operationOf)).to.deep.equal(living.map(() => stamp.operationId));
    const observed = await this.yard.driver.inspect(ref);
    expect(observed).to.include({ state: "RUNNING", operationId: stamp.operationId, drifted: false });
  };
}
