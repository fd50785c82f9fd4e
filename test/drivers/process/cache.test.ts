import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Cache } from "../../../src/drivers/process/cache.js";
import { until } from "../bench.js";

describe("the cache of sources and dependencies", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebake-driver-test-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const never = new AbortController().signal;
  const quiet = () => undefined;
  const write = (bytes: number) => async (into: string) => writeFile(join(into, "data"), Buffer.alloc(bytes));

  it("builds an entry once for all who ask at the same time", async () => {
    const cache = new Cache(folder, 1e9, 1e9);
    let built = 0;
    const heard: string[] = [];
    const build = async (into: string, _signal: AbortSignal, emit: (line: string) => void) => {
      built += 1;
      await write(1)(into);
      emit("building");
    };
    const entries = await Promise.all(
      [1, 2, 3].map((who) =>
        cache.obtain("sources", "a", never, (line) => heard.push(`${who} ${line}`), build),
      ),
    );
    expect(built).to.equal(1);
    expect(heard).to.deep.equal(["1 building", "2 building", "3 building"]);
    expect((await cache.obtain("sources", "a", never, quiet, build)).hit).to.equal(true);
    expect(new Set(entries.map((entry) => entry.folder)).size).to.equal(1);
  });

  it("goes on for the others when one gives up, and stops with the last", async () => {
    const cache = new Cache(folder, 1e9, 1e9);
    let aborted = false;
    let finish: (() => void) | null = null;
    const build = (into: string, signal: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        finish = () => void write(1)(into).then(resolve);
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(signal.reason);
        });
      });
    const [one, two] = [new AbortController(), new AbortController()];
    const first = cache
      .obtain("sources", "a", one.signal, quiet, build)
      .catch((error: Error) => error.message);
    const second = cache.obtain("sources", "a", two.signal, quiet, build);
    one.abort(new Error("not wanted"));
    expect(await first).to.equal("not wanted");
    expect(aborted).to.equal(false);
    (await until("it is being built", () => finish))();
    await second;
    finish = null;
    const third = cache
      .obtain("sources", "b", two.signal, quiet, build)
      .catch((error: Error) => error.message);
    await until("the other is being built", () => finish);
    two.abort(new Error("nor this"));
    expect(await third).to.equal("nor this");
    expect(aborted).to.equal(true);
    expect(existsSync(cache.path("sources", "b"))).to.equal(false);
    expect(await readdir(join(folder, "temp"))).to.deep.equal([]);
  });

  it("leaves nothing of a build that failed", async () => {
    const cache = new Cache(folder, 1e9, 1e9);
    const fail = async (into: string) => {
      await write(1)(into);
      throw new Error("no");
    };
    expect(
      await cache.obtain("sources", "a", never, quiet, fail).catch((error: Error) => error.message),
    ).to.equal("no");
    expect(await readdir(join(folder, "temp"))).to.deep.equal([]);
    expect((await cache.obtain("sources", "a", never, quiet, write(1))).hit).to.equal(false);
  });

  it("evicts by size, least recently used first, and never what is in use", async () => {
    const cache = new Cache(folder, 2500, 1e9);
    const entries = [];
    for (const [index, key] of ["a", "b", "c", "d"].entries()) {
      const entry = await cache.obtain("sources", key, never, quiet, write(1000));
      await utimes(entry.folder, 1000 + index, Date.now() / 1000 - 100 + index);
      entries.push(entry);
    }
    for (const { release } of entries.slice(1)) {
      release();
    }
    await cache.evict();
    expect((await readdir(join(folder, "sources"))).sort()).to.deep.equal(["a", "d"]);
  });

  it("evicts by age", async () => {
    const cache = new Cache(folder, 1e9, 3600);
    for (const [key, age] of [
      ["old", 4000],
      ["young", 3000],
    ] as const) {
      const entry = await cache.obtain("dependencies", key, never, quiet, write(1));
      const at = Date.now() / 1000 - age;
      await utimes(entry.folder, at, at);
      entry.release();
    }
    await cache.evict();
    expect(await readdir(join(folder, "dependencies"))).to.deep.equal(["young"]);
  });
});
