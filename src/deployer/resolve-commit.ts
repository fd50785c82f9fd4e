import { type ExecFileException, execFile } from "node:child_process";
import { OperationFailure } from "../errors.js";
import { classifyGit, type GitCredential, gitEnvironment, remoteOptions } from "./deployer.js";
import { toolEnvironment } from "./tool-environment.js";

export interface CommitQuestion {
  repository: string;
  /** A branch, or else a tag. */
  branch: string;
  /** Full hash the recipe or the request pins; is returned as it is. */
  commit: string | null;
  credential: GitCredential | null;
  signal: AbortSignal;
}

/** How long a git server may take to list its branches, in milliseconds. */
const answerWithin = 30_000;

/** The full hash that the branch or tag points to now, asked of the repository without cloning it. */
export async function resolveCommit(question: CommitQuestion): Promise<string> {
  if (question.commit !== null) {
    return question.commit;
  }
  const { repository, branch } = question;
  const wanted = [`refs/heads/${branch}`, `refs/tags/${branch}^{}`, `refs/tags/${branch}`];
  const listed = parse(await listRemote(question, wanted));
  const found = wanted.map((name) => listed.get(name)).find((hash) => hash !== undefined);
  if (found === undefined) {
    const message = `${repository} has no branch or tag ${branch}: check the name, or push it first.`;
    throw new OperationFailure("REF_NOT_FOUND", message);
  }
  return found;
}

function listRemote({ repository, credential, signal }: CommitQuestion, refs: string[]): Promise<string> {
  const argv = ["ls-remote", "--quiet", ...remoteOptions(repository), "--", repository, ...refs];
  const env = gitEnvironment(toolEnvironment(process.env), repository, credential);
  return new Promise((resolve, reject) => {
    execFile(
      "git",
      argv,
      { env, signal, timeout: answerWithin, maxBuffer: 4 << 20 },
      (error, out, errors) => {
        if (signal.aborted) {
          reject(signal.reason);
        } else if (error) {
          reject(unreachable(repository, error, errors));
        } else {
          resolve(out);
        }
      },
    );
  });
}

function unreachable(repository: string, error: ExecFileException, output: string): OperationFailure {
  const lastLines = output.split("\n").filter(Boolean).slice(-20);
  if (error.code === "ENOENT") {
    return new OperationFailure("FETCH_FAILED", "git is not installed where Rebake runs: install it.");
  }
  const timedOut = error.killed === true;
  const exitCode = typeof error.code === "number" ? error.code : null;
  const code = classifyGit(output) === "DISK_FULL" ? "DISK_FULL" : "REPOSITORY_UNREACHABLE";
  const message = timedOut
    ? `${repository} did not answer within ${answerWithin / 1000} s: check the address and the network.`
    : `${repository} does not exist, cannot be reached or refuses the credential: check the address and the credential.`;
  return new OperationFailure(code, message, { exitCode, lastLines });
}

function parse(output: string): Map<string, string> {
  return new Map(
    output
      .split("\n")
      .map((line) => line.split("\t"))
      .flatMap(([hash, name]) => (hash && name ? [[name, hash] as const] : [])),
  );
}
