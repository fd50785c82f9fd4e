import { join } from "node:path";
import { expect } from "chai";
import { appSource } from "../drivers/app-fixture.js";
import { GitFixture } from "../drivers/git-fixture.js";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { deploy, rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";

const title = 'Заказы = "всё"\nвторая строка 🍞';
const secret = "s3cr3t=пароль";
const bumpMutation = `mutation($spec: RecipeSpecInput!) { bumpRecipe(input: { recipe: "app", spec: $spec }) {
  revision { number } affected { totalCount } cursor errors { code message } } }`;

describe("verdicts through the whole server", function () {
  this.timeout(120_000);
  // Hooks run in their order: before the database goes.
  after(() => RebakeProcess.endAll());
  const database = testDatabase({ empty: true });
  const folder = tempFolder();
  let rebake: RebakeProcess;
  let repository: GitFixture;
  let service: string;
  let address: string;
  let good: string;

  before(async () => {
    repository = await GitFixture.create(join(folder.path, "repository"));
    good = await repository.commit({
      "package.json": '{"name":"app","version":"1.0.0"}',
      "server.mjs": appSource("one"),
    });
    rebake = await RebakeProcess.start(join(folder.path, "home"), { DATABASE_URL: database.url });
    await rebake.mutate(
      'mutation { createEnvironment(input: { code: "DEV", driver: PROCESS }) { errors { message } } }',
    );
    const spec = {
      source: { repository: repository.url, branch: "main" },
      command: ["node", "server.mjs"],
      ports: [{ name: "http", target: 3000 }],
      env: [
        { name: "TITLE", kind: "INPUT", required: true },
        { name: "KEY", kind: "SECRET" },
        { name: "WHERE", kind: "COMPUTED", value: "$REBAKE_ENVIRONMENT/$REBAKE_SERVICE@${REBAKE_COMMIT}" },
        { name: "MODE", kind: "STATIC", value: "" },
      ],
      readiness: { httpGet: { path: "/health" }, period: 1 },
      rollout: { monitor: 1, drain: 1, deadline: 20 },
    };
    await rebake.mutate(
      'mutation($spec: RecipeSpecInput!) { createRecipe(input: { name: "app", type: SERVICE, description: "", spec: $spec }) { errors { message field } } }',
      { spec },
    );
    const inputs = [
      { name: "TITLE", value: title },
      { name: "KEY", value: secret },
    ];
    const deployed = await deploy(rebake, { environment: "DEV", recipe: "app", name: "app", title, inputs });
    service = deployed.service;
    const verdict = await verdictOf(rebake, deployed.operation);
    expect(verdict.state, JSON.stringify(verdict)).to.equal("SUCCEEDED");
    address = (await serviceNamed(rebake, "DEV", "app")).ports[0].address;
  });

  beforeEach(() => repository.git("reset", "--quiet", "--hard", good));

  const get = async (path: string) => (await fetch(`http://${address}${path}`)).text();
  const bump = (spec: object) => rebake.mutate(bumpMutation, { spec });
  const mode = async (value: string, more: object = {}) => {
    const { recipe } = await rebake.graphql(
      '{ recipe(name: "app") { current { spec { env { name kind value default label help required } } } } }',
    );
    const env = recipe.current.spec.env.map((item: { name: string }) =>
      item.name === "MODE" ? { ...item, value } : item,
    );
    return bump({ env, ...more });
  };

  async function untilWaitingToBeReady(operation: string): Promise<void> {
    const progress = rebake.subscribe(
      "subscription($operation: ID!) { operationProgress(operation: $operation) { operation { steps { name state } } } }",
      { operation },
    );
    await eventually(() =>
      progress.events.some(
        ({ operationProgress }) => operationProgress.operation.steps[4].state === "RUNNING",
      ),
    );
  }

  /** The old one serves, and nothing of the new one is left. */
  async function stillServesTheOld(): Promise<void> {
    expect(await get("/")).to.equal("one");
    const now = await serviceNamed(rebake, "DEV", "app");
    expect(now.commit).to.equal(good);
    expect(now.tasks.map((task: { state: string }) => task.state)).to.deep.equal(["RUNNING"]);
  }

  it("hands every value to the app as it was given, and the secret to nobody else", async () => {
    const env = JSON.parse(await get("/env"));
    expect(env.TITLE).to.equal(title);
    expect(env.KEY).to.equal(secret);
    expect(env.WHERE).to.equal(`DEV/app@${good}`);
    expect(env.DATABASE_URL).to.equal(undefined);
    expect(rebake.output.join("\n")).not.to.contain("s3cr3t");
    const { service: found } = await rebake.graphql(
      '{ service(environment: "DEV", name: "app") { title inputs { name secret value } } }',
    );
    expect(found).to.deep.equal({
      title,
      inputs: [
        { name: "KEY", secret: true, value: null },
        { name: "TITLE", secret: false, value: title },
      ],
    });
  });

  const codeFaults: [string, Record<string, string>, string, RegExp][] = [
    ["a package.json that is no JSON", { "package.json": "{ nope" }, "PACKAGE_JSON_INVALID", /JSON/],
    [
      "a dependency that does not exist",
      { "package.json": '{"name":"app","dependencies":{"rebake-no-such-package-9f2":"1.0.0"}}' },
      "DEPENDENCY_NOT_FOUND",
      /rebake-no-such-package-9f2/,
    ],
    [
      "an app that exits at once",
      { "server.mjs": "console.error('no config'); process.exit(7);" },
      "APP_EXITED",
      /7/,
    ],
  ];
  for (const [what, files, code, sentence] of codeFaults) {
    it(`fails ${what} with ${code}, the old one serving`, async () => {
      await repository.commit(files);
      const verdict = await verdictOf(rebake, await rebuild(rebake, service));
      expect([verdict.state, verdict.cause.code]).to.deep.equal(["FAILED", code]);
      expect(verdict.cause.message).to.match(sentence);
      expect(verdict.steps.map((step: { state: string }) => step.state))
        .not.to.contain("RUNNING")
        .and.not.to.contain("PENDING");
      await stillServesTheOld();
    });
  }

  it("shows what the app printed last and with which code it ended", async () => {
    await mode("crash");
    const { cause } = await verdictOf(rebake, await rebuild(rebake, service));
    expect(cause.exitCode).to.equal(3);
    expect(cause.lastLines.join("\n")).to.contain("boom: no database");
    await stillServesTheOld();
  });

  it("fails an app that never listens, naming the port it must listen on", async () => {
    await mode("silent", { rollout: { deadline: 2 } });
    const { state, cause } = await verdictOf(rebake, await rebuild(rebake, service));
    expect([state, cause.code]).to.deep.equal(["FAILED", "NOT_LISTENING"]);
    expect(cause.message).to.contain("REBAKE_PORT");
    await stillServesTheOld();
  });

  it("fails an app that answers 500, saying so", async () => {
    await mode("500");
    const { state, cause } = await verdictOf(rebake, await rebuild(rebake, service));
    expect([state, cause.code]).to.deep.equal(["FAILED", "PROBE_FAILED"]);
    expect(cause.message).to.contain("500");
    await stillServesTheOld();
    await mode("", { rollout: { deadline: 20 } });
  });

  it("fails a branch and a repository that are not there, before anything is started", async () => {
    await bump({ source: { branch: "no-such-branch" } });
    const branch = await verdictOf(rebake, await rebuild(rebake, service));
    expect(branch.cause.code).to.equal("REF_NOT_FOUND");
    expect(branch.cause.message).to.contain("no-such-branch");
    await bump({ source: { branch: "main", repository: `${repository.url}-gone` } });
    const gone = await verdictOf(rebake, await rebuild(rebake, service));
    expect(gone.cause.code).to.equal("REPOSITORY_UNREACHABLE");
    await stillServesTheOld();
    await bump({ source: { repository: repository.url } });
  });

  it("has no Update left once every bump was taken back", async () => {
    expect((await serviceNamed(rebake, "DEV", "app")).update).to.equal(null);
  });

  it("leaves the old one alone when cancelled, and tells by whom", async () => {
    await mode("silent");
    const operation = await rebuild(rebake, service);
    await untilWaitingToBeReady(operation);
    await rebake.mutate(
      "mutation($operation: ID!) { cancelOperation(input: { operation: $operation }) { errors { message } } }",
      {
        operation,
      },
    );
    const verdict = await verdictOf(rebake, operation);
    expect([verdict.state, verdict.cause.code]).to.deep.equal(["CANCELLED", "CANCELLED_BY_USER"]);
    await stillServesTheOld();
    await mode("");
  });

  it("goes on after it was killed in the middle of a rebuild", async () => {
    good = await repository.commit({ "server.mjs": appSource("two") });
    await mode("silent", { rollout: { deadline: 60 } });
    const operation = await rebuild(rebake, service);
    await untilWaitingToBeReady(operation);
    await rebake.end("SIGKILL");
    rebake = await RebakeProcess.start(join(folder.path, "home"), { DATABASE_URL: database.url });
    const steps = rebake.subscribe(
      "subscription($operation: ID!) { operationProgress(operation: $operation) { operation { state steps { name state } } } }",
      { operation },
    );
    await eventually(async () => (await get("/")) === "one", { deadline: 20_000 });
    await rebake.mutate(
      "mutation($operation: ID!) { cancelOperation(input: { operation: $operation }) { errors { message } } }",
      {
        operation,
      },
    );
    await steps.done;
    expect(steps.events.at(-1).operationProgress.operation.state).to.equal("CANCELLED");
    await mode("");
    const verdict = await verdictOf(rebake, await rebuild(rebake, service));
    expect(verdict.state, JSON.stringify(verdict)).to.equal("SUCCEEDED");
    expect(await get("/")).to.equal("two");
  });

  it("removes the service and leaves nothing of it running", async () => {
    const payload = await rebake.mutate(
      "mutation($service: ID!) { removeService(input: { service: $service }) { operation { id } errors { message } } }",
      { service },
    );
    expect((await verdictOf(rebake, payload.operation.id)).state).to.equal("SUCCEEDED");
    expect(await serviceNamed(rebake, "DEV", "app")).to.equal(null);
    const refused = await fetch(`http://${address}/`).then(
      () => false,
      () => true,
    );
    expect(refused).to.equal(true);
    const { node } = await rebake.graphql(
      "query($service: ID!) { node(id: $service) { ... on Service { removedAt operations { totalCount } } } }",
      { service },
    );
    expect(node.removedAt).to.be.a("string");
    expect(node.operations.totalCount).to.be.greaterThan(5);
  });
});
