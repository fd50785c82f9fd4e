import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DeployerFailure, evidenceLine, type Finished, failure, type RunTool } from "../deployer.js";
import { toolEnvironment } from "../tool-environment.js";

/** How long git and npm have to end when they are stopped, and their output to follow them, in milliseconds. */
const stopGrace = 2000;
const outputGrace = 500;

/**
 * What git and npm run with. As everywhere none of the app's own variables is among it: what they make is shared by
 * all who have the same source and image. npm's settings are, and its cache is in the cache.
 */
export function toolsOwn(environment: NodeJS.ProcessEnv, cache: string): NodeJS.ProcessEnv {
  const settings = Object.entries(environment).filter(([name]) => /^npm_config_/i.test(name));
  const hasCache = settings.some(([name]) => name.toLowerCase() === "npm_config_cache");
  return {
    ...(hasCache ? {} : { npm_config_cache: join(cache, "npm") }),
    ...toolEnvironment(environment),
    ...Object.fromEntries(settings),
    PATH: environment.PATH,
    HOME: homeFor(environment.HOME, cache),
  };
}

/** git refuses to work with a home it cannot read: that of root, when the image runs as somebody else. */
function homeFor(home: string | undefined, cache: string): string {
  try {
    accessSync(home!, constants.R_OK | constants.X_OK);
    return home!;
  } catch {
    const own = join(cache, "home");
    mkdirSync(own, { recursive: true });
    return own;
  }
}

/** Runs tools as children, passes on what they print (unless `quiet`); `signal` ends them. */
export function toolRunner(signal: AbortSignal): RunTool {
  return async (argv, env, { cwd, quiet = false } = {}) => {
    signal.throwIfAborted();
    const tool = spawn(argv[0]!, argv.slice(1), { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const stop = () => {
      tool.kill();
      setTimeout(() => tool.kill("SIGKILL"), stopGrace).unref();
    };
    signal.addEventListener("abort", stop);
    try {
      const finished = await outcome(tool, argv[0]!, quiet);
      signal.throwIfAborted();
      return finished;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  };
}

async function outcome(tool: ChildProcess, program: string, quiet: boolean): Promise<Finished> {
  const lastLines: string[] = [];
  const closed = new Promise((resolve) => tool.once("close", resolve));
  passOutput(tool, lastLines, quiet);
  const how = await new Promise<Omit<Finished, "lastLines">>((resolve, reject) => {
    tool.once("error", (error) => reject(notExecuted(program, error)));
    tool.once("exit", (code, signal) => resolve({ code, signal }));
  });
  // A descendant that stays may hold the streams open for ever.
  await Promise.race([closed, delay(outputGrace, null, { ref: false })]);
  tool.stdout!.destroy();
  tool.stderr!.destroy();
  return { ...how, lastLines };
}

function passOutput(tool: ChildProcess, lastLines: string[], quiet: boolean): void {
  for (const stream of [tool.stdout!, tool.stderr!]) {
    let rest = "";
    const keep = (line: string) => {
      if (!quiet) {
        process.stdout.write(`${line}\n`);
      }
      lastLines.push(evidenceLine(line));
      lastLines.splice(0, lastLines.length - 20);
    };
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop()!.slice(-65_536);
      lines.filter((line) => line !== "").forEach(keep);
    });
    stream.on("end", () => rest !== "" && keep(rest));
  }
}

/** What to say when a program of the image is missing or may not be executed. */
export function notExecuted(program: string, error: Error): DeployerFailure {
  const { code = error.message } = error as NodeJS.ErrnoException;
  const what = code === "EACCES" ? "may not be executed" : `cannot be executed (${code})`;
  const remedy = ["git", "npm", "npx", "node"].includes(program)
    ? "use an image that has node, npm and git"
    : "check the command, or use an image that has it";
  return failure("COMMAND_NOT_FOUND", `${program} ${what} in the container: ${remedy}.`);
}
