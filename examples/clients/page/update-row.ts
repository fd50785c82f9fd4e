import type { OperationState, OperationViewFragment, UpdateViewFragment } from "../sdk/rebake.js";
import type { Connection } from "./connection.js";
import { h } from "./dom.js";
import { drawSteps } from "./steps.js";

/** How long a verdict stays before the row of a service that is up to date goes. */
const readingTime = 1_500;

const verdicts: Readonly<Partial<Record<OperationState, string>>> = {
  SUCCEEDED: "Rebuilt. The new one is proven ready and has taken over.",
  UNPROVEN: "Rebuilt. The new one has taken over; its recipe has no probe to prove more.",
  FAILED: "The rebuild failed. The old one serves on.",
  ROLLED_BACK: "The rebuild failed half way. What ran before runs again.",
  CANCELLED: "The rebuild was cancelled. The old one serves on.",
  SUPERSEDED: "A newer request took this one’s place.",
};
const succeeded: readonly OperationState[] = ["SUCCEEDED", "UNPROVEN"];

/** One service that does not run what it should, what a rebuild would change, and the rebuild as it goes on. */
export class UpdateRow {
  readonly element = h("li", { class: "row" });
  readonly button = h("button", { type: "button", class: "primary" });
  private readonly head = h("div", { class: "what" });
  private readonly changes = h("div", { class: "changes" });
  private readonly progress = h("div", { class: "progress", "aria-live": "polite" });
  private following: { operation: string; done: Promise<void> } | null = null;

  constructor(
    private readonly connection: Connection,
    private update: UpdateViewFragment,
  ) {
    this.button.addEventListener("click", () => {
      if (!this.busy) {
        void this.rebuild();
      }
    });
    this.element.append(h("div", { class: "head" }, this.head, this.button), this.changes, this.progress);
    this.label("Rebuild");
    this.show(update);
  }

  /** Of the service. */
  get name(): string {
    return this.update.service.name;
  }

  /** Brings it up to date; a rebuild that somebody has asked for is followed. */
  show(update: UpdateViewFragment): void {
    this.update = update;
    this.element.setAttribute("aria-label", update.service.name);
    this.head.replaceChildren(...headOf(update));
    this.changes.replaceChildren(...changesOf(update));
    if (update.service.operation) {
      this.follow(update.service.operation.id);
    }
  }

  /** Goes, once its verdict could be read. */
  async leave(): Promise<void> {
    this.busy = true;
    if (this.following) {
      await this.following.done;
      await new Promise((resolve) => setTimeout(resolve, readingTime));
    }
    this.element.classList.add("leaving");
    this.element.inert = true;
    await Promise.allSettled(this.element.getAnimations().map(({ finished }) => finished));
    this.element.remove();
  }

  private get busy(): boolean {
    return this.button.getAttribute("aria-disabled") === "true";
  }

  /** Not `disabled`: the button would lose the focus, and with it the place of whoever uses the keyboard. */
  private set busy(busy: boolean) {
    this.button.setAttribute("aria-disabled", String(busy));
  }

  private async rebuild(): Promise<void> {
    this.busy = true;
    try {
      const { operation, problems } = await this.connection.rebuild(this.update.service.id);
      if (operation) {
        this.draw(operation);
        this.follow(operation.id);
      } else {
        this.say("bad", problems.map(({ message }) => message).join(" "));
      }
    } catch (error) {
      this.say("bad", `Rebake could not be asked: ${(error as Error).message}`);
    }
  }

  private follow(operation: string): void {
    if (this.following?.operation === operation) {
      return;
    }
    this.busy = true;
    const done = this.connection
      .followOperation(operation, (now) => this.draw(now))
      .catch((error: Error) => this.say("bad", `The rebuild cannot be followed: ${error.message}`))
      .then(() => {
        this.busy = false;
      });
    this.following = { operation, done };
  }

  private draw(operation: OperationViewFragment): void {
    const verdict = verdicts[operation.state];
    this.element.dataset.state = operation.state;
    if (verdict === undefined) {
      const waiting = operation.state === "QUEUED" ? "Waiting for its turn…" : "Rebuilding…";
      this.progress.replaceChildren(h("p", { class: "verdict" }, waiting), drawSteps(operation));
      return;
    }
    this.say(succeeded.includes(operation.state) ? "good" : "bad", verdict, operation);
  }

  private say(tone: "good" | "bad", sentence: string, operation?: OperationViewFragment): void {
    this.progress.replaceChildren(
      h("p", { class: `verdict ${tone}` }, sentence, operation?.cause ? ` ${operation.cause.message}` : ""),
      ...(operation ? [drawSteps(operation)] : []),
      ...lastLinesOf(operation),
    );
    this.busy = false;
    this.label(tone === "bad" ? "Try again" : "Rebuild");
  }

  private label(text: string): void {
    this.button.replaceChildren(text, h("span", { class: "hidden" }, ` ${this.update.service.name}`));
  }
}

function headOf({ service, fromRevision, toRevision, kind, reasons, since }: UpdateViewFragment): Node[] {
  const revisions =
    fromRevision === toRevision
      ? `revision ${toRevision}`
      : `revision ${fromRevision ?? "none"} → ${toRevision}`;
  const time = new Date(since).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return [
    h("h2", {}, service.name, h("span", { class: "badge" }, service.environment.code)),
    h(
      "p",
      { class: "about" },
      `${service.recipe.name}, ${revisions}`,
      h("span", { class: "chip" }, kind === "UPDATE" ? "new code" : reasons.join(", ").toLowerCase()),
      h("time", { datetime: since }, `since ${time}`),
    ),
  ];
}

function changesOf({ changes }: UpdateViewFragment): Node[] {
  if (changes.length === 0) {
    return [];
  }
  const rows = changes.map(({ path, before, after, secret }) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, path.join(".")),
      h("td", { class: "before" }, h("span", {}, secret ? "secret" : (before ?? "none"))),
      h("td", { class: "after" }, h("span", {}, secret ? "new secret" : (after ?? "none"))),
    ),
  );
  const heads = ["Field", "Runs", "Should run"].map((text) => h("th", { scope: "col" }, text));
  return [h("table", {}, h("thead", {}, h("tr", {}, ...heads)), h("tbody", {}, ...rows))];
}

function lastLinesOf(operation: OperationViewFragment | undefined): Node[] {
  const lines = operation?.cause?.lastLines ?? [];
  return lines.length === 0
    ? []
    : [h("pre", { tabindex: "0", "aria-label": "Last lines" }, lines.join("\n"))];
}
