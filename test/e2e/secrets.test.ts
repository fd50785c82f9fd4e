import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect } from "chai";
import { appSource } from "../drivers/app-fixture.js";
import { GitFixture } from "../drivers/git-fixture.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { environmentOf } from "../support/processes.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { bump, createEnvironment, createRecipe } from "../support/recipes.js";
import { holds } from "../support/spellings.js";
import { tempFolder } from "../support/temp-folder.js";

const secret = "Zebra-Kumquat-7731-Xylophone-4402-Quagga";
/** No secret: what is searched must be where such values go, or finding no secret would say nothing. */
const plain = "Plain-Walrus-5512-Marimba-9080-Okapi";

describe("secrets through the whole server", function () {
  this.timeout(120_000);
  // Hooks run in their order: before the database goes.
  after(() => RebakeProcess.endAll());
  const database = testDatabase({ empty: true });
  const folder = tempFolder();
  const home = () => join(folder.path, "home");
  const operations: string[] = [];
  const told: { events: unknown[] }[] = [];
  let rebake: RebakeProcess;
  let repository: GitFixture;
  let service: string;

  const spec = {
    command: ["node", "server.mjs"],
    ports: [{ name: "http", target: 3000 }],
    env: [
      { name: "KEY", kind: "SECRET", required: true },
      { name: "PLAIN", kind: "INPUT" },
    ],
    files: [{ path: "/etc/app.conf", content: "key=${KEY}" }],
    readiness: { httpGet: { path: "/health" }, period: 1 },
    rollout: { monitor: 0, drain: 0, deadline: 20 },
  };

  before(async () => {
    repository = await GitFixture.create(join(folder.path, "repository"));
    await repository.commit({ "package.json": '{"name":"app"}', "server.mjs": appSource("one") });
    // What subscribers are told is counted: a look for new commits in between would add to it.
    const env = { DATABASE_URL: database.url, REBAKE_LOG_LEVEL: "trace", REBAKE_CHECK_SECONDS: "0" };
    rebake = await RebakeProcess.start(home(), env);
    await createEnvironment(rebake, "DEV");
    const source = { repository: repository.url, branch: "main" };
    await createRecipe(rebake, "app", { ...spec, source });
    told.push(
      rebake.subscribe(`subscription { updates { __typename cursor update { id reasons
        service { name inputs { name value } } changes { path before after secret } } } }`),
    );
  });

  /** Follows an operation with all there is to see of one; returns how it ended. */
  async function follow(operation: string): Promise<string> {
    operations.push(operation);
    const log = rebake.subscribe(
      "subscription($id: ID!) { operationLog(operation: $id) { at stream instance line } }",
      { id: operation },
    );
    const progress = rebake.subscribe(
      `subscription($id: ID!) { operationProgress(operation: $id) { operation { state requestedBy
         steps { name state detail } cause { code message lastLines } service { inputs { name value } } } } }`,
      { id: operation },
    );
    told.push(log, progress);
    await Promise.all([log.done, progress.done]);
    return (await verdictOf(rebake, operation)).state;
  }

  const address = async () => (await serviceNamed(rebake, "DEV", "app")).ports[0].address;

  it("reach the app, in its environment and in its files", async () => {
    const inputs = [
      { name: "KEY", value: secret },
      { name: "PLAIN", value: plain },
    ];
    const deployed = await deploy(rebake, { environment: "DEV", recipe: "app", name: "app", inputs });
    service = deployed.service;
    expect(await follow(deployed.operation)).to.equal("SUCCEEDED");
    const app = `http://${await address()}`;
    const env = (await (await fetch(`${app}/env`)).json()) as Record<string, string>;
    expect([env.KEY, env.PLAIN]).to.deep.equal([secret, plain]);
    const file = (await (await fetch(`${app}/file?path=/etc/app.conf`)).json()) as { text: string };
    expect(file.text).to.equal(`key=${secret}`);
  });

  it("reach it again after a rebuild, a rebuild that fails, a bump and its rebuild", async () => {
    expect(await follow(await rebuild(rebake, service))).to.equal("SUCCEEDED");
    const good = (await repository.git("rev-parse", "HEAD")).trim();
    await repository.commit({ "server.mjs": 'console.error("no luck"); process.exit(7);' });
    expect(await follow(await rebuild(rebake, service))).to.equal("FAILED");
    await repository.git("reset", "--quiet", "--hard", good);
    const changed = {
      env: [...spec.env, { name: "TOKEN", kind: "COMPUTED", value: "token of $REBAKE_SERVICE" }],
      files: [{ path: "/etc/app.conf", content: "token=${KEY}\nplain=${PLAIN}" }],
    };
    expect(await bump(rebake, "app", changed)).to.equal(1);
    // The commit that did not start is new code all the same; the bump is the second event.
    await eventually(() => told[0]!.events.length === 2);
    expect(await follow(await rebuild(rebake, service))).to.equal("SUCCEEDED");
    await eventually(() => told[0]!.events.length === 3);
    const env = (await (await fetch(`http://${await address()}/env`)).json()) as Record<string, string>;
    expect([env.KEY, env.TOKEN]).to.deep.equal([secret, "token of app"]);
  });

  it("are in no row of any table, in whatever spelling", async () => {
    const { dataSource } = await database.open();
    const tables: { name: string }[] = await dataSource.query(
      "select quote_ident(tablename) as name from pg_tables where schemaname = 'public'",
    );
    expect(tables.length).to.be.greaterThan(10);
    const withPlain: string[] = [];
    for (const { name } of tables) {
      const rows: { text: string }[] = await dataSource.query(`select t::text as text from ${name} as t`);
      const text = rows.map((row) => row.text).join("\n");
      expect(holds(text, secret), name).to.equal(false);
      if (holds(text, plain)) {
        withPlain.push(name);
      }
    }
    expect(withPlain).to.include("input_set");
    const kept: { ciphertext: Buffer }[] = await dataSource.query("select ciphertext from service_secret");
    expect(kept).to.have.length(1);
    expect(holds(kept[0]!.ciphertext.toString("latin1"), secret)).to.equal(false);
  });

  it("are in nothing that subscribers were told", () => {
    const events = JSON.stringify(told.map((each) => each.events));
    expect(events).to.contain(plain).and.to.contain("TOKEN").and.to.contain("no luck");
    expect(holds(events, secret)).to.equal(false);
  });

  it("are in no answer to a question about the service and its operations", async () => {
    const answer = await rebake.graphql(
      `query($id: ID!) { node(id: $id) { ... on Service { inputs { name secret value }
         operations { edges { node { cause { message lastLines } log { edges { node { line } } } } } } } }
         recipe(name: "app") { revisions { edges { node { changes { path before after } } } } } }`,
      { id: service },
    );
    expect(answer.node.inputs).to.deep.include({ name: "KEY", secret: true, value: null });
    expect(answer.node.operations.edges).to.have.length(operations.length);
    expect(JSON.stringify(answer)).to.contain("no luck");
    expect(holds(JSON.stringify(answer), secret)).to.equal(false);
  });

  it("are in no file of the home but those that the recipe makes of them", async () => {
    const entries = await readdir(home(), { recursive: true, withFileTypes: true });
    const files = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
    const found: string[] = [];
    for (const file of files) {
      if (holds(await readFile(file, "latin1"), secret)) {
        found.push(relative(home(), file));
      }
    }
    expect(found).to.have.length(1);
    expect(found[0]).to.match(/^services\/[^/]+\/[^/]+\/[^/]+\/files\/1\/etc\/app\.conf$/);
  });

  it("are in no argument of any process and not in the server's own environment", () => {
    const processes = execFileSync("ps", ["-eww", "-o", "args="], { encoding: "utf8" });
    expect(processes).to.contain("server.mjs");
    expect(holds(processes, secret)).to.equal(false);
    const environment = environmentOf(rebake.child.pid!);
    if (process.platform === "linux") {
      expect(environment).to.contain(`REBAKE_HOME=${home()}`);
    }
    expect(holds(environment, secret)).to.equal(false);
  });

  it("are in nothing the server printed, even with the log at its most talkative", async () => {
    await rebake.end("SIGTERM");
    const output = rebake.output.join("\n");
    expect(output).to.contain(operations.at(-1)).and.to.contain('"msg":"stopped"');
    expect(holds(output, secret)).to.equal(false);
  });
});
