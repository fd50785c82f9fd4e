import { expect } from "chai";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import type { EngineService, EngineTask } from "../../../src/drivers/swarm/engine-types.js";
import type { SwarmDriver } from "../../../src/drivers/swarm/index.js";
import { engineName } from "../../../src/drivers/swarm/names.js";
import { hasEnded, isReady, operationOf } from "../../../src/drivers/swarm/tasks.js";
import type { CauseCode } from "../../../src/errors.js";
import type { ServiceRef, Target } from "../../../src/operations/driver.js";
import { CuttableProxy } from "../../support/cuttable-proxy.js";
import { EngineProxy } from "../../support/engine-proxy.js";
import { Recorder, type SpecFields } from "../bench.js";
import { EngineScene, pace } from "../scene.js";
import { connectionTo, dockerHost, type Yard } from "./yard.js";

const script = `exec 3<>/dev/tcp/127.0.0.1/3000 && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && read -r line <&3 && case "$line" in *" 200 "*) ;; *) echo "$line"; exit 1;; esac`;
/** One that costs little. */
const shellProbe = { httpGet: null, tcp: null, exec: { command: ["bash", "-c", script] }, ...pace };

/** What one case does, with services and an environment of its own. */
export class Scene extends EngineScene<SwarmDriver> {
  protected readonly fields: SpecFields = { readiness: shellProbe, endpointMode: "DNSRR" };

  constructor(readonly yard: Yard) {
    super(yard.driver);
  }

  protected get image(): string {
    return this.yard.image;
  }

  async clear(): Promise<void> {
    await this.closeAll();
    this.driver = this.yard.driver;
    this.yard.reach(this.environmentId, connectionTo(dockerHost));
    for (const ref of this.refs.splice(0)) {
      await this.driver.remove(ref, new Recorder());
    }
  }

  readonly source = (path: string | null = null) => ({
    repository: `${this.yard.repositories}/app`,
    branch: "main",
    commit: null,
    path,
    credential: null,
  });

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
