import { chmodSync, mkdtempSync, readdirSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * All temporary files of this run, those of the code under test and of its children too, are below one
 * folder, so that what is left over can be seen. Others may enter it: PostgreSQL does not run as root.
 */
export const runFolder = mkdtempSync(join(tmpdir(), "rebake-test-"));
chmodSync(runFolder, 0o755);
process.env.TMPDIR = runFolder;
// Node and npm keep compiled modules in the temp folder; children with an environment of their own still do.
process.env.NODE_DISABLE_COMPILE_CACHE = "1";

/** Where the database server of this run is: no leak, whenever it was started. */
export const clusterFolder = join(runFolder, "cluster");

/** A folder that is there during the tests of the current `describe`; call it in the body of one. */
export function tempFolder(): { readonly path: string } {
  const folder = { path: "" };
  before(async () => {
    folder.path = await makeTempFolder();
  });
  after(() => rm(folder.path, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

/** A folder whose removal is up to the caller. */
export async function makeTempFolder(): Promise<string> {
  const path = await mkdtemp(join(runFolder, "t-"));
  await chmod(path, 0o755);
  return path;
}

/** What somebody made in the temp folder and did not remove. */
export function leftoverFolders(): string[] {
  const expected = [clusterFolder, join(runFolder, "node-compile-cache")];
  return readdirSync(runFolder).filter((name) => !expected.includes(join(runFolder, name)));
}
