import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../drivers/kubernetes/cluster.js";
import { bump, installed } from "../support/dashboard.js";
import { kubeconfigFile, kubernetesInstall, openCluster } from "../support/kubernetes.js";
import { rebuild, scale, serviceNamed, succeed } from "../support/operations.js";
import { RebakeProcess } from "../support/rebake-process.js";
import { failsNothingUnderLoad } from "../support/shop-under-load.js";
import { tempFolder } from "../support/temp-folder.js";

/** Of each node; no other test opens it. */
const nodePort = 30_480 + (process.pid % 100);

describe("three replicas at a port of each node of a cluster, under load", function () {
  this.timeout(400_000);
  const namespace = `rebake-test-${randomBytes(4).toString("hex")}-load`;
  after(async () => {
    await RebakeProcess.endAll();
    await cluster?.deleteNamespace(namespace);
  });
  const folder = tempFolder();
  const home = () => join(folder.path, "home");
  let cluster: Cluster | null = null;
  let rebake: RebakeProcess;
  let id: string;
  let url: string;

  before(async function () {
    if (!kubeconfigFile) {
      this.skip();
    }
    cluster = openCluster();
    await mkdir(home(), { recursive: true });
    rebake = await RebakeProcess.start(home(), await kubernetesInstall(folder.path, namespace));
    await installed(rebake);
    ({ id } = await serviceNamed(rebake, "DASHBOARD", "catalog"));
    // Nobody asks for this one here, and the two cannot have the same port.
    await remove((await serviceNamed(rebake, "DASHBOARD", "orders")).id);
    const ports = [{ name: "http", target: 3000, published: nodePort }];
    await bump(rebake, "dashboard-service", { ports });
    await succeed(rebake, await rebuild(rebake, id));
    await succeed(rebake, await scale(rebake, id, 3));
    const service = await serviceNamed(rebake, "DASHBOARD", "catalog");
    url = `http://${service.ports[0].address}/`;
  });

  failsNothingUnderLoad(() => ({ rebake, id, url, home: home() }));

  async function remove(service: string): Promise<void> {
    const payload = await rebake.mutate(
      "mutation($service: ID!) { removeService(input: { service: $service }) { operation { id } errors { code message } } }",
      { service },
    );
    await succeed(rebake, payload.operation.id);
  }
});
