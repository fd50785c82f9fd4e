import type { Reporter, StepName, StepProgress } from "../../operations/driver.js";

const order: readonly StepName[] = ["FETCH_SOURCE", "INSTALL", "START", "READY", "CUT_OVER", "TERMINATE_OLD"];

/** What is to be told of a step. */
export type StepView = Omit<StepProgress, "step">;

/** Tells how steps move on: each change once, and only forward. With several replicas steps overlap. */
export class Progress {
  private readonly told = new Map<StepName, StepView>();

  constructor(private readonly report: Reporter) {}

  /**
   * Tells what has changed, in the order of the steps, each as begun before it is told as done.
   * @param stop ends it between two steps: what was to come is not told any more
   */
  async show(views: ReadonlyMap<StepName, StepView>, stop?: AbortSignal): Promise<void> {
    for (const step of order) {
      const view = views.get(step);
      const before = this.told.get(step);
      if (!view || view.state === "PENDING" || isEnded(before) || isSame(before, view)) {
        continue;
      }
      if (!before && view.state === "DONE") {
        await this.tell(step, { state: "RUNNING", done: 0, of: view.of }, stop);
      }
      await this.tell(step, view, stop);
    }
  }

  private async tell(step: StepName, view: StepView, stop: AbortSignal | undefined): Promise<void> {
    this.told.set(step, view);
    await this.report.step({ step, ...view });
    stop?.throwIfAborted();
  }

  /** The step in which a replica failed, or else the first that is under way, as failed; null: none is. */
  failed(where: StepName | null, detail: string | undefined): StepProgress | null {
    const step = where ?? order.find((one) => this.told.get(one)?.state === "RUNNING");
    if (!step) {
      return null;
    }
    const { done, of } = this.told.get(step) ?? { done: 0, of: 1 };
    return { step, state: "FAILED", done, of, ...(detail !== undefined && { detail }) };
  }
}

function isEnded(view: StepView | undefined): boolean {
  return view !== undefined && view.state !== "RUNNING";
}

function isSame(a: StepView | undefined, b: StepView): boolean {
  return a?.state === b.state && a.done === b.done && a.of === b.of && a.detail === b.detail;
}
