import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { describeInBrowser } from "../support/browser.js";
import { eventually } from "../support/eventually.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";

const refused = /status of 401/;

/** What the answer's editor shows; it has only the lines that are in view. */
async function answer(page: Page): Promise<string> {
  const text = await page.locator(".graphiql-response .view-lines").innerText();
  return text.replaceAll("\u00a0", " ");
}

async function giveToken(page: Page, token: string): Promise<void> {
  await page.getByLabel("Token").fill(token);
  await page.getByRole("button", { name: "Use this token" }).click();
}

function openTab(page: Page, tab: string): Promise<void> {
  return page.getByRole("tab", { name: tab }).click();
}

function execute(page: Page): Promise<void> {
  return page.getByRole("button", { name: /^Execute query/ }).click();
}

async function run(page: Page, tab: string): Promise<void> {
  await openTab(page, tab);
  await execute(page);
}

async function answers(page: Page, pattern: RegExp, deadline = 10_000): Promise<void> {
  let shown = "";
  const matches = async () => {
    shown = await answer(page);
    return pattern.test(shown);
  };
  await eventually(matches, { deadline }).catch(() => {
    throw new Error(`expected an answer like ${pattern}: ${shown}`);
  });
}

describeInBrowser("GraphiQL in Chromium", (pages) => {
  // Hooks run in their order: before the folder goes.
  after(() => RebakeProcess.endAll());
  const folder = tempFolder();
  const home = () => join(folder.path, "home");
  const requested: string[] = [];
  let rebake: RebakeProcess;
  let token: string;
  let page: Page;

  before("start a server with the examples", async () => {
    rebake = await RebakeProcess.start(home(), { REBAKE_INSTALL: "examples" });
    token = (await readFile(join(home(), "admin-token"), "utf8")).trim();
  });

  it("says that a token is wrong, and asks again", async () => {
    pages.expectErrors(refused);
    page = await pages.open(`${rebake.url}/graphql`);
    page.context().on("request", (request) => requested.push(request.url()));
    await giveToken(page, "wrong");
    await page.getByRole("alert").getByText("does not accept this token").waitFor();
    await giveToken(page, token);
    await page.getByRole("tab", { name: "ListServices" }).waitFor();
    expect(await page.title()).to.equal("Rebake · GraphiQL");
  });

  it("lists the services", async () => {
    await run(page, "ListServices");
    await answers(page, /"name": "catalog"/);
  });

  it("checks and completes by the schema, in the background", async () => {
    const workers = () => page.workers().map((worker) => new URL(worker.url()).pathname);
    await eventually(() => workers().some((path) => path.startsWith("/graphiql/graphql-")));
    await openTab(page, "UpdatesAndUpgrades");
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await page.getByText("root types").waitFor();
    await page.getByRole("button", { name: "Hide Documentation Explorer" }).click();
  });

  it("does not ask for the token again, neither in a new window nor after a reload", async () => {
    const other = await pages.openBeside(page, `${rebake.url}/graphql`);
    await other.getByRole("tab", { name: "BumpRecipe" }).waitFor();
    await page.reload();
    await page.getByRole("tab", { name: "ListServices" }).waitFor();
    expect(await page.getByLabel("Token").count()).to.equal(0);
    await other.close();
  });

  it("shows an event of a subscription after a bump in another window", async () => {
    await run(page, "UpdateAvailable");
    await eventually(async () => / [1-9]/.test(await subscribers()));
    const other = await pages.openBeside(page, `${rebake.url}/graphql`);
    await run(other, "BumpRecipe");
    await answers(other, /"number": 2/);
    await answers(page, /"updateAvailable"[\s\S]*"(catalog|orders)"/);
    await run(other, "UpdatesAndUpgrades");
    await answers(other, /"totalCount": 2/);
    await other.close();
  });

  it("rebuilds an installed service and shows its progress, as the tabs are", async () => {
    await run(page, "OperationProgress");
    await answers(page, /"kind": "DEPLOY",\s*"state": "SUCCEEDED"/, 30_000);
    await run(page, "RebuildService");
    await answers(page, /"errors": \[\]/);
    const operation = /"id": "(opn_\w+)"/.exec(await answer(page))![1];
    await openTab(page, "OperationProgress");
    // Selects the id that the page had filled in.
    await page.locator(".graphiql-editor-tool .view-line").getByText("opn_").dblclick();
    await page.keyboard.insertText(operation!);
    await execute(page);
    await answers(page, /"kind": "REBUILD",\s*"state": "SUCCEEDED"/, 30_000);
  });

  it("asks for a token again when the stored one is no longer accepted, or was forgotten", async () => {
    pages.expectErrors(refused);
    await page.evaluate('localStorage.setItem("rebake:token", "old")');
    await page.reload();
    await page.getByRole("alert").getByText("does not accept this token").waitFor();
    await giveToken(page, token);
    await page.getByRole("button", { name: "Forget the token" }).click();
    await page.getByLabel("Token").waitFor();
    expect(await page.evaluate('localStorage.getItem("rebake:token")')).to.equal(null);
  });

  it("takes nothing from anywhere else", () => {
    const foreign = requested.filter((url) => !/^(data|blob):/.test(url) && !url.startsWith(rebake.url));
    expect(requested).not.to.have.lengthOf(0);
    expect(foreign).to.deep.equal([]);
  });

  it("says when the server does not describe its schema", async () => {
    const silent = await RebakeProcess.start(join(folder.path, "silent"), { REBAKE_INTROSPECTION: "off" });
    const other = await pages.open(`${silent.url}/graphql`);
    await giveToken(other, (await readFile(join(folder.path, "silent", "admin-token"), "utf8")).trim());
    await other.getByRole("status").getByText("REBAKE_INTROSPECTION=off").waitFor();
    await run(other, "ListServices");
    await answers(other, /"edges": \[\]/);
    await other.context().close();
  });

  async function subscribers(): Promise<string> {
    const metrics = await (await fetch(`${rebake.url}/metrics`)).text();
    return /^rebake_\w*subscri\w* \d+$/m.exec(metrics)?.[0] ?? "";
  }
});
