import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { failure, fetchSource, type GitCredential, gitEnvironment, install } from "../deployer.js";
import { readPackageFiles } from "../package-files.js";
import { Cache, fallbackCache } from "./cache.js";
import type { Entry } from "./entry.js";
import type { ContainerJob } from "./job.js";
import { withLock } from "./lock.js";
import type { Steps } from "./steps.js";
import { toolRunner, toolsOwn } from "./tools.js";

export interface Preparation {
  job: ContainerJob;
  environment: NodeJS.ProcessEnv;
  steps: Steps;
  /** Ends it. */
  signal: AbortSignal;
}
/** An app whose files are there. */
export interface Prepared {
  /** The source, or the folder of it that is the app. */
  folder: string;
  entry: Entry;
}

/** The job's app, made when it is not there yet; whoever asks for the same at that time waits. */
export async function prepare(preparation: Preparation): Promise<Prepared> {
  const { job, steps, signal } = preparation;
  steps.begin("FETCH_SOURCE");
  const found = await findPrepared(job);
  if (found) {
    return asFound(found, steps);
  }
  const { cache, note } = await writableCache(job);
  const { app } = cache;
  await app.touch();
  const onWait = () => steps.note("waits for another replica that prepares the same");
  return withLock(app.lock, { signal, onWait }, async (held) => {
    const files = await app.open();
    if (files !== null) {
      return asFound({ folder: appIn(files, job), entry: app }, steps);
    }
    await cache.cleanUp();
    return { folder: appIn(await build({ ...preparation, signal: held }, cache, note), job), entry: app };
  });
}

/** The job's app when it is complete, in the cache or where one that could not be written was replaced. */
export async function findPrepared(job: ContainerJob): Promise<Prepared | null> {
  for (const cache of [job.cache, fallbackCache].map((folder) => new Cache(folder, job))) {
    const files = await cache.app.open();
    if (files !== null) {
      return { folder: appIn(files, job), entry: cache.app };
    }
  }
  return null;
}

/** What an init container has prepared, maybe with another Node. */
export async function findPreparedElsewhere(job: ContainerJob): Promise<Prepared | null> {
  const entry = await new Cache(job.cache, job).preparedElsewhere();
  const files = await entry?.open();
  return files ? { folder: appIn(files, job), entry: entry! } : null;
}

function appIn(files: string, { source }: ContainerJob): string {
  return join(files, source!.path ?? "");
}

function asFound(found: Prepared, steps: Steps): Prepared {
  steps.end("FETCH_SOURCE", "DONE", "from cache");
  steps.begin("INSTALL");
  if (existsSync(join(found.folder, "package.json"))) {
    steps.end("INSTALL", "DONE", "from cache");
  } else {
    steps.end("INSTALL", "SKIPPED");
  }
  return found;
}

/** `note`: what to say of a cache that could not be used. */
async function writableCache(job: ContainerJob): Promise<{ cache: Cache; note: string | null }> {
  const cache = new Cache(job.cache, job);
  try {
    await cache.makeWritable();
    return { cache, note: null };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") {
      throw error;
    }
    const replacement = new Cache(fallbackCache, job);
    await replacement.makeWritable();
    const note = `${job.cache} cannot be written (${code}): kept in ${fallbackCache}, only as long as the container`;
    return { cache: replacement, note };
  }
}

/** Fetches and installs in a new place and returns it, or that of another who was faster. */
async function build(preparation: Preparation, cache: Cache, note: string | null): Promise<string> {
  const { job, environment, steps } = preparation;
  const { attempt, files } = await cache.app.begin();
  const env = toolsOwn(environment, cache.folder);
  const how = await fetch(preparation, cache, files, env);
  const app = appIn(files, job);
  if (!existsSync(app)) {
    const message = `The source has no folder ${job.source!.path}: check source.path.`;
    throw failure("PACKAGE_JSON_MISSING", message);
  }
  steps.end("FETCH_SOURCE", "DONE", note === null ? how : `${how}; ${note}`);
  steps.begin("INSTALL");
  const installed = await installIn(app, preparation, env);
  const complete = await cache.app.complete(attempt);
  steps.end("INSTALL", installed === null ? "SKIPPED" : "DONE", installed ?? undefined);
  return complete;
}

async function fetch(
  { job, signal }: Preparation,
  { mirror }: Cache,
  into: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const { repository, commit } = job.source!;
  const git = gitEnvironment(env, repository, await readCredential(job.gitCredentialFile));
  await mirror.touch();
  // One git at a time in a mirror: they would trip over each other's locks.
  return withLock(mirror.lock, { signal }, (held) =>
    fetchSource({ repository, commit, mirror: join(mirror.folder, "git"), into }, git, toolRunner(held)),
  );
}

async function readCredential(file: string | null): Promise<GitCredential | null> {
  if (file === null) {
    return null;
  }
  try {
    return JSON.parse(await readFile(file, "utf8")) as GitCredential;
  } catch (error) {
    // What cannot be parsed would be quoted.
    const why = (error as NodeJS.ErrnoException).code ?? "no JSON";
    throw failure("FETCH_FAILED", `The git credential in ${file} cannot be read (${why}).`);
  }
}

/** Null when there is nothing that could be installed. */
async function installIn(
  folder: string,
  { job, signal }: Preparation,
  env: NodeJS.ProcessEnv,
): Promise<string | null> {
  const found = await readPackageFiles(folder);
  if (found && !found.empty) {
    return install({ folder }, env, toolRunner(signal));
  }
  if (found) {
    return "nothing to install";
  }
  if (job.command === null || job.command[0] === "npm") {
    const where = job.source!.path ? `folder ${job.source!.path}` : "root";
    const message = `The source has no package.json in its ${where}, which \`npm start\` needs: check source.path or set a command.`;
    throw failure("PACKAGE_JSON_MISSING", message);
  }
  return null;
}
