import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** The Chromium that CHROMIUM names, else the first on the PATH; null where there is none. */
export function findChromium(): string | null {
  if (process.env.CHROMIUM) {
    return process.env.CHROMIUM;
  }
  const folders = (process.env.PATH ?? "").split(delimiter);
  const candidates = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return candidates.find(isExecutable) ?? null;
}

/** Opens pages in a headless Chromium, and keeps what goes wrong in them. */
export class Pages {
  private browser: Promise<Browser> | null = null;
  private errors: string[] = [];
  private readonly expected: RegExp[] = [];

  constructor(private readonly executablePath: string) {}

  /** A page of a visitor who was never here: without cookies, without anything stored. */
  async open(url: string): Promise<Page> {
    this.browser ??= launch(this.executablePath);
    const context = await (await this.browser).newContext({ viewport: { width: 1440, height: 900 } });
    return this.openIn(context, url);
  }

  /** One more window of the visitor who has that page open. */
  openBeside(page: Page, url: string): Promise<Page> {
    return this.openIn(page.context(), url);
  }

  /** From now on errors that match are none, e.g. what Chromium prints about an answer with status 401. */
  expectErrors(pattern: RegExp): void {
    this.expected.push(pattern);
  }

  /** @throws Error with everything that went wrong in any page since the last look */
  expectNoErrors(): void {
    const errors = this.errors.splice(0);
    this.expected.splice(0);
    if (errors.length > 0) {
      throw new Error(`errors in the browser:\n${errors.join("\n")}`);
    }
  }

  async close(): Promise<void> {
    await (await this.browser)?.close();
    this.browser = null;
  }

  private async openIn(context: BrowserContext, url: string): Promise<Page> {
    const page = await context.newPage();
    page.on("pageerror", (error) => this.note(`uncaught: ${error.message}\n${error.stack ?? ""}`));
    page.on("crash", () => this.note("the page crashed"));
    page.on("console", (message) => {
      if (message.type() === "error") {
        this.note(`console: ${message.text()} (${message.location().url})`);
      }
    });
    await page.goto(url);
    return page;
  }

  private note(error: string): void {
    if (!this.expected.some((pattern) => pattern.test(error))) {
      this.errors.push(error);
    }
  }
}

/**
 * A `describe` whose tests drive a real browser. An error in a page fails the test that was running; without a
 * Chromium all of them are skipped.
 */
export function describeInBrowser(title: string, tests: (pages: Pages) => void): void {
  const path = findChromium();
  const suite = path ? describe : describe.skip;
  suite(path ? title : `${title} (needs Chromium: install it or set CHROMIUM)`, function () {
    this.timeout(120_000);
    const pages = new Pages(path ?? "");
    tests(pages);
    afterEach("no error in a page", () => pages.expectNoErrors());
    after("close Chromium", () => pages.close());
  });
}

function launch(executablePath: string): Promise<Browser> {
  // As root Chromium does not start with its sandbox; what is shown here is our own.
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 });
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
