import { expect } from "chai";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import type { Driver, Outcome, ServiceRef, Target, Task } from "../../../src/operations/driver.js";
import { healthProbe, newRef, Recorder, type SpecFields, specOf, targetOf, until } from "../bench.js";
import { Load } from "../load.js";
import type { Rig } from "./rig.js";

type Fields = Omit<SpecFields, "rollout"> & { rollout?: Partial<NonNullable<SpecFields["rollout"]>> };
/** What the app of the fixture says of itself. */
export interface About {
  version: string;
  /** Tells one start from another. */
  id: string;
  cwd: string;
  argv: string[];
  instance: string;
  commit: string;
}
/** Adds a case to the table. */
export type AddCase = (name: string, run: (stage: Stage) => unknown) => void;

/** What one case does with services of its own; cases of one row may run side by side. */
export class Stage {
  private readonly refs: ServiceRef[] = [];
  private readonly closers: (() => Promise<void>)[] = [];

  constructor(private readonly rig: Rig) {}

  /** Removes its services and ends what it has opened. */
  async clear(): Promise<void> {
    for (const close of this.closers.splice(0)) {
      await close();
    }
    for (const ref of this.refs.splice(0)) {
      await this.driver.remove(ref, new Recorder());
    }
  }

  readonly ref = (fields: Partial<ServiceRef> = {}): ServiceRef => {
    const made = { ...newRef(this.rig.newName(), this.rig.row.environmentId), ...fields };
    this.refs.push(made);
    return made;
  };
  readonly source = (name = "app") => ({
    repository: `${this.rig.repositories}/${name}`,
    branch: "main",
    commit: null,
    path: null,
    credential: null,
  });
  /** Spec of the fixture's app, as this driver projects it. */
  readonly app = (fields: Fields = {}): RenderedSpec =>
    this.driver.project(
      specOf({
        ...this.rig.row.fields,
        source: this.source(),
        command: ["node", "server.mjs"],
        ports: [{ name: "http", target: 3000, published: null, ...this.rig.row.port }],
        readiness: { ...healthProbe, ...this.rig.row.probe },
        ...fields,
        rollout: { ...this.rig.row.rollout, ...fields.rollout },
      }),
    ).spec;
  readonly env = (values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => ({ name, value: [value] }));
  /** Has the replica of that number crash when it starts. */
  readonly crashingAt = async (number: number) =>
    this.env({ CRASH_AT: `${number}`, ...(await this.rig.ground.numbering()) });
  readonly target = (ref: ServiceRef, spec: RenderedSpec, facts: Partial<Target> = {}): Target =>
    targetOf(ref, spec, { image: this.rig.image, ...facts });
  readonly replace = (
    current: Target | null,
    target: Target,
    report = new Recorder(),
    driver = this.driver,
  ): Promise<Outcome> => driver.replace(current, target, report);
  readonly deploy = async (target: Target): Promise<Target> => {
    const outcome = await this.replace(null, target);
    const { verdict } = outcome;
    expect(verdict, JSON.stringify(outcome.cause)).to.equal(target.spec.readiness ? "SUCCEEDED" : "UNPROVEN");
    return target;
  };
  /** From the number that `target` has. */
  readonly scale = (target: Target, replicas: number, report = new Recorder()): Promise<Outcome> =>
    this.driver.scale({ ...target, replicas }, target.replicas, report);
  readonly remove = (ref: ServiceRef): Promise<Outcome> => this.driver.remove(ref, new Recorder());
  /** A server that goes on where the first one stopped. */
  readonly successor = async (): Promise<Driver> => {
    const { driver, close } = await this.rig.ground.successor();
    this.closers.push(close);
    return driver;
  };

  readonly until = <T>(what: string, look: () => T | Promise<T>) =>
    until(what, look, this.rig.row.patience.most, this.rig.row.patience.pause);
  readonly inspect = (ref: ServiceRef) => this.driver.inspect(ref);
  readonly tasks = async ({ ref }: Target): Promise<Task[]> => (await this.inspect(ref)).tasks;
  readonly url = (ref: ServiceRef): Promise<string> => this.rig.ground.url(ref);
  /** A request that any replica may answer. */
  readonly ask = (url: string): Promise<Response> =>
    fetch(url, this.isBalanced ? {} : { headers: { connection: "close" } });
  /** Requests from now on, over kept connections and over new ones. */
  readonly beginLoad = (url: string, paths?: string[]): Load => {
    const load = new Load(url, paths, !this.isBalanced);
    load.begin();
    return load;
  };
  readonly json = async <T = Record<string, string>>(ref: ServiceRef, path: string): Promise<T> => {
    const response = await this.ask((await this.url(ref)) + path);
    return (await response.json()) as T;
  };
  readonly about = (ref: ServiceRef) => this.json<About>(ref, "/about");
  readonly version = async (ref: ServiceRef) => (await this.about(ref)).version;
  /** Ids of all replicas, each of which has answered. */
  readonly ids = async (target: Target): Promise<Set<string>> => {
    const seen = new Set<string>();
    const wanted = (await this.tasks(target)).length;
    await this.until("every replica answered", async () => {
      seen.add((await this.about(target.ref)).id);
      return seen.size >= wanted;
    });
    return seen;
  };
  /** What the service runs in now: process groups, containers or pods. */
  readonly places = async (ref: ServiceRef): Promise<Set<string>> =>
    new Set((await this.rig.ground.living(ref)).map((line) => line.split(" ")[0]!));

  /** What that many replicas have to be told that they are: their numbers, or the names of what they run in. */
  readonly instances = async (ref: ServiceRef, count: number): Promise<Set<string>> => {
    const numbers = Array.from({ length: count }, (_, index) => `${index + 1}`);
    const known = this.rig.row.numbered ? new Set(numbers) : await this.places(ref);
    expect(known.size).to.equal(count);
    return known;
  };

  /** The new one must fail with that code and the old one answer as before. */
  readonly failsWith = async (
    code: string,
    spec: RenderedSpec,
    commit: string,
    facts: Partial<Target> = {},
  ): Promise<Outcome & { seconds: number }> => {
    const service = this.ref();
    const old = await this.deploy(this.target(service, this.app(), { commit: this.rig.first }));
    const { id } = await this.about(service);
    const begun = Date.now();
    const outcome = await this.replace(old, this.target(service, spec, { commit, ...facts }));
    const seconds = (Date.now() - begun) / 1000;
    expect(outcome.verdict, JSON.stringify(outcome.cause)).to.equal("FAILED");
    expect(outcome.cause, outcome.cause?.message).to.have.property("code", code);
    expect((await this.about(service)).id).to.equal(id);
    const observed = await this.inspect(service);
    expect(observed.operationId).to.equal(old.stamp.operationId);
    expect(observed.tasks).to.have.length(1);
    return { ...outcome, seconds };
  };

  /** Whether what keeps connections meets all replicas all the same. */
  private get isBalanced(): boolean {
    return this.rig.row.balances === "REQUESTS";
  }
  private get driver(): Driver {
    return this.rig.driver;
  }
}
