import type { UpdateViewFragment } from "../sdk/rebake.js";
import { connectForm, rememberAddress, rememberedAddress } from "./connect-form.js";
import type { Address, Connect, Connection, Status } from "./connection.js";
import { h } from "./dom.js";
import { UpdateRow } from "./update-row.js";

const words = { connecting: "Connecting…", live: "Live", reconnecting: "Reconnecting…", refused: "Refused" };

/** The whole page, drawn into the document: asks for an address once, then shows what Rebake tells. */
export function startPage(connect: Connect, madeWith: string): void {
  const ask = (problem: string | null) =>
    show(
      madeWith,
      null,
      connectForm(problem, (address) => {
        rememberAddress(address);
        open(address);
      }),
    );
  const open = (address: Address) => {
    const list = new UpdateList();
    const status = h("p", { class: "status", role: "status", "data-state": "connecting" }, words.connecting);
    let left = false;
    const leave = (problem: string | null) => {
      left = true;
      rememberAddress(null);
      connection.close();
      ask(problem);
    };
    const connection = connect(address, (now: Status) => {
      // What a connection says while it is closed is of no interest any more.
      if (left) {
        return;
      }
      status.dataset.state = now.state;
      status.textContent = words[now.state];
      if (now.state === "refused") {
        leave(now.reason);
      }
    });
    const disconnect = h("button", { type: "button" }, "Disconnect");
    disconnect.addEventListener("click", () => leave(null));
    show(
      madeWith,
      h("div", { class: "server" }, status, new URL(address.url).host, disconnect),
      list.element,
    );
    list.follow(connection);
  };
  const remembered = rememberedAddress();
  remembered ? open(remembered) : ask(null);
}

function show(madeWith: string, server: Node | null, content: Node): void {
  document.body.replaceChildren(
    h(
      "header",
      {},
      h("p", { class: "brand" }, h("span", { class: "mark", "aria-hidden": "true" }), "Rebake"),
      server,
    ),
    h("main", {}, content),
    h("footer", {}, `Made with ${madeWith}.`),
  );
}

/** All services that do not run what they should, in the order in which that began. */
class UpdateList {
  private readonly title = h("h1", { tabindex: "-1" }, "Looking…");
  private readonly rows = h("ul", { class: "rows", "aria-label": "Services to rebuild" });
  private readonly done = h("ul", { class: "done", "aria-label": "Up to date again", "aria-live": "polite" });
  readonly element = h("section", {}, this.title, this.rows, this.done);
  private readonly standing = new Map<string, UpdateRow>();

  follow(connection: Connection): void {
    connection.followUpdates((updates) => this.show(connection, updates));
  }

  private show(connection: Connection, updates: readonly UpdateViewFragment[]): void {
    const names = new Set(updates.map(({ service }) => service.id));
    for (const [service, row] of this.standing) {
      if (!names.has(service)) {
        this.standing.delete(service);
        void this.remove(row);
      }
    }
    for (const update of updates) {
      const row = this.standing.get(update.service.id);
      row ? row.show(update) : this.add(new UpdateRow(connection, update), update.service.id);
    }
    this.title.textContent = titleOf(updates.length);
    this.element.classList.toggle("none", updates.length === 0);
  }

  private add(row: UpdateRow, service: string): void {
    this.standing.set(service, row);
    this.rows.append(row.element);
  }

  private async remove(row: UpdateRow): Promise<void> {
    const hadFocus = row.element.contains(document.activeElement);
    const time = new Date().toLocaleTimeString();
    const name = row.element.getAttribute("aria-label") ?? "";
    await row.leave();
    this.done.prepend(h("li", {}, h("strong", {}, name), " runs what it should", h("time", {}, time)));
    while (this.done.children.length > 5) {
      this.done.lastElementChild?.remove();
    }
    if (hadFocus) {
      (this.rows.querySelector("button") ?? this.title).focus();
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
