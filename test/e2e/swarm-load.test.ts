import { join } from "node:path";
import { bump, installed, removeAll } from "../support/dashboard.js";
import { eventually } from "../support/eventually.js";
import { rebuild, scale, serviceNamed, succeed } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { failsNothingUnderLoad } from "../support/shop-under-load.js";
import { installOnSwarm, openGateway, remainsOf, swarmHost, sweep } from "../support/swarm.js";
import { tempFolder } from "../support/temp-folder.js";

describe("three replicas behind nginx on a swarm, under load", function () {
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
  let id: string;

  before(async function () {
    if (!swarmHost) {
      this.skip();
    }
    ({ rebake, environmentId } = await installOnSwarm(join(folder.path, "home")));
    await installed(rebake);
    url = `${await openGateway(rebake)}/catalog/`;
    ({ id } = await serviceNamed(rebake, "DASHBOARD", "catalog"));
    // Nobody asks for these here, and the machine has enough to do.
    await scale(rebake, (await serviceNamed(rebake, "DASHBOARD", "orders")).id, 0);
    await bump(rebake, "dashboard-service", { endpointMode: "DNSRR" });
    await succeed(rebake, await rebuild(rebake, id));
    await succeed(rebake, await scale(rebake, id, 3));
  });

  failsNothingUnderLoad(() => ({ rebake, id, url, home: join(folder.path, "home") }));

  it("leaves nothing on the engine", async () => {
    await removeAll(rebake);
    await eventually(async () => (await remainsOf(environmentId)).length === 0, { deadline: 20_000 });
  });
});
