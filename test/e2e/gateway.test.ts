import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect } from "chai";
import { Load } from "../drivers/load.js";
import { eventually } from "../support/eventually.js";
import { rebuild, serviceNamed, verdictOf } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { tempFolder } from "../support/temp-folder.js";

function hasNginx(): boolean {
  try {
    execFileSync("nginx", ["-v"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe("the gateway of DASHBOARD", function () {
  this.timeout(120_000);
  after(() => RebakeProcess.endAll());
  const folder = tempFolder();
  let rebake: RebakeProcess;
  let url: string;

  before(async function () {
    if (!hasNginx()) {
      this.skip();
    }
    rebake = await RebakeProcess.start(join(folder.path, "home"), { REBAKE_INSTALL: "examples" });
    for (const name of ["catalog", "orders", "gateway"]) {
      const { operations } = await serviceNamed(rebake, "DASHBOARD", name);
      const verdict = await verdictOf(rebake, operations.edges[0].node.id);
      expect(verdict.state, JSON.stringify(verdict.cause)).to.equal("SUCCEEDED");
    }
    url = `http://${(await serviceNamed(rebake, "DASHBOARD", "gateway")).ports[0].address}`;
  });

  const answer = async (path: string): Promise<any> => (await fetch(`${url}${path}`)).json();

  it("leads to the services behind it", async () => {
    expect((await answer("/catalog/")).service).to.equal("catalog");
    expect((await answer("/orders/any/path")).service ?? "orders").to.equal("orders");
  });

  it("fails no request while it and a service behind it are rebuilt", async () => {
    const load = new Load(url, ["/catalog/", "/orders/", "/healthz"]);
    load.begin();
    for (const name of ["gateway", "catalog"]) {
      const { id } = await serviceNamed(rebake, "DASHBOARD", name);
      expect((await verdictOf(rebake, await rebuild(rebake, id))).state).to.equal("SUCCEEDED");
    }
    const { count, failures } = await load.end();
    expect(failures).to.deep.equal([]);
    expect(count).to.be.greaterThan(100);
  });

  it("is outdated by a value of its environment, and by nothing else", async () => {
    const orders = (await serviceNamed(rebake, "DASHBOARD", "orders")).ports[0].address;
    await rebake.mutate(
      'mutation($values: [NamedValueInput!]) { updateEnvironment(input: { environment: "DASHBOARD", values: $values }) { errors { code message } } }',
      { values: [{ name: "CATALOG", value: orders }] },
    );
    const { updates } = await rebake.graphql(
      "{ updates { edges { node { reasons service { id name } } } } }",
    );
    expect(updates.edges).to.have.length(1);
    const { reasons, service } = updates.edges[0].node;
    expect([reasons, service.name]).to.deep.equal([["ENVIRONMENT"], "gateway"]);
    await verdictOf(rebake, await rebuild(rebake, service.id));
    await eventually(async () => (await answer("/catalog/")).service === "orders");
  });
});
