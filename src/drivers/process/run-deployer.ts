import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import type { DeployerJob, DeployerReport, GitCredential } from "../../deployer/deployer.js";
import { toolEnvironment } from "../../deployer/tool-environment.js";
import { OperationFailure } from "../../errors.js";
import { Child, describeExit } from "./child.js";
import type { PidRecords } from "./records.js";

const program = fileURLToPath(new URL("../../deployer/deployer.js", import.meta.url));
/** How long git and npm have to take back what they were writing, in milliseconds. */
const cancelGrace = 2000;

export interface DeployerRun {
  job: Omit<DeployerJob, "nonce">;
  credential: GitCredential | null;
  records: PidRecords;
  operationId: string;
  signal: AbortSignal;
  /** Gets what git or npm prints. */
  onLine(line: string): void;
}

/** Runs a job of the deployer in a process group of its own; rejects with the cause it reports. */
export async function runDeployer(run: DeployerRun): Promise<void> {
  run.signal.throwIfAborted();
  const nonce = randomBytes(9).toString("hex");
  const marker = `@@rebake:${nonce}@@ `;
  let last: DeployerReport | null = null;
  const child = await Child.start({
    argv: [process.execPath, program],
    folder: tmpdir(),
    env: environment(run, nonce),
    operationId: run.operationId,
    records: run.records,
    onLine: (_stream, line) => {
      if (line.startsWith(marker)) {
        last = JSON.parse(line.slice(marker.length)) as DeployerReport;
      } else {
        run.onLine(line);
      }
    },
  });
  const cancel = () => void child.stop(cancelGrace);
  run.signal.addEventListener("abort", cancel, { once: true });
  const exit = await child.exited;
  run.signal.removeEventListener("abort", cancel);
  if (run.signal.aborted) {
    await child.stop(cancelGrace);
    throw run.signal.reason;
  }
  if (exit.code !== 0) {
    throw failureOf(last, exit);
  }
}

function environment(run: DeployerRun, nonce: string): Record<string, string> {
  const job: DeployerJob = { ...run.job, nonce };
  const { credential } = run;
  return {
    ...(toolEnvironment(process.env) as Record<string, string>),
    REBAKE_JOB: JSON.stringify(job),
    REBAKE_OPERATION: run.operationId,
    ...(credential
      ? { REBAKE_GIT_USERNAME: credential.username, REBAKE_GIT_PASSWORD: credential.password }
      : {}),
  };
}

function failureOf(
  last: DeployerReport | null,
  exit: Parameters<typeof describeExit>[0] & { lastLines: string[] },
): Error {
  if (last?.cause) {
    const { code, message, exitCode, lastLines } = last.cause;
    return new OperationFailure(code, message, { exitCode, lastLines });
  }
  const code = last?.step === "INSTALL" ? "INSTALL_FAILED" : "FETCH_FAILED";
  const message = `The deployer ended with ${describeExit(exit)}; see its last lines.`;
  return new OperationFailure(code, message, { exitCode: exit.code, lastLines: exit.lastLines });
}
