import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Driver } from "../../../src/operations/driver.js";
import { appSource, daemonSource } from "../app-fixture.js";
import { Bench } from "../bench.js";
import { GitFixture, packageWithWs } from "../git-fixture.js";
import type { DriverRow, Ground } from "../row.js";
import { Stage } from "./stage.js";

/** Commits that do not work, by what is wrong with them. */
interface BrokenCommits {
  dependency: string;
  json: string;
  script: string;
  hanging: string;
  missing: string;
}

/** One driver, its engine, and a repository to deploy from: what the cases of a row share. */
export class Rig {
  bench!: Bench;
  ground!: Ground;
  /** URL below which the repository of the cases is. */
  repositories!: string;
  /** Commits that work: two versions of an app, and the second with a folder beside it. */
  first!: string;
  second!: string;
  nested!: string;
  broken!: BrokenCommits;
  /** The image of all cases, pinned; null where there are none. */
  image: string | null = null;
  private readonly stages = new Set<Stage>();
  private count = 0;

  constructor(readonly row: DriverRow) {}

  get driver(): Driver {
    return this.bench.driver;
  }

  async open(): Promise<void> {
    this.bench = await Bench.open(this.row);
    this.ground = await this.row.open(this.bench);
    const folder = join(this.bench.home, "repositories");
    await mkdir(folder);
    await this.commit(await GitFixture.create(join(folder, "app")));
    this.repositories = await this.ground.serve(folder);
    const { image } = this.row.fields;
    if (image) {
      const spec = { prefix: null, tag: "latest", pullPolicy: "IF_NOT_PRESENT" as const, credential: null };
      const signal = new AbortController().signal;
      this.image = await this.driver.pinImage(this.row.environmentId, { ...spec, ...image }, null, signal);
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.stages].map((stage) => stage.clear()));
    await Promise.resolve(this.ground?.close()).finally(() => this.bench?.close());
  }

  /** Services of its own for one case; they are gone when `run` has ended. */
  async during<T>(run: (stage: Stage) => T | Promise<T>): Promise<T> {
    const stage = new Stage(this);
    this.stages.add(stage);
    try {
      return await run(stage);
    } finally {
      await stage.clear();
      this.stages.delete(stage);
    }
  }

  /** A name that no other service of this row has. */
  newName(): string {
    return `orders-${++this.count}`;
  }

  private async commit(repository: GitFixture): Promise<void> {
    this.first = await repository.commit({
      ...(await packageWithWs()),
      "server.mjs": appSource("one"),
      "daemon.mjs": daemonSource(),
    });
    this.second = await repository.commit({ "server.mjs": appSource("two") });
    this.nested = await repository.commit({ "folder/keep": "" });
    await repository.git("checkout", "--quiet", "-b", "broken");
    await repository.git("rm", "--quiet", "package-lock.json");
    const withPackage = (fields: object) =>
      repository.commit({ "package.json": JSON.stringify({ name: "a", version: "1.0.0", ...fields }) });
    this.broken = {
      dependency: await withPackage({ dependencies: { "@rebake-test/there-is-no-such-package": "1.0.0" } }),
      json: await repository.commit({ "package.json": "{ not json" }),
      script: await withPackage({
        scripts: { postinstall: "echo about to fail; exit 7", start: "node server.mjs" },
      }),
      hanging: await withPackage({ scripts: { preinstall: "sleep 1000" } }),
      missing: "",
    };
    await repository.git("rm", "--quiet", "package.json");
    this.broken.missing = await repository.commit({ readme: "no package.json" });
    await repository.git("checkout", "--quiet", "main");
  }
}
