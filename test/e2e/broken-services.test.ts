import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { testDatabase } from "../support/cluster.js";
import { eventually } from "../support/eventually.js";
import { deploy, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { bump, createEnvironment, createRecipe } from "../support/recipes.js";
import { tempFolder } from "../support/temp-folder.js";

/** Stays until the file BREAK is there, then ends, and again at each start. */
const program = `const { existsSync } = require("node:fs");
setInterval(() => { if (existsSync(process.env.BREAK)) { console.error("broken"); process.exit(3); } }, 20);`;

describe("Updates of services that do not run", function () {
  this.timeout(120_000);
  // Hooks run in their order: before the database goes.
  after(() => RebakeProcess.endAll());
  const database = testDatabase({ empty: true });
  const folder = tempFolder();
  let rebake: RebakeProcess;

  before(async () => {
    rebake = await RebakeProcess.start(join(folder.path, "home"), { DATABASE_URL: database.url });
    await createEnvironment(rebake, "DEV");
  });

  const spec = (condition: string) => ({
    command: ["node", "-e", program],
    env: [
      { name: "BREAK", kind: "INPUT", required: true },
      { name: "MODE", kind: "STATIC", value: "one" },
    ],
    restart: { condition },
    rollout: { monitor: 0, drain: 0, deadline: 20 },
  });

  /** Deploys a service of a recipe of its own and has its app end. */
  async function breakOne(name: string, condition: string): Promise<{ service: string }> {
    const breaks = join(folder.path, `break-${name}`);
    await createRecipe(rebake, name, spec(condition));
    const inputs = [{ name: "BREAK", value: breaks }];
    const deployed = await deploy(rebake, { environment: "DEV", recipe: name, name, inputs });
    const verdict = await verdictOf(rebake, deployed.operation);
    expect(verdict.state, JSON.stringify(verdict.cause)).to.equal("UNPROVEN");
    await eventually(async () => (await serviceNamed(rebake, "DEV", name)).state === "RUNNING");
    await writeFile(breaks, "");
    return deployed;
  }

  /** Waits until it has been restarted so many times and is down once more. */
  async function crashesAgain(name: string, restarts: number): Promise<void> {
    const down = await eventually(
      async () => {
        const { state, tasks } = await serviceNamed(rebake, "DEV", name);
        const isDown = state === "DEGRADED" && tasks[0].state === "BACKING_OFF";
        return isDown && tasks[0].restarts >= restarts && tasks[0];
      },
      { deadline: 20_000 },
    );
    expect(down.message).to.contain("exit code 3");
  }

  /** Bumps the recipe and takes it back, looking what that means for the service each time. */
  async function expectUpdateComesAndGoes(name: string, service: string, condition: string): Promise<void> {
    const told = rebake.subscribe(
      `subscription($service: ID!) { updates(filter: { service: $service }) {
         __typename update { fromRevision toRevision service { id name } changes { path before after } } } }`,
      { service },
    );
    // The subscription says nothing when it has begun.
    await rebake.subscribe("subscription($id: ID!) { operationProgress(operation: $id) { cursor } }", {
      id: (await serviceNamed(rebake, "DEV", name)).operations.edges[0].node.id,
    }).done;
    const { env } = spec(condition);
    const changed = [env[0]!, { ...env[1]!, value: "two" }];
    expect(await bump(rebake, name, { env: changed })).to.equal(1);
    const update = {
      fromRevision: 1,
      service: { id: service, name },
      changes: [{ path: ["env", "MODE"], before: "one", after: "two" }],
    };
    await eventually(() => told.events.length === 1);
    expect(told.events[0].updates).to.deep.equal({
      __typename: "UpdateAvailable",
      update: { ...update, toRevision: 2 },
    });
    expect((await serviceNamed(rebake, "DEV", name)).update).to.include({ fromRevision: 1, toRevision: 2 });
    expect(await bump(rebake, name, { env })).to.equal(0);
    await eventually(() => told.events.length === 2);
    expect(told.events[1].updates.__typename).to.equal("UpdateResolved");
    expect((await serviceNamed(rebake, "DEV", name)).update).to.equal(null);
    told.stop();
  }

  it("come and go while the app crashes again and again", async () => {
    const { service } = await breakOne("crashing", "ALWAYS");
    await crashesAgain("crashing", 2);
    await expectUpdateComesAndGoes("crashing", service, "ALWAYS");
    await crashesAgain("crashing", 3);
  });

  it("come and go while the app is stopped", async () => {
    const { service } = await breakOne("stopped", "NONE");
    await eventually(async () => (await serviceNamed(rebake, "DEV", "stopped")).state === "STOPPED");
    await expectUpdateComesAndGoes("stopped", service, "NONE");
    const after = await serviceNamed(rebake, "DEV", "stopped");
    expect([after.state, after.tasks[0].state]).to.deep.equal(["STOPPED", "STOPPED"]);
  });
});
