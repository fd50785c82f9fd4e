import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readPackageFiles } from "../../src/deployer/package-files.js";

describe("whether deployments can share installed dependencies", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebake-driver-test-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const read = async (manifest: unknown, lock: string | null = "{}") => {
    await writeFile(
      join(folder, "package.json"),
      typeof manifest === "string" ? manifest : JSON.stringify(manifest),
    );
    if (lock !== null) {
      await writeFile(join(folder, "package-lock.json"), lock);
    }
    return (await readPackageFiles(folder))!;
  };
  const dependencies = { ws: "8.0.0" };

  it("yes with a lock file", async () => {
    expect(await read({ dependencies, scripts: { start: "x", build: "y" } })).to.include({
      shareable: true,
      empty: false,
    });
  });
  for (const [why, manifest, lock] of [
    ["a lock file is missing", { dependencies }, null],
    ["of workspaces", { dependencies, workspaces: ["a"] }, "{}"],
    ["of a local dependency", { dependencies: { a: "file:../a" } }, "{}"],
    ["of a linked one", { dependencies: { a: "link:../a" } }, "{}"],
    ["the lock file links", { dependencies }, `{"packages":{"a":{"link": true}}}`],
    ["of an install script", { dependencies, scripts: { postinstall: "x" } }, "{}"],
    ["of a prepare script", { dependencies, scripts: { prepare: "x" } }, "{}"],
    ["it is no JSON", "{ nope", "{}"],
  ] as const) {
    it(`no because ${why}`, async () => {
      expect(await read(manifest, lock)).to.include({ shareable: false, empty: false });
    });
  }
  it("there is nothing to install without dependencies and scripts", async () => {
    expect(await read({ name: "a", scripts: { start: "x" } }, null)).to.include({ empty: true });
  });
  it("says when there is no package.json", async () => {
    expect(await readPackageFiles(folder)).to.equal(null);
  });
});
