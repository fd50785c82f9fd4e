import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { Retention } from "../../src/events/retention.js";
import { describeInBrowser } from "../support/browser.js";
import { testDatabase } from "../support/cluster.js";
import { CuttableProxy } from "../support/cuttable-proxy.js";
import { eventually } from "../support/eventually.js";
import { rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { bump } from "../support/recipes.js";
import { tempFolder } from "../support/temp-folder.js";
import { compile } from "./compile.js";
import { ExamplePage } from "./example-page.js";
import { PageServer } from "./page-server.js";

const clients = ["apollo", "graphql-ws"];
const noUpdates = "Every service runs what it should";
const lostNetwork = /WebSocket connection to|ERR_/;

describe("the example pages", function () {
  this.timeout(120_000);

  it("compile under strict", async () => {
    expect(await compile("examples/clients")).to.deep.equal([]);
  });

  it("ask for the versions of packages that they are tested with", async () => {
    const dependencies = async (folder: string): Promise<Record<string, string>> => {
      const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
      return { ...manifest.dependencies, ...manifest.devDependencies };
    };
    const tested = await dependencies(".");
    for (const client of clients) {
      expect(tested).to.include(await dependencies(join("examples/clients", client)));
    }
  });
});

for (const client of clients) {
  describeInBrowser(`the example page with ${client}, of another origin`, (pages) => {
    before(function () {
      this.timeout(120_000);
    });
    after(() => RebakeProcess.endAll());
    const database = testDatabase({ empty: true });
    const folder = tempFolder();
    let server: PageServer;
    let proxy: CuttableProxy;
    let rebake: RebakeProcess;
    let token: string;
    let recipe: string;
    let shown: ExamplePage;

    const start = async () => {
      rebake = await RebakeProcess.start(join(folder.path, "home"), {
        DATABASE_URL: database.url,
        REBAKE_INSTALL: "examples",
        REBAKE_CORS_ORIGINS: server.origin,
      });
      proxy.target = Number(new URL(rebake.url).port);
    };

    before("start Rebake with two services that are quick to rebuild", async function () {
      this.timeout(120_000);
      server = await PageServer.start(join("examples/clients", client));
      proxy = await CuttableProxy.start();
      await start();
      token = (await readFile(join(folder.path, "home", "admin-token"), "utf8")).trim();
      const { operations } = await rebake.graphql("{ operations { edges { node { id } } } }");
      await settled(operations.edges.map(({ node }: { node: { id: string } }) => node.id));
      const { services } = await rebake.graphql("{ services { edges { node { id recipe { name } } } } }");
      recipe = services.edges[0].node.recipe.name;
      await bump(rebake, recipe, { rollout: { monitor: 1, drain: 0 }, readiness: { period: 1 } });
      await settled(
        await Promise.all(
          services.edges.map(({ node }: { node: { id: string } }) => rebuild(rebake, node.id)),
        ),
      );
    });

    after(async () => {
      await proxy?.close();
      await server?.close();
    });

    async function settled(operations: string[]): Promise<void> {
      for (const operation of operations) {
        expect((await verdictOf(rebake, operation)).state).to.equal("SUCCEEDED");
      }
    }

    const greet = async (greeting: string) => {
      const { recipe: found } = await rebake.graphql(
        "query($name: String!) { recipe(name: $name) { current { spec { env { name kind value } } } } }",
        { name: recipe },
      );
      const env: { name: string }[] = found.current.spec.env;
      return bump(rebake, recipe, {
        env: env.map((each) => (each.name === "SHOP_GREETING" ? { ...each, value: greeting } : each)),
      });
    };

    const rebuildBehindItsBack = async (name: string) => {
      const { id } = await serviceNamed(rebake, "DASHBOARD", name);
      await settled([await rebuild(rebake, id)]);
    };

    it("asks for address and token, says when the token is wrong, and asks only once", async () => {
      shown = new ExamplePage(await pages.open(server.origin));
      pages.expectErrors(/401/);
      await shown.connect(proxy.url, "wrong");
      await shown.page.getByRole("alert").filter({ hasText: /token/i }).waitFor();
      await shown.connect(proxy.url, token);
      await shown.title(noUpdates).waitFor();
      await shown.page.reload();
      await shown.title(noUpdates).waitFor();
      await shown.status("Live").waitFor();
    });

    it("says what to set when Rebake does not let pages of its origin call", async () => {
      const other = await PageServer.start(join("examples/clients", client));
      pages.expectErrors(/CORS|WebSocket connection to|ERR_FAILED/);
      const page = new ExamplePage(await pages.open(other.origin));
      await page.connect(proxy.url, token);
      await page.page
        .getByRole("alert")
        .filter({ hasText: `REBAKE_CORS_ORIGINS=${other.origin}` })
        .waitFor();
      await page.page.context().close();
      await other.close();
    });

    it("shows who is affected by a bump, and how, without a reload", async () => {
      expect(await greet("Good morning")).to.equal(2);
      await shown.title("2 services do not run what they should").waitFor();
      for (const service of ["catalog", "orders"]) {
        const row = shown.row(service);
        expect(await row.getByRole("row", { name: /env.SHOP_GREETING/ }).innerText()).to.match(
          /Welcome\s+Good morning/,
        );
      }
    });

    it("rebuilds at the press of a key, shows the steps as they move, and takes the row away at the end", async function () {
      this.timeout(120_000);
      await shown.watchSteps();
      await shown.rebuild("catalog").focus();
      await shown.page.keyboard.press("Enter");
      await shown.done("catalog").waitFor({ timeout: 30_000 });
      const moves = await shown.steps();
      expect(moves[0]).to.include("PENDING");
      expect(new Set(moves.map((states) => states.indexOf("RUNNING"))).size).to.be.greaterThan(3);
      expect(moves.at(-1)!.every((state) => state === "DONE")).to.equal(true);
      expect(await shown.row("catalog").count()).to.equal(0);
      await shown.title("1 service does not run what it should").waitFor();
      expect(await shown.page.evaluate("document.activeElement.textContent")).to.equal("Rebuild orders");
    });

    it("misses nothing while its connection is cut, and goes on after the last event it had", async function () {
      this.timeout(120_000);
      pages.expectErrors(lostNetwork);
      const [lists, before] = [shown.lists(), shown.subscribedAfter()];
      proxy.cut();
      await shown.status("Reconnecting").waitFor();
      await rebuildBehindItsBack("orders");
      await greet("Good afternoon");
      await greet("Good evening");
      await rebuildBehindItsBack("orders");
      proxy.mend();
      await shown.status("Live").waitFor();
      await shown
        .row("catalog")
        .getByRole("row", { name: /Good morning\s+Good evening/ })
        .waitFor();
      await shown.gone("orders");
      await shown.title("1 service does not run what it should").waitFor();
      expect(shown.lists()).to.equal(lists);
      const after = shown.subscribedAfter();
      expect(after.length).to.be.greaterThan(before.length);
      expect(BigInt(after.at(-1)!) > BigInt(before.at(-1)!)).to.equal(true);
    });

    it("goes on showing a rebuild in whose middle the connection was cut", async function () {
      this.timeout(120_000);
      pages.expectErrors(lostNetwork);
      await shown.rebuild("catalog").click();
      await shown.row("catalog").getByRole("list", { name: "Steps" }).waitFor();
      proxy.cut();
      await shown.status("Reconnecting").waitFor();
      proxy.mend();
      await shown.title(noUpdates).waitFor({ timeout: 30_000 });
      await shown.gone("catalog");
    });

    it("begins with the list again when the events it missed are kept no longer", async function () {
      this.timeout(120_000);
      pages.expectErrors(lostNetwork);
      const lists = shown.lists();
      proxy.cut();
      await shown.status("Reconnecting").waitFor();
      await greet("Happy holidays");
      const { dataSource } = await database.open();
      await new Retention({ dataSource, days: 0, onError: () => {} }).cleanUp();
      proxy.mend();
      await shown.title("2 services do not run what they should").waitFor();
      expect(shown.lists()).to.equal(lists + 1);
      expect(await greet("Good evening")).to.equal(0);
      await shown.title(noUpdates).waitFor();
      await shown.gone("catalog");
      await shown.gone("orders");
    });

    it("says why a rebuild failed, and takes the row away once the bump is taken back", async function () {
      this.timeout(120_000);
      await bump(rebake, recipe, { command: ["node", "-e", "console.error('no oven'); process.exit(3)"] });
      await shown.rebuild("orders").click();
      const row = shown.row("orders");
      await row.getByText("The old one serves on").waitFor({ timeout: 30_000 });
      expect(await row.getByLabel("Last lines").innerText()).to.include("no oven");
      await row.getByRole("button", { name: "Try again orders" }).waitFor();
      expect(await bump(rebake, recipe, { command: ["node", "server.js"] })).to.equal(0);
      await shown.title(noUpdates).waitFor();
      await shown.gone("orders");
    });

    it("goes on by itself after the server was started again", async function () {
      this.timeout(120_000);
      pages.expectErrors(lostNetwork);
      await rebake.end("SIGTERM");
      await shown.status("Reconnecting").waitFor();
      await start();
      expect(await greet("Good night")).to.equal(2);
      await shown
        .row("catalog")
        .getByRole("row", { name: /Good evening\s+Good night/ })
        .waitFor();
      await shown.row("orders").waitFor();
      await eventually(() => shown.status("Live").isVisible());
    });
  });
}
