import { setTimeout as wait } from "node:timers/promises";
import { type DeployerReport, evidenceLine, reportMarker } from "../../deployer/deployer.js";
import type { Log } from "../../log.js";
import type { OperationLogLine } from "../../operations/driver.js";
import type { Engine } from "./engine.js";
import { type TaskLine, taskLines } from "./log-lines.js";

type Step = DeployerReport["step"];
const steps: readonly Step[] = ["FETCH_SOURCE", "INSTALL", "START"];
const longestEvidence = 20;
/** How much the clocks of nodes may differ, in milliseconds. */
const clockTolerance = 60_000;
/** Before a stream that broke is begun again, in milliseconds. */
const pauseMilliseconds = 500;
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

  /**
   * Reads what tasks print from that moment on, by their nodes' clocks, until the signal aborts. A stream that breaks is
   * begun again: what was told is not told twice.
   */
  async keepFollowing(
    { engine, log }: { engine: Engine; log: Log },
    serviceId: string,
    since: Date,
    signal: AbortSignal,
  ): Promise<void> {
    const from = new Date(since.getTime() - clockTolerance);
    while (!signal.aborted) {
      await this.follow(engine, serviceId, from, signal).catch(
        (err) => signal.aborted || log.debug({ err }, "following the tasks' output again"),
      );
      await wait(pauseMilliseconds, null, { signal }).catch(() => {});
    }
  }

  private async follow(engine: Engine, serviceId: string, since: Date, signal: AbortSignal): Promise<void> {
    const stream = await engine.serviceLogs(serviceId, { tail: "all", since, follow: true, signal });
    for await (const line of taskLines(stream)) {
      this.take(line);
    }
  }

  /** Takes what was put aside until it was known whose it is. */
  tasksAreKnown(): void {
    for (const line of this.early.splice(0)) {
      this.take(line);
    }
  }

  private take(line: TaskLine): void {
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
