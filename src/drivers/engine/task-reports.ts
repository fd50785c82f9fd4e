import { type DeployerReport, evidenceLine, reportMarker } from "../../deployer/deployer.js";
import type { OperationLogLine } from "../../operations/driver.js";

/** One line that a task printed. */
export interface TaskLine {
  /** By its node's clock, with nanoseconds: what a line is told apart by. */
  stamp: string;
  taskId: string;
  stream: "stdout" | "stderr";
  line: string;
}

type Step = DeployerReport["step"];
const steps: readonly Step[] = ["FETCH_SOURCE", "INSTALL", "START"];
const longestEvidence = 20;
/** How many lines are put aside at most. */
const mostEarly = 5_000;

/** What the tasks of one operation have printed: the deployer's reports, and the last lines of each. */
export class TaskReports {
  private readonly byTask = new Map<string, { last: Map<Step, DeployerReport>; lines: string[] }>();
  private readonly marker: string;
  /** Lines that were seen before the stream broke are not told again. */
  private readonly newest = new Map<string, string>();
  /** Lines of tasks that the engine has not told of yet. */
  private readonly early: TaskLine[] = [];

  constructor(
    nonce: string,
    private readonly options: {
      /** Whether a task is of this operation; undefined: it is not known yet. */
      isMine(taskId: string): boolean | undefined;
      tell(taskId: string, line: Omit<OperationLogLine, "instance">): void;
      /** There is something new: a report, or a task that is not known. */
      changed(): void;
    },
  ) {
    this.marker = reportMarker(nonce);
  }

  /** Takes what was put aside until it was known whose it is. */
  tasksAreKnown(): void {
    for (const line of this.early.splice(0)) {
      this.take(line);
    }
  }

  /** Takes a line of whatever task; it is put aside while it is not known whose it is. */
  take(line: TaskLine): void {
    const isMine = this.options.isMine(line.taskId);
    if (isMine) {
      this.add(line);
    } else if (isMine === undefined) {
      this.early.push(line);
      this.early.splice(0, this.early.length - mostEarly);
      this.options.changed();
    }
  }

  /** What a task last said of a step; undefined: nothing. */
  reportOf(taskId: string, step: Step): DeployerReport | undefined {
    return this.byTask.get(taskId)?.last.get(step);
  }

  /** Whether a task is past a step. */
  isPast(taskId: string, step: Step): boolean {
    const last = this.byTask.get(taskId)?.last;
    const later = steps.slice(steps.indexOf(step) + 1);
    return last?.get(step)?.state === "DONE" || later.some((one) => last?.has(one));
  }

  /** The step that failed in a task, with its cause. */
  failureOf(taskId: string): DeployerReport | undefined {
    return [...(this.byTask.get(taskId)?.last.values() ?? [])].find(({ state }) => state === "FAILED");
  }

  lastLines(taskId: string): string[] {
    return this.byTask.get(taskId)?.lines ?? [];
  }

  add({ taskId, stream, line, stamp }: TaskLine): void {
    const key = `${taskId} ${stream}`;
    if (stamp <= (this.newest.get(key) ?? "")) {
      return;
    }
    this.newest.set(key, stamp);
    const task = this.byTask.get(taskId) ?? { last: new Map<Step, DeployerReport>(), lines: [] };
    this.byTask.set(taskId, task);
    const report = this.parse(line);
    if (report) {
      task.last.set(report.step, report);
      if (report.step === "START") {
        // From here on it is the app that speaks.
        task.lines.length = 0;
      }
      this.options.changed();
      return;
    }
    task.lines.push(evidenceLine(line));
    task.lines.splice(0, task.lines.length - longestEvidence);
    const tool =
      task.last.has("START") || task.last.size === 0 ? stream : task.last.has("INSTALL") ? "npm" : "git";
    this.options.tell(taskId, { stream: tool, line });
  }

  private parse(line: string): DeployerReport | null {
    if (!line.startsWith(this.marker)) {
      return null;
    }
    try {
      return JSON.parse(line.slice(this.marker.length)) as DeployerReport;
    } catch {
      return null;
    }
  }
}

/** Any deployer's report, whichever operation's: lines that are not an app's own. */
export function isReport(line: string): boolean {
  return /^@@rebake:[0-9a-f]+@@ \{/.test(line);
}
