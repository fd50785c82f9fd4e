import type { OperationViewFragment, StepName, StepState } from "../sdk/rebake.js";
import { h } from "./dom.js";

type Step = OperationViewFragment["steps"][number];

const names: Readonly<Partial<Record<StepName, string>>> = {
  LOAD_RECIPE: "Load recipe",
  FETCH_SOURCE: "Fetch source",
  CUT_OVER: "Cut over",
  TERMINATE_OLD: "End old",
};

/** A step's name for people; one that this page does not know yet is written out as it is. */
function nameOf(name: StepName): string {
  return names[name] ?? name.charAt(0) + name.slice(1).toLowerCase().replaceAll("_", " ");
}

const words: Readonly<Record<StepState, string>> = {
  PENDING: "not begun",
  RUNNING: "running",
  DONE: "done",
  FAILED: "failed",
  SKIPPED: "not needed",
};

/** The steps of an operation side by side, each with where it is. */
export function drawSteps({ steps }: OperationViewFragment): HTMLOListElement {
  return h("ol", { class: "steps", "aria-label": "Steps" }, ...steps.map(drawStep));
}

function drawStep(step: Step): HTMLLIElement {
  const ended = step.state === "DONE" || step.state === "FAILED";
  const share = ended ? 1 : step.done / Math.max(step.of, 1);
  return h(
    "li",
    { class: "step", "data-state": step.state },
    h("span", { class: "bar", style: `--share: ${share}` }),
    h("span", { class: "name" }, nameOf(step.name)),
    h("span", { class: "hidden" }, `: ${words[step.state]}`),
    h("span", { class: "detail" }, countOf(step)),
    h("span", { class: "detail" }, step.detail ?? ""),
  );
}

function countOf(step: Step): string {
  if (step.state === "PENDING" || step.state === "SKIPPED") {
    return "";
  }
  const count = step.of > 1 ? `${step.done} of ${step.of}` : "";
  return [count, timeOf(step)].filter(Boolean).join(" · ");
}

function timeOf({ startedAt, finishedAt }: Step): string {
  if (startedAt === null || finishedAt === null) {
    return "";
  }
  const milliseconds = Date.parse(finishedAt) - Date.parse(startedAt);
  return milliseconds < 100 ? `${milliseconds} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}
