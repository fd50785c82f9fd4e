import { join } from "node:path";
import { expect } from "chai";
import { startLoad } from "../../demo/load.js";
import { bump, installed, removeAll } from "../support/dashboard.js";
import { eventually } from "../support/eventually.js";
import { rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { installOnSwarm, openGateway, remainsOf, swarmHost, sweep } from "../support/swarm.js";
import { tempFolder } from "../support/temp-folder.js";

describe("DASHBOARD on a swarm", function () {
  this.timeout(300_000);
  after(async () => {
    await RebakeProcess.endAll();
    if (environmentId) {
      await sweep(environmentId);
    }
  });
  const folder = tempFolder();
  let rebake: RebakeProcess;
  let environmentId = "";
  let url: string;

  before(async function () {
    if (!swarmHost) {
      this.skip();
    }
    ({ rebake, environmentId } = await installOnSwarm(join(folder.path, "home")));
    await installed(rebake);
    url = await openGateway(rebake);
  });

  const answer = async (path: string): Promise<any> => (await fetch(`${url}${path}`)).json();

  it("runs both services twice, and the gateway in front of them", async () => {
    const { services } = await rebake.graphql(
      "{ services { edges { node { name state replicas tasks { state } } } } }",
    );
    const shown = services.edges.map(
      ({ node }: any) => `${node.name} ${node.state} ${node.tasks.map(({ state }: any) => state)}`,
    );
    expect(shown).to.have.members([
      "catalog RUNNING RUNNING,RUNNING",
      "orders RUNNING RUNNING,RUNNING",
      "gateway RUNNING RUNNING",
    ]);
  });

  it("answers through the gateway, by all replicas", async () => {
    expect((await answer("/orders/")).service).to.equal("orders");
    const instances = new Set<string>();
    await eventually(async () => {
      const { service, instance, environment } = await answer("/catalog/");
      expect([service, environment]).to.deep.equal(["catalog", "DASHBOARD"]);
      return instances.add(instance).size === 2;
    });
  });

  it("tells of a bump, and fails no request while a service is rebuilt behind the gateway", async () => {
    const told = rebake.subscribe("subscription { updateAvailable { update { service { name } } } }");
    const env = (await specOf("dashboard-service")).env.map((variable: any) =>
      variable.name === "SHOP_GREETING" ? { ...variable, value: "Good morning" } : variable,
    );
    await bump(rebake, "dashboard-service", { env });
    await eventually(() => told.events.length === 2);
    told.stop();
    const load = startLoad({
      services: ["catalog", "orders"].map((name) => ({ name, url: `${url}/${name}/` })),
      requestsPerSecond: 100,
    });
    const { id } = await serviceNamed(rebake, "DASHBOARD", "catalog");
    const verdict = await verdictOf(rebake, await rebuild(rebake, id));
    const report = await load.stop();
    expect(verdict.state, JSON.stringify(verdict)).to.equal("SUCCEEDED");
    expect(report.failed, JSON.stringify(report.services)).to.equal(0);
    expect(report.sent).to.be.greaterThan(500);
    expect((await answer("/catalog/")).greeting).to.equal("Good morning");
    expect((await answer("/orders/")).greeting).to.equal("Welcome");
  });

  it("leaves nothing on the engine once its services are removed", async () => {
    await removeAll(rebake);
    // Containers that have ended are cleaned up by the engine a little later.
    await eventually(async () => (await remainsOf(environmentId)).length === 0, { deadline: 20_000 });
  });

  async function specOf(recipe: string): Promise<any> {
    const query =
      "query($name: String!) { recipe(name: $name) { current { spec { env { name kind value default label help required } } } } }";
    return (await rebake.graphql(query, { name: recipe })).recipe.current.spec;
  }
});
