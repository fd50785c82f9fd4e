import type { OperationView, StepView } from "./operations.js";
import { duration, harmless, type Paint, pad } from "./text.js";

const barWidth = 12;
const marks = { PENDING: "·", RUNNING: "▸", DONE: "✓", SKIPPED: "–", FAILED: "✗" } as const;
const colours = { PENDING: "dim", RUNNING: "cyan", DONE: "green", SKIPPED: "dim", FAILED: "red" } as const;

/** Filled in proportion to `done` of `of`; never full before it is. */
export function bar(done: number, of: number): string {
  const share = of > 0 ? Math.min(1, Math.max(0, done / of)) : 0;
  const filled = share === 1 ? barWidth : Math.floor(share * barWidth);
  return "█".repeat(filled) + "░".repeat(barWidth - filled);
}

/** `FETCH_SOURCE` as people write it. */
export function words(name: string): string {
  const lower = name.toLowerCase().replaceAll("_", " ");
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}

/** One operation as a block: its service and a line for each step. */
export function operationBlock(
  service: string,
  operation: OperationView,
  now: number,
  paint: Paint,
): string[] {
  const state = paint(stateColour(operation.state), operation.state);
  return [
    `${paint("bold", service)}  ${state}`,
    ...operation.steps.map((step) => `  ${stepLine(step, now, paint)}`),
  ];
}

/** One step in one line; of one that runs the time until `now`. */
export function stepLine(step: StepView, now: number, paint: Paint): string {
  const colour = colours[step.state];
  const began = step.state !== "PENDING" && step.state !== "SKIPPED";
  const complete = step.state === "DONE";
  const cells = [
    paint(colour, marks[step.state]),
    pad(words(step.name), 13),
    began ? paint(colour, complete ? bar(1, 1) : bar(step.done, step.of)) : " ".repeat(barWidth),
    pad(step.of > 1 && began ? `${step.done} of ${step.of}` : "", 7),
    pad(began ? elapsed(step, now) : "", 9, "left"),
    step.detail ? paint("dim", harmless(step.detail)) : "",
  ];
  return cells.join(" ").trimEnd();
}

/** The steps that are not as they were, for output that cannot be redrawn. */
export function changedSteps(before: OperationView | null, after: OperationView): StepView[] {
  return after.steps.filter((step) => {
    const was = before?.steps.find(({ name }) => name === step.name);
    const changed = was?.state !== step.state || was.done !== step.done || was.detail !== step.detail;
    return changed && step.state !== "PENDING";
  });
}

export function stateColour(state: OperationView["state"]): "green" | "yellow" | "red" | "cyan" {
  if (state === "SUCCEEDED") {
    return "green";
  }
  if (state === "QUEUED" || state === "RUNNING") {
    return "cyan";
  }
  return state === "UNPROVEN" ? "yellow" : "red";
}

function elapsed({ startedAt, finishedAt }: StepView, now: number): string {
  if (startedAt === null) {
    return "";
  }
  const end = finishedAt === null ? now : Date.parse(finishedAt);
  return duration(Math.max(0, end - Date.parse(startedAt)));
}
