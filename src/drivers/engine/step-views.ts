import type { StepName, Target } from "../../operations/driver.js";
import type { StepView } from "./progress.js";

/** A step that `done` of `of` replicas are past; `begun`: whether any is in it. */
export function counted(done: number, of: number, begun: boolean, detail?: string): StepView {
  const state = done >= of ? "DONE" : begun ? "RUNNING" : "PENDING";
  return { state, done: Math.min(done, of), of, ...(state === "DONE" && detail !== undefined && { detail }) };
}

/** How many of the old ones have ended, by how many are left. */
export function terminating(left: number, total: number): StepView {
  if (total === 0) {
    return { state: "SKIPPED", done: 0, of: 0 };
  }
  return { state: left === 0 ? "DONE" : "RUNNING", done: Math.max(total - left, 0), of: total };
}

/**
 * What is seen of a rollout that is done, as it was just before: so that its cut-over is told as begun while a
 * cancellation still counts, also where it was over between two looks.
 */
export function justBeforeDone(views: ReadonlyMap<StepName, StepView>): Map<StepName, StepView> {
  const { done, of } = views.get("CUT_OVER") ?? { done: 0, of: 0 };
  const before = new Map(views).set("CUT_OVER", { state: "RUNNING", done, of });
  before.delete("TERMINATE_OLD");
  return before;
}

/** What is told before anything is done. */
export function announcementOf(
  { spec, replicas: of }: Target,
  downtime: string | null,
): Map<StepName, StepView> {
  const skipped: StepView = { state: "SKIPPED", done: 0, of };
  const views = new Map<StepName, StepView>(
    spec.source
      ? []
      : [
          ["FETCH_SOURCE", skipped],
          ["INSTALL", skipped],
        ],
  );
  const detail = downtime === null ? {} : { detail: `DOWNTIME: ${downtime}` };
  return views.set(spec.source ? "FETCH_SOURCE" : "START", { state: "RUNNING", done: 0, of, ...detail });
}
