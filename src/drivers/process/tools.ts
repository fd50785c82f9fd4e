import { tmpdir } from "node:os";
import {
  DeployerFailure,
  evidenceLine,
  type GitCredential,
  gitEnvironment,
  type RunTool,
} from "../../deployer/deployer.js";
import { toolEnvironment } from "../../deployer/tool-environment.js";
import { OperationFailure } from "../../errors.js";
import { Child } from "./child.js";
import type { PidRecords } from "./records.js";

/** How long git and npm have to take back what they were writing, in milliseconds. */
const cancelGrace = 2000;

/** What the deployer's steps need; they run in the server, git and npm in process groups of their own. */
export interface Tools {
  run: RunTool;
  env: NodeJS.ProcessEnv;
  /** The environment of git, the only one with the credential. */
  git(repository: string, credential: GitCredential | null): NodeJS.ProcessEnv;
}
export interface ToolOptions {
  records: PidRecords;
  operationId: string;
  /** Ends what runs; what runs has ended before `withTools` rejects. */
  signal: AbortSignal;
  /** Gets what git or npm prints. */
  onLine(line: string): void;
}

/** Rejects with the OperationFailure the work found, or with the signal's reason. */
export async function withTools(
  options: ToolOptions,
  work: (tools: Tools) => Promise<unknown>,
): Promise<void> {
  const { signal, operationId } = options;
  signal.throwIfAborted();
  const env = { ...toolEnvironment(process.env), REBAKE_OPERATION: operationId };
  try {
    await work({
      run: (argv, environment, how) => runTool(options, argv, environment, how),
      env,
      git: (repository, credential) => gitEnvironment(env, repository, credential),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof DeployerFailure) {
      const { code, message, exitCode, lastLines } = error.found;
      throw new OperationFailure(code, message, { exitCode, lastLines });
    }
    throw error;
  }
  signal.throwIfAborted();
}

async function runTool(
  { records, operationId, signal, onLine }: ToolOptions,
  argv: string[],
  env: NodeJS.ProcessEnv,
  { cwd, quiet = false }: { cwd?: string; quiet?: boolean } = {},
) {
  signal.throwIfAborted();
  const child = await Child.start({
    argv,
    folder: cwd ?? tmpdir(),
    env: env as Record<string, string>,
    operationId,
    records,
    onLine: (_stream, line) => {
      if (!quiet && line !== "") {
        onLine(line);
      }
    },
  });
  const cancel = () => void child.stop(cancelGrace);
  signal.aborted ? cancel() : signal.addEventListener("abort", cancel, { once: true });
  const exit = await child.exited;
  signal.removeEventListener("abort", cancel);
  if (signal.aborted) {
    await child.stop(cancelGrace);
    throw signal.reason;
  }
  const lastLines = exit.lastLines.filter((line) => line !== "").map(evidenceLine);
  return { code: exit.code, signal: exit.signal, lastLines };
}
