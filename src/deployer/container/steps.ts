import {
  type DeployerCause,
  type DeployerCauseCode,
  DeployerFailure,
  type DeployerReport,
  type DeployerStep,
  failure,
  reportMarker,
} from "../deployer.js";

/** What a step is said to have failed of when nobody expected it. */
const unexpected: Record<DeployerStep, DeployerCauseCode> = {
  FETCH_SOURCE: "FETCH_FAILED",
  INSTALL: "INSTALL_FAILED",
  START: "COMMAND_NOT_FOUND",
};

/** Reports steps on stdout. One that has ended stays so, also when its work has to be done again. */
export class Steps {
  private readonly ended = new Set<DeployerStep>();
  private current: DeployerStep | null = null;

  constructor(private readonly nonce: string) {}

  begin(step: DeployerStep, detail?: string): void {
    this.current = step;
    if (!this.ended.has(step)) {
      this.report({ step, state: "RUNNING", detail });
    }
  }

  end(step: DeployerStep, state: "DONE" | "SKIPPED", detail?: string): void {
    if (!this.ended.has(step)) {
      this.ended.add(step);
      this.report({ step, state, detail });
    }
  }

  /** Says more of the step that is under way. */
  note(detail: string): void {
    this.begin(this.current!, detail);
  }

  /** The step that is under way has failed. */
  fail(error: unknown): void {
    const step = this.current!;
    this.report({ step, state: "FAILED", cause: causeOf(step, error) });
  }

  private report(report: DeployerReport): void {
    process.stdout.write(`${reportMarker(this.nonce)}${JSON.stringify(report)}\n`);
  }
}

function causeOf(step: DeployerStep, error: unknown): DeployerCause {
  if (error instanceof DeployerFailure) {
    return error.found;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return failure("DISK_FULL", `The disk is full: make room and try again (${message}).`).found;
  }
  return failure(unexpected[step], `Unexpected in the container: ${message}.`).found;
}
