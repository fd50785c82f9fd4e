import type { Page } from "playwright-core";
import { eventually } from "../support/eventually.js";

/** A `subscribe` message as a page sent it. */
interface Subscribe {
  type: string;
  payload: { query: string; variables?: { after?: string } };
}

/** Run in the page. */
const noteSteps = `{
  const seen = (window.seen = []);
  new MutationObserver(() => {
    const states = [...document.querySelectorAll(".step")].map(({ dataset }) => dataset.state).join();
    if (states !== "" && states !== seen.at(-1)) seen.push(states);
  }).observe(document.body, { subtree: true, childList: true });
}`;

/** One of the example pages as a person sees it; both look the same. */
export class ExamplePage {
  /** Everything the page sent over its sockets. */
  private readonly sent: Subscribe[] = [];
  private listed = 0;

  constructor(readonly page: Page) {
    page.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => this.sent.push(JSON.parse(String(payload)))),
    );
    page.on("request", (request) => {
      this.listed += Number(request.method() === "POST" && request.postData()?.includes("query Updates"));
    });
  }

  async connect(url: string, token: string): Promise<void> {
    await this.page.getByLabel("Address of the server").fill(url);
    await this.page.getByLabel("Token").fill(token);
    await this.page.keyboard.press("Enter");
  }

  title(text: string) {
    return this.page.getByRole("heading", { level: 1, name: text });
  }

  status(text: string) {
    return this.page.getByRole("status").filter({ hasText: text });
  }

  row(service: string) {
    return this.page.getByRole("list", { name: "Services to rebuild" }).getByRole("listitem", {
      name: service,
      exact: true,
    });
  }

  /** Waits until no row tells of the service any more; for a moment two can, one of them on its way out. */
  async gone(service: string): Promise<void> {
    await eventually(async () => (await this.row(service).count()) === 0, { what: `${service} gone` });
  }

  /** What is said of services that run what they should again, newest first. */
  done(service: string) {
    return this.page
      .getByRole("list", { name: "Up to date again" })
      .getByText(`${service} runs what it should`);
  }

  rebuild(service: string) {
    return this.page.getByRole("button", { name: `Rebuild ${service}` });
  }

  /** From now on every change of the steps is written down, one word a step; read it with `steps`. */
  async watchSteps(): Promise<void> {
    await this.page.evaluate(noteSteps);
  }

  async steps(): Promise<string[][]> {
    const seen: string[] = await this.page.evaluate("window.seen");
    return seen.map((states) => states.split(","));
  }

  /** Cursors after which it subscribed to Updates, one for each time it connected. */
  subscribedAfter(): (string | undefined)[] {
    return this.sent
      .filter(
        ({ type, payload }) => type === "subscribe" && payload.query.includes("subscription UpdateEvents"),
      )
      .map(({ payload }) => payload.variables?.after);
  }

  /** How often it asked for the whole list, over HTTP or its socket. */
  lists(): number {
    const overSocket = this.sent.filter(
      ({ type, payload }) => type === "subscribe" && payload.query.includes("query Updates"),
    );
    return this.listed + overSocket.length;
  }
}
