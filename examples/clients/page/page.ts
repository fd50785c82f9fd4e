import { connectForm, rememberAddress, rememberedAddress } from "./connect-form.js";
import type { Address, Connect, Connection, Status } from "./connection.js";
import { h } from "./dom.js";
import { UpdateList } from "./update-list.js";

const words = { connecting: "Connecting…", live: "Live", reconnecting: "Reconnecting…", refused: "Refused" };
const firstGuess = "http://127.0.0.1:4000";

/** The whole page, drawn into the document: asks for an address once, then shows what Rebake tells. */
export function startPage(connect: Connect, madeWith: string): void {
  const ask = (server: string, problem: string | null) => {
    const form = connectForm(server, problem, (address) => {
      rememberAddress(address);
      open(address);
    });
    show(madeWith, null, form);
  };
  const open = (address: Address) => {
    const opened = new OpenPage(connect, address, (problem) => {
      rememberAddress(null);
      ask(address.url, problem);
    });
    show(madeWith, opened.server, opened.list.element);
  };
  const remembered = rememberedAddress();
  remembered ? open(remembered) : ask(firstGuess, null);
}

/** The page while there is a connection, or one is tried. */
class OpenPage {
  readonly list = new UpdateList();
  readonly server: HTMLElement;
  private readonly status = h("p", { class: "status", role: "status" });
  private readonly connection: Connection;
  private wasLive = false;
  private left = false;

  /** @param whenLeft gets what the server has against the connection; null when the person wanted to leave */
  constructor(
    connect: Connect,
    private readonly address: Address,
    private readonly whenLeft: (problem: string | null) => void,
  ) {
    const disconnect = h("button", { type: "button" }, "Disconnect");
    disconnect.addEventListener("click", () => this.leave(null));
    this.server = h("div", { class: "server" }, this.status, new URL(address.url).host, disconnect);
    this.say({ state: "connecting" });
    this.connection = connect(address, (status) => this.say(status));
    this.list.follow(this.connection);
  }

  private say(status: Status): void {
    // What a connection says while it is closed is of no interest any more.
    if (this.left) {
      return;
    }
    this.status.dataset.state = status.state;
    this.status.textContent = words[status.state];
    this.wasLive ||= status.state === "live";
    if (status.state === "refused") {
      this.leave(status.reason);
    } else if (status.state === "reconnecting" && !this.wasLive) {
      this.list.doubt(
        `No answer from ${this.address.url}. Does Rebake run there, with REBAKE_CORS_ORIGINS=${location.origin}?`,
      );
    }
  }

  private leave(problem: string | null): void {
    this.left = true;
    this.connection.close();
    this.whenLeft(problem);
  }
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
