import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { npmVersion } from "../../../src/drivers/process/npm-version.js";

describe("the version of npm", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebake-driver-test-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is what npm itself says", async () => {
    const { stdout } = await promisify(execFile)("npm", ["--version"]);
    expect(await npmVersion({ PATH: process.env.PATH })).to.equal(stdout.trim());
  });

  it("is asked of a wrapper", async () => {
    await writeFile(join(folder, "npm"), "#!/bin/sh\necho 1.2.3\n", { mode: 0o755 });
    expect(await npmVersion({ PATH: `${folder}:${process.env.PATH}` })).to.equal("1.2.3");
  });

  it("is unknown without npm", async () => {
    expect(await npmVersion({ PATH: folder })).to.equal(null);
  });
});
