import { expect } from "chai";
import pino from "pino";
import { kubernetesConnection } from "../../../src/domain/kubernetes-connection.js";
import { Clusters } from "../../../src/drivers/kubernetes/clusters.js";
import { eventually } from "../../support/eventually.js";
import { answer, ScriptedApi, token } from "./scripted-api.js";

describe("the clusters of environments", () => {
  let api: ScriptedApi;
  let clusters: Clusters;
  beforeEach(async () => {
    api = await ScriptedApi.open();
    clusters = new Clusters({
      installation: "i1",
      connections: {
        environments: async () => ["env_1"],
        of: async () => kubernetesConnection.parse({ server: api.url, token, namespace: "shop" }),
      },
      changed: () => undefined,
      log: pino({ level: "silent" }),
    });
  });
  afterEach(async () => {
    await clusters.close();
    await api.close();
  });

  const versions = () => api.queriesOf("GET /version").length;

  it("are expected to do the least before they were asked, and what they can once they are watched", async () => {
    api.next("GET /version", answer(200, { major: "1", minor: "22", gitVersion: "v1.22.0" }));
    expect(clusters.featuresOf("env_1")).to.deep.equal({ daemonSurge: false });
    clusters.watchAll();
    await eventually(() => expect(clusters.featuresOf("env_1")).to.deep.equal({ daemonSurge: true }));
    expect(clusters.featuresOf("env_2")).to.deep.equal({ daemonSurge: false });
    expect(versions()).to.equal(1);
  });

  it("are asked again what they can do when they did not say", async () => {
    api.next(
      "GET /version",
      answer(500, "no"),
      answer(200, { major: "1", minor: "31", gitVersion: "v1.31.2" }),
    );
    const site = await clusters.of("env_1");
    await site.features().catch(() => undefined);
    expect(clusters.featuresOf("env_1")).to.deep.equal({ daemonSurge: false });
    await site.features();
    expect(clusters.featuresOf("env_1")).to.deep.equal({ daemonSurge: true });
  });
});
