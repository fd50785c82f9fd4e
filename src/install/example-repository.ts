import { execFile } from "node:child_process";
import { cp, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const author = ["-c", "user.name=Rebake", "-c", "user.email=rebake@localhost"];

/**
 * Makes a git repository with one commit on `main` out of an example's folder, and returns its address. One that
 * is there already stays as it is: it is the user's to change and commit to.
 */
export async function makeExampleRepository(example: string, folder: string): Promise<string> {
  if (!(await exists(folder))) {
    const half = `${folder}.new`;
    await rm(half, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
    await cp(example, half, { recursive: true, filter: (path) => !path.includes("node_modules") });
    await git(half, "init", "--quiet", "--initial-branch=main");
    await git(half, "add", "--all");
    await git(half, ...author, "commit", "--quiet", "--no-gpg-sign", "-m", "The example shop");
    await rename(half, folder);
  }
  return pathToFileURL(folder).href;
}

async function git(cwd: string, ...args: string[]): Promise<void> {
  await run("git", args, {
    cwd,
    env: { ...process.env, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
