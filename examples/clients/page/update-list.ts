import type { UpdateViewFragment } from "../sdk/rebake.js";
import type { Connection } from "./connection.js";
import { h } from "./dom.js";
import { UpdateRow } from "./update-row.js";

/** All services that do not run what they should, in the order in which that began. */
export class UpdateList {
  private readonly title = h("h1", { tabindex: "-1" }, "Looking…");
  private readonly rows = h("ul", { class: "rows", "aria-label": "Services to rebuild" });
  private readonly done = h("ul", { class: "done", "aria-label": "Up to date again", "aria-live": "polite" });
  private readonly hint = h("p", { class: "problem", role: "alert", hidden: "" });
  readonly element = h("section", {}, this.title, this.hint, this.rows, this.done);
  private readonly standing = new Map<string, UpdateRow>();

  follow(connection: Connection): void {
    connection.followUpdates((updates) => this.show(connection, updates));
  }

  /** Says what may be wrong, as long as there is nothing else to show. */
  doubt(sentence: string): void {
    this.hint.textContent = sentence;
    this.hint.hidden = false;
  }

  private show(connection: Connection, updates: readonly UpdateViewFragment[]): void {
    const names = new Set(updates.map(({ service }) => service.id));
    for (const [service, row] of this.standing) {
      if (!names.has(service)) {
        this.standing.delete(service);
        void this.remove(row, service);
      }
    }
    for (const update of updates) {
      const row = this.standing.get(update.service.id);
      row ? row.show(update) : this.add(new UpdateRow(connection, update), update.service.id);
    }
    this.hint.hidden = true;
    this.title.textContent = titleOf(updates.length);
    this.element.classList.toggle("none", updates.length === 0);
  }

  private add(row: UpdateRow, service: string): void {
    this.standing.set(service, row);
    this.forget(service);
    this.rows.append(row.element);
  }

  private async remove(row: UpdateRow, service: string): Promise<void> {
    const hadFocus = row.element.contains(document.activeElement);
    const time = h("time", {}, new Date().toLocaleTimeString());
    await row.leave();
    // It may have come back meanwhile.
    if (!this.standing.has(service)) {
      this.forget(service);
      this.done.prepend(
        h("li", { "data-service": service }, h("strong", {}, row.name), " runs what it should", time),
      );
    }
    if (hadFocus) {
      (this.rows.querySelector("button") ?? this.title).focus();
    }
  }

  /** No longer says that a service runs what it should. */
  private forget(service: string): void {
    for (const item of this.done.querySelectorAll(`[data-service="${CSS.escape(service)}"]`)) {
      item.remove();
    }
  }
}

function titleOf(count: number): string {
  if (count === 0) {
    return "Every service runs what it should";
  }
  return count === 1
    ? "1 service does not run what it should"
    : `${count} services do not run what they should`;
}
