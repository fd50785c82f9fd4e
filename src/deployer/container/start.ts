import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { failure } from "../deployer.js";
import { App } from "./app.js";
import { keepHealth } from "./health.js";
import type { ContainerJob } from "./job.js";
import type { Signals } from "./signals.js";

/** Starts the app in `folder` or below and returns its exit code once it has ended. */
export async function start(
  job: ContainerJob,
  folder: string,
  environment: NodeJS.ProcessEnv,
  signals: Signals,
): Promise<number> {
  const { cwd, env } = await surroundings(job, folder, environment);
  // Once it is there nothing may be awaited before signals and its end are listened to.
  signals.stopped.throwIfAborted();
  const app = new App(commandOf(job), cwd, env);
  signals.passTo(app, job.holdSeconds);
  if (job.health) {
    void keepHealth(job.health);
  }
  return app.exited;
}

/** Where and with which variables programs of the app run. */
export async function surroundings(
  job: ContainerJob,
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ cwd: string; env: NodeJS.ProcessEnv }> {
  const cwd = resolve(folder, job.workingDir ?? "");
  if (!(await stat(cwd).catch(() => null))?.isDirectory()) {
    const message = `The working directory ${cwd} does not exist in the container: check workingDir and source.path.`;
    throw failure("COMMAND_NOT_FOUND", message);
  }
  return { cwd, env: { ...environment, ...(await readSecrets(job.secretEnv)) } };
}

function commandOf({ command, args }: ContainerJob): string[] {
  return command ? [...command, ...(args ?? [])] : ["npm", "start", ...(args ? ["--", ...args] : [])];
}

async function readSecrets(files: Record<string, string>): Promise<Record<string, string>> {
  const read = Object.entries(files).map(async ([name, file]) => {
    const value = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      const message = `The value of ${name} cannot be read in the container (${error.code}, ${file}).`;
      throw failure("COMMAND_NOT_FOUND", message);
    });
    return [name, value] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}
