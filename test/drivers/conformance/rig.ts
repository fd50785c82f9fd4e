import { join } from "node:path";
import { expect } from "chai";
import type { RenderedSpec } from "../../../src/domain/rendered-spec.js";
import type { Outcome, ServiceRef, Target } from "../../../src/operations/driver.js";
import { appSource, daemonSource } from "../app-fixture.js";
import { Bench, type DriverRow, healthProbe, newRef, quick, Recorder, specOf, targetOf } from "../bench.js";
import { GitFixture, packageWithWs } from "../git-fixture.js";

type Fields = Parameters<typeof specOf>[0];
/** Adds a case to the table. */
export type AddCase = (name: string, run: () => unknown) => void;

/** One driver and a repository to deploy from; what the cases share. */
export class Rig {
  bench!: Bench;
  repository!: GitFixture;
  /** Commits: two that work, and those that do not by what is wrong with them. */
  first!: string;
  second!: string;
  broken: Record<string, string> = {};
  private readonly refs: ServiceRef[] = [];

  constructor(readonly row: DriverRow) {}

  async open(): Promise<void> {
    this.bench = await Bench.open(this.row);
    this.repository = await GitFixture.create(join(this.bench.home, "repository"));
    const app = await packageWithWs();
    this.first = await this.repository.commit({
      ...app,
      "server.mjs": appSource("one"),
      "daemon.mjs": daemonSource(),
    });
    this.second = await this.repository.commit({ "server.mjs": appSource("two") });
    await this.repository.git("checkout", "--quiet", "-b", "broken");
    await this.repository.git("rm", "--quiet", "package-lock.json");
    this.broken = {
      dependency: await this.repository.commit({
        "package.json": JSON.stringify({
          name: "a",
          version: "1.0.0",
          dependencies: { "@rebake-test/there-is-no-such-package": "1.0.0" },
        }),
      }),
      json: await this.repository.commit({ "package.json": "{ not json" }),
      script: await this.repository.commit({
        "package.json": JSON.stringify({
          name: "a",
          version: "1.0.0",
          scripts: { postinstall: "echo about to fail; exit 7", start: "node server.mjs" },
        }),
      }),
      missing: "",
    };
    await this.repository.git("rm", "--quiet", "package.json");
    this.broken.missing = await this.repository.commit({ readme: "no package.json" });
    await this.repository.git("checkout", "--quiet", "main");
  }

  close(): Promise<void> {
    return this.bench.close();
  }

  async removeServices(): Promise<void> {
    for (const ref of this.refs.splice(0)) {
      await this.bench.driver.remove(ref, new Recorder());
    }
  }

  readonly ref = (): ServiceRef => {
    const made = newRef();
    this.refs.push(made);
    return made;
  };
  readonly source = (path: string | null = null) => ({
    repository: this.repository.url,
    branch: "main",
    commit: null,
    path,
    credential: null,
  });
  readonly app = (fields: Fields = {}): RenderedSpec =>
    this.bench.driver.project(
      specOf({
        source: this.source(),
        command: ["node", "server.mjs"],
        ports: [{ name: "http", target: 3000, published: null }],
        readiness: healthProbe,
        rollout: quick,
        ...fields,
      }),
    ).spec;
  readonly env = (values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => ({ name, value: [value] }));
  readonly replace = (current: Target | null, target: Target, report = new Recorder()): Promise<Outcome> =>
    this.bench.driver.replace(current, target, report);
  readonly deploy = async (target: Target): Promise<Target> => {
    expect(await this.replace(null, target)).to.have.property(
      "verdict",
      target.spec.readiness ? "SUCCEEDED" : "UNPROVEN",
    );
    return target;
  };
  readonly version = async (of: ServiceRef) => (await this.bench.json(of, "/about")).version;
  /** The new one must fail with that code and the old one answer as before. */
  readonly failsWith = async (code: string, spec: RenderedSpec, commit: string): Promise<Outcome> => {
    const service = this.ref();
    const old = await this.deploy(targetOf(service, this.app(), { commit: this.first }));
    const { pid } = await this.bench.json(service, "/about");
    const outcome = await this.replace(old, targetOf(service, spec, { commit }));
    expect(outcome.verdict).to.equal("FAILED");
    expect(outcome.cause, outcome.cause?.message).to.have.property("code", code);
    expect((await this.bench.json(service, "/about")).pid).to.equal(pid);
    const observed = await this.bench.driver.inspect(service);
    expect(observed.operationId).to.equal(old.stamp.operationId);
    expect(observed.tasks).to.have.length(1);
    return outcome;
  };
}
