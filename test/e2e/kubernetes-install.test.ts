import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { startLoad } from "../../demo/load.js";
import type { Cluster } from "../drivers/kubernetes/cluster.js";
import { bump, installed, removeAll } from "../support/dashboard.js";
import { eventually } from "../support/eventually.js";
import {
  deleteNamespaces,
  kubeconfigFile,
  kubernetesInstall,
  openCluster,
  remainsIn,
} from "../support/kubernetes.js";
import { rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";

describe("DASHBOARD on a cluster", function () {
  this.timeout(400_000);
  const namespace = `rebake-test-${randomBytes(4).toString("hex")}-install`;
  after(async () => {
    await RebakeProcess.endAll();
    if (cluster) {
      await deleteNamespaces(cluster, namespace);
    }
  });
  const folder = tempFolder();
  let cluster: Cluster | null = null;
  let rebake: RebakeProcess;
  let url: string;

  before(async function () {
    if (!kubeconfigFile) {
      this.skip();
    }
    cluster = openCluster();
    const home = join(folder.path, "home");
    await mkdir(home, { recursive: true });
    rebake = await RebakeProcess.start(home, await kubernetesInstall(folder.path, namespace));
    await installed(rebake);
  });

  const answer = async (path: string): Promise<any> => (await fetch(`${url}${path}`)).json();

  it("runs both services twice, and the gateway in front of them, in a namespace that it made", async () => {
    const { environment, services } = await rebake.graphql(
      `{ environment(code: "DASHBOARD") { driver engine { namespace } health { reachable nodes error } }
         services { edges { node { name state replicas tasks { state } } } } }`,
    );
    expect(environment).to.deep.include({ driver: "KUBERNETES", engine: { namespace } });
    expect(environment.health).to.deep.include({ reachable: true, error: null });
    const shown = services.edges.map(
      ({ node }: any) => `${node.name} ${node.state} ${node.tasks.map(({ state }: any) => state)}`,
    );
    expect(shown).to.have.members([
      "catalog RUNNING RUNNING,RUNNING",
      "orders RUNNING RUNNING,RUNNING",
      "gateway RUNNING RUNNING",
    ]);
  });

  it("has the gateway at a port of each node", async () => {
    const { ports } = await serviceNamed(rebake, "DASHBOARD", "gateway");
    expect(ports[0].address).to.match(/:30080$/);
    url = `http://${ports[0].address}`;
    // A busy node opens it a moment after the Service was made.
    await eventually(async () => (await (await fetch(`${url}/healthz`)).text()) === "ok");
  });

  it("has it lead to services by their addresses, on a cluster without DNS that is told them", async () => {
    const values = [];
    for (const name of ["catalog", "orders"]) {
      const { ports } = await serviceNamed(rebake, "DASHBOARD", name);
      values.push({ name: name.toUpperCase(), value: ports[0].address });
    }
    await rebake.mutate(
      "mutation($input: UpdateEnvironmentInput!) { updateEnvironment(input: $input) { errors { message } } }",
      { input: { environment: "DASHBOARD", values } },
    );
    const { id, update } = await serviceNamed(rebake, "DASHBOARD", "gateway");
    expect(update).not.to.equal(null);
    const verdict = await verdictOf(rebake, await rebuild(rebake, id));
    expect(verdict.state, JSON.stringify(verdict)).to.equal("SUCCEEDED");
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

  it("leaves nothing but its program in the namespace once its services are removed", async () => {
    await removeAll(rebake);
    await eventually(async () => {
      expect(await remainsIn(cluster!, namespace)).to.deep.equal([]);
      return true;
    });
  });

  async function specOf(recipe: string): Promise<any> {
    const query =
      "query($name: String!) { recipe(name: $name) { current { spec { env { name kind value default label help required } } } } }";
    return (await rebake.graphql(query, { name: recipe })).recipe.current.spec;
  }
});
